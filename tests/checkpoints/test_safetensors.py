"""Files of safetensors."""
import numpy as np
import pytest

from refvr.checkpoints.read import read


def test_safetensors(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    state = {"a.weight": np.arange(30, dtype=np.float32).reshape(2, 3, 5), "b": np.float16([1, 2])}
    numpy.save_file(state, tmp_path / "state.safetensors", metadata={"format": "pt"})
    contents = read(tmp_path / "state.safetensors")
    assert all(np.array_equal(contents.groups[""][name].read(), value) for name, value in state.items())
    assert contents.others == {"format": "'pt'"}
