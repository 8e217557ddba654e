"""Weight files of every kind: by PyTorch (tests/weight_files, tools/write_checkpoints.py), npz, safetensors, HDF5."""

import h5py
import hostile
import numpy as np
import pytest
from places import GOLDEN, WEIGHT_FILES

from refvr import zoo
from refvr.checkpoints import h5, pth_write
from refvr.checkpoints.read import read
from refvr.errors import WeightsError
from refvr.verify import load_case
from refvr.zoo.official import load_official

STEP = 37  # of tools/write_checkpoints.py


@pytest.mark.parametrize("name", ["odd_zip.pth", "odd_legacy.pth"])
def test_every_kind_of_tensor(name):
    arrays = read(WEIGHT_FILES / name).groups["state_dict"]
    numbers = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    expected = {"whole": numbers, "turned": numbers.transpose(2, 0, 1), "part": np.float32([3, 5, 7]),
                "scalar": np.float32(3.5), "empty": np.zeros((0, 3), np.float32), "repeated": np.full(5, 7, np.float32),
                "parameter": np.float32([-1.5, -1.5])}
    for kind in ("float16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool", "complex64"):
        expected[kind] = np.array([0, 1, 3]).astype(kind)
    expected["bfloat16"] = np.float32([0, 1, 3])
    assert expected.keys() == arrays.keys()
    for key, value in expected.items():
        got = arrays[key].read()
        assert got.dtype == value.dtype and got.shape == arrays[key].shape == value.shape, key
        assert np.array_equal(got, value), key
    assert arrays["bfloat16"].dtype == "bfloat16" and arrays["bfloat16"].nbytes == 6


@pytest.mark.parametrize("name", ["odd_zip.pth", "odd_legacy.pth"])
def test_what_is_no_tensor_is_listed_and_tensors_in_it_are_found(name):
    contents = read(WEIGHT_FILES / name)
    assert np.array_equal(contents.groups["args"]["best"].read(), [1, 1])        # in an argparse.Namespace
    assert np.array_equal(contents.groups["config"]["mean"].read(), [0, 0, 0])   # in a dictionary of unknown class
    assert contents.groups["optimizer.state.0"].keys() == {"step", "exp_avg", "exp_avg_sq"}
    assert (contents.others["psnr"], contents.others["epoch"], contents.others["args.lr"]) == ("31.25", "7", "0.5")
    assert {"argparse.Namespace", "__main__.EasyDict"} <= set(contents.globals)
    quantised = contents.groups[""]["quantised"]
    assert "quantised" in quantised.refusal
    with pytest.raises(WeightsError, match="QInt8Storage"):
        quantised.read()


def test_a_pickled_module_yields_its_state_dict():
    arrays = read(WEIGHT_FILES / "odd_zip.pth").groups["net"]
    assert {name: array.shape for name, array in arrays.items()} == {
        "conv.weight": (5, 3, 3, 3), "conv.bias": (5,), "body.0.weight": (3, 2), "body.0.bias": (3,),
        "body.1.weight": (5,), "body.1.bias": (5,), "body.1.running_mean": (5,), "body.1.running_var": (5,),
        "body.1.num_batches_tracked": ()}
    assert arrays["conv.weight"].read().shape == (5, 3, 3, 3)


@pytest.mark.parametrize(("file", "model", "group", "prefix", "kind"), [
    ("edvr_m_zip.pth", "edvr-m-x4", "params_ema", "", "float16"),
    ("remonet_legacy.pth", "remonet", "state_dict", "module.", "float16"),
    ("safa_zip.pkl", "safa", "", "module.", "float16")])
def test_networks_are_recognised_and_every_value_arrives(file, model, group, prefix, kind):
    official = load_official(WEIGHT_FILES / file)
    fit = official.fit
    assert (fit.model, fit.group, fit.prefix, fit.problems) == (model, group, prefix, ())
    assert any(kind in note and "widened" in note for note in official.notes)
    back = fit.release.back(official.state)
    for k, name in enumerate(read(WEIGHT_FILES / file).groups[group]):
        value = back[name.removeprefix(prefix)]
        numbers = ((STEP * k + np.arange(value.size)) % 251 - 125) / 256  # exact in half precision
        assert np.array_equal(value.ravel(), numbers.astype(value.dtype)), name
    zoo.build(model).load(official.state)


def test_golden_weights_through_a_file():
    """The file holds, bit for bit, the weights whose answers tests/golden has."""
    official = load_case(GOLDEN / "edvr_tiny_a.h5").state
    arrays = read(WEIGHT_FILES / "edvr_tiny_legacy.pth").groups["params"]
    assert arrays.keys() == official.keys()
    assert all(np.array_equal(array.read(), official[name]) for name, array in arrays.items())


def test_what_is_left_out_is_said():
    notes = "\n".join(load_official(WEIGHT_FILES / "remonet_legacy.pth").notes)
    assert all(word in notes for word in ("optimizer", "training_params", "argparse.Namespace"))


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


def test_npz(tmp_path):
    state = {"a.weight": np.arange(30.0).reshape(2, 3, 5), "b": np.float16([1, 2]), "t": np.ones((3, 2)).T,
             "s": np.int64(4)}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "state.npz", **state)
        arrays = read(tmp_path / "state.npz").groups[""]
        assert arrays.keys() == state.keys()
        assert all(np.array_equal(arrays[name].read(), value) for name, value in state.items())


def test_safetensors(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    state = {"a.weight": np.arange(30, dtype=np.float32).reshape(2, 3, 5), "b": np.float16([1, 2])}
    numpy.save_file(state, tmp_path / "state.safetensors", metadata={"format": "pt"})
    contents = read(tmp_path / "state.safetensors")
    assert all(np.array_equal(contents.groups[""][name].read(), value) for name, value in state.items())
    assert contents.others == {"format": "'pt'"}


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
