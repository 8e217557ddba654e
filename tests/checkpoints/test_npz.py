"""Arrays of NumPy's archives."""
import numpy as np

from refvr.checkpoints.read import read


def test_npz(tmp_path):
    state = {"a.weight": np.arange(30.0).reshape(2, 3, 5), "b": np.float16([1, 2]), "t": np.ones((3, 2)).T,
             "s": np.int64(4)}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "state.npz", **state)
        arrays = read(tmp_path / "state.npz").groups[""]
        assert arrays.keys() == state.keys()
        assert all(np.array_equal(arrays[name].read(), value) for name, value in state.items())
