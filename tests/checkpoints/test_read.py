"""Weight files of every kind: by PyTorch (tests/weight_files, tools/write_checkpoints.py), npz, safetensors, HDF5."""

import numpy as np
import pytest
from places import GOLDEN, WEIGHT_FILES

from refvr import zoo
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
