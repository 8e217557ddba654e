"""Weights in HDF5: other people's, ones that lead elsewhere, our own."""
import h5py
import numpy as np
import pytest

from refvr import zoo
from refvr.checkpoints import h5, pth_write
from refvr.checkpoints.read import read
from refvr.errors import WeightsError
from refvr.zoo.official import load_official


def test_hdf5_of_the_authors_of_duf(tmp_path):
    model = zoo.build("duf-16-x2")
    rng = np.random.default_rng(0)
    ours = {name: rng.random(array.shape, np.float32) if array.dtype == np.float32 else array
            for name, array in model.state().items()}
    from refvr.checkpoints import names_duf

    path = tmp_path / "params_16L_x2.h5"
    with h5py.File(path, "w") as f:
        for name, array in names_duf.to_official(ours).items():
            f.create_dataset(f"params/{name}", data=array)
        f.create_dataset("params/G_filter__localexpand:0", data=np.ones((5, 5, 1, 25)))
    official = load_official(path)
    assert official.fit.model == "duf-16-x2" and official.fit.ignored == ("G_filter__localexpand:0",)
    assert all(np.array_equal(official.state[name], ours[name]) for name in model.parameters())


@pytest.mark.parametrize("spoil", ["external", "link", "virtual", "unallocated"])
def test_hdf5_that_leads_elsewhere(tmp_path, spoil):
    path, other = tmp_path / "weights.h5", tmp_path / "other.h5"
    with h5py.File(other, "w") as f:
        f["secret"] = np.arange(4.0)
    with h5py.File(path, "w") as f:
        f.attrs["network"] = "remonet"
        if spoil == "external":
            f.create_dataset("w", (4,), "f8", external=[(str(tmp_path / "raw"), 0, 32)])
        elif spoil == "link":
            f["w"] = h5py.ExternalLink(str(other), "secret")
        elif spoil == "virtual":
            layout = h5py.VirtualLayout((4,), "f8")
            layout[:] = h5py.VirtualSource(str(other), "secret", (4,))
            f.create_virtual_dataset("w", layout)
        else:
            f.create_dataset("w", (1 << 40,), "f8", chunks=(1 << 20,))
    if spoil == "link":
        assert h5.load(path)[0] == {} and read(path).groups == {}
    else:
        with pytest.raises(WeightsError, match="kept in other files|claims to be"):
            h5.load(path)
        with pytest.raises(WeightsError, match="kept in other files|claims to be"):
            read(path).groups[""]["w"].read()


def test_what_we_write_is_what_we_read(tmp_path):
    state = {"a.weight": np.arange(30, dtype=np.float32).reshape(2, 3, 5), "b": np.float16([1, 2]),
             "count": np.array(3, np.int64), "empty": np.zeros((0, 2), np.float64)}
    for path in (tmp_path / "one.pth", tmp_path / "two.pth"):
        pth_write.save(path, state)
    assert (tmp_path / "one.pth").stat().st_size == (tmp_path / "two.pth").stat().st_size
    arrays = read(tmp_path / "one.pth").groups[""]
    assert list(arrays) == list(state)
    assert all(np.array_equal(arrays[name].read(), value) and arrays[name].dtype == value.dtype.name
               for name, value in state.items())
