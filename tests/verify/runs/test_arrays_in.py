"""Reading named arrays that other programs wrote."""
import h5py
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.runs.arrays_in import open_arrays

X, Y = np.arange(30, dtype=np.float32).reshape(2, 3, 5), np.arange(7, dtype=np.float64)


def as_npz(path):
    np.savez(path, **{"x": X, "deep/y": Y})


def as_folder(path):
    (path / "deep").mkdir(parents=True)
    np.save(path / "x.npy", np.asfortranarray(X))
    np.save(path / "deep" / "y.npy", Y.astype(">f8"))


def as_h5(path):
    with h5py.File(path, "w") as file:
        file["x"], file["deep/y"] = X, Y


def as_safetensors(path):
    pytest.importorskip("safetensors").numpy.save_file({"x": X, "deep/y": Y}, path)


@pytest.mark.parametrize(("write", "name"), [(as_npz, "a.npz"), (as_folder, "a"), (as_h5, "a.h5"),
                                             (as_safetensors, "a.safetensors")])
def test_every_kind_gives_the_same_arrays(tmp_path, write, name):
    if write is as_safetensors:
        pytest.importorskip("safetensors.numpy")
    write(tmp_path / name)
    arrays = open_arrays(tmp_path / name)
    assert sorted(arrays) == ["deep/y", "x"]
    assert arrays.entries["x"].shape == X.shape and arrays.entries["x"].dtype == "float32"
    for array, want in ((arrays["x"], X), (arrays["deep/y"], Y)):
        assert array.dtype == want.dtype and array.flags.c_contiguous
        np.testing.assert_array_equal(array, want)


def test_a_single_array_has_the_name_of_its_file(tmp_path):
    np.save(tmp_path / "mine.npy", Y)
    assert list(open_arrays(tmp_path / "mine.npy")) == ["mine"]


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"\x93NUMPY\x01\x00\xff", b"\x89HDF\r\n\x1a\nxx"])
def test_damaged_files_are_named(tmp_path, content):
    path = tmp_path / "wrong.bin"
    path.write_bytes(content)
    with pytest.raises(InputError, match="wrong.bin"):
        open_arrays(path)


def test_objects_are_refused_and_missing_things_named(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="objects"):
        open_arrays(tmp_path / "objects.npy")
    with pytest.raises(InputError, match="there is no"):
        open_arrays(tmp_path / "none.npz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no arrays"):
        open_arrays(tmp_path / "empty")


@pytest.mark.parametrize("odd", [np.array("text"), np.array([{}], dtype=object), np.array(["2020-01-01"], "M8[D]"),
                                 np.zeros(2, [("a", "f4")])], ids=["text", "object", "time", "record"])
def test_what_holds_no_numbers_is_skipped_by_name(odd, tmp_path):
    np.savez(tmp_path / "some.npz", x=np.ones(3), odd=odd)
    (tmp_path / "folder").mkdir()
    np.save(tmp_path / "folder" / "x.npy", np.ones(3)), np.save(tmp_path / "folder" / "odd.npy", odd)
    for path in (tmp_path / "some.npz", tmp_path / "folder"):
        found = open_arrays(path)
        assert list(found) == ["x"] and found.skipped == ["odd"]
    np.savez(tmp_path / "none.npz", odd=odd)
    with pytest.raises(InputError, match="expected numbers"):
        open_arrays(tmp_path / "none.npz")
