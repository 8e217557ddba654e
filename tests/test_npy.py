"""Arrays as numpy.save writes them, and damaged ones."""
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.npy import HEADER, header, mapped


@pytest.mark.parametrize("array", [np.arange(24.0).reshape(2, 3, 4), np.zeros((0, 3), np.uint8),
                                   np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3))])
def test_what_is_saved_is_mapped(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    found = mapped(tmp_path / "a.npy")
    assert np.array_equal(found, array) and not (found.size and found.flags.writeable)
    facts = header((tmp_path / "a.npy").read_bytes()[:HEADER], "a")
    assert facts.shape == array.shape and facts.nbytes == array.nbytes


@pytest.mark.parametrize("spoil", [lambda data: data[:20], lambda data: b"x" + data[1:], lambda data: data[:-1],
                                   lambda data: data.replace(b"(3,)", b"(9,)")])
def test_what_is_damaged_is_said(tmp_path, spoil):
    np.save(tmp_path / "a.npy", np.arange(3.0))
    (tmp_path / "a.npy").write_bytes(spoil((tmp_path / "a.npy").read_bytes()))
    with pytest.raises(InputError, match="a.npy"):
        mapped(tmp_path / "a.npy")
