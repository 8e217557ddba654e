"""PyTorch's files from other machines, and storages that tensors share."""
import hostile
import numpy as np

from refvr.checkpoints.read import read


def test_big_endian_and_typed_bytes(tmp_path):
    path, numbers = tmp_path / "big.pth", np.array([1.5, -2, 3, 0.25])
    pickle = hostile.state(hostile.tensor())
    path.write_bytes(hostile.zip_file(pickle, (numbers.astype(">f4").tobytes(),), more=[("archive/byteorder", b"big")]))
    contents = read(path)
    array = contents.groups[""]["w"].read()
    assert array.dtype == np.float32 and array.dtype.isnative and np.array_equal(array, numbers)
    assert any("big-endian" in note for note in contents.notes)
    machine = hostile.MACHINE.replace(b"\x88", b"\x89")  # legacy numbers are little-endian even so
    path.write_bytes(hostile.legacy_file(pickle, ((4, numbers.astype("<f4").tobytes()),), machine=machine))
    assert np.array_equal(read(path).groups[""]["w"].read(), numbers)


def test_parts_of_legacy_storages(tmp_path):
    """Before 1.0, a tensor could refer to a part of a storage: (key, offset, count) after the size of the whole."""
    whole = hostile.storage()
    part = whole.removesuffix(b"tQ") + hostile.text_of("part") + b"K\1K\3\x87tQ"
    pickle = hostile.state(hostile.tensor().replace(whole, part).replace(hostile.long_of(4), hostile.long_of(3)))
    path = tmp_path / "part.pth"
    path.write_bytes(hostile.legacy_file(pickle, ((4, np.float32([5, 6, 7, 8]).tobytes()),)))
    assert np.array_equal(read(path).groups[""]["w"].read(), [6, 7, 8])
