"""Arrays on disk as frames."""
import h5py
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.media.array_read import ArrayReader, check_scale


@pytest.mark.parametrize("array, bits", [(np.arange(72, dtype=np.uint8).reshape(2, 3, 4, 3), 255),
                                         (np.arange(24, dtype=np.uint16).reshape(2, 3, 4, 1), 65535)])
def test_integers_are_shares_of_the_largest_and_grey_becomes_three_channels(tmp_path, array, bits):
    np.save(tmp_path / "a.npy", array)
    reader = ArrayReader(tmp_path / "a.npy")
    found = np.stack([frame.rgb for frame in reader])
    reader.close()
    assert found.shape == (2, 3, 4, 3) and np.allclose(found[..., 0], array[..., 0] / bits)


@pytest.mark.parametrize("array, says", [(np.zeros((2, 3, 5)), "expected"), (np.zeros((2, 3, 4, 5)), "shape"),
                                         (np.zeros((0, 3, 4, 3)), "empty"),
                                         (np.zeros((2, 3, 4, 4), int), "holds int64")])
def test_what_is_no_clip(tmp_path, array, says):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError, match=says):
        ArrayReader(tmp_path / "a.npy")


def test_scales():
    assert check_scale(np.array([0.0, 1.2]), "a frame").dtype == np.float32
    for values in ([0, np.nan], [0, 255.0], [-1.0, 1.0]):
        with pytest.raises(InputError, match="a frame has"):
            check_scale(np.array(values), "a frame")


def test_frames_of_an_hdf5_file_are_read_when_they_are_asked_for(tmp_path):
    clip = np.random.default_rng(0).random((3, 4, 5, 3), np.float32)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["frames"] = clip
    with ArrayReader(tmp_path / "a.h5") as reader:
        assert np.array_equal(np.stack([frame.rgb for frame in reader]), clip)
    (tmp_path / "empty.h5").write_bytes(b"")
    with pytest.raises(InputError, match="0 bytes"):
        ArrayReader(tmp_path / "empty.h5")
