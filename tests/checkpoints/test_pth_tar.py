"""PyTorch's oldest files, tar archives."""
import hostile
import numpy as np

from refvr.checkpoints.read import read


def test_tar(tmp_path):
    """The format before 0.1.10, put together as its reader in PyTorch expects it."""
    numbers = np.arange(6, dtype="<f4")
    pickle = b"\x80\x02"
    storages = pickle + b"K\1." + pickle + b"(K\5" + hostile.text_of("cpu") + b"ctorch\nFloatStorage\nt." \
        + np.int64(6).tobytes() + numbers.tobytes() + pickle + b"](" + b"(K\6K\5K\2K\4t" + b"e."
    tensors = pickle + b"K\1." + pickle + b"(K\1K\6ctorch\nFloatTensor\nt." \
        + np.int64(2).tobytes() + np.int64([2, 2, 1, 2, 0]).tobytes()
    path = tmp_path / "old.pth"
    path.write_bytes(hostile.tar_file(sys_info=pickle + b"}.", storages=storages, tensors=tensors,
                                      pickle=pickle + b"}(" + hostile.text_of("w") + hostile.text_of("1") + b"Qu."))
    contents = read(path)
    assert contents.format == "PyTorch, tar"
    assert np.array_equal(contents.groups[""]["w"].read(), [[2, 4], [3, 5]])  # strides 1, 2 of the part from 2 on
