"""Files written by PyTorch itself, where it is installed: every network in every format, and our files read by it."""
import argparse
import collections
from dataclasses import replace

import numpy as np
import pytest
from places import GOLDEN

from refvr import zoo
from refvr.apps.convert import convert, reverse
from refvr.checkpoints import h5, pth_write
from refvr.checkpoints.read import read
from refvr.checkpoints.releases import releases
from refvr.verify import load_case
from refvr.verify.cases import run
from refvr.zoo.official import load_official

torch = pytest.importorskip("torch")

NESTED = {"edvr": "params", "edvr-2019": "", "edvr-2019-hr": "", "edvr-mmagic": "state_dict",
          "stfan": "deblurnet_state_dict", "safa": "",
          "fastdvdnet": "", "remonet": "state_dict", "duf-basicsr": "params", "stfan_seed": "state_dict"}
MODELS = {"edvr": "edvr-m-x4", "edvr-2019": "edvr-m-x4", "edvr-2019-hr": "edvr-stage2", "edvr-mmagic": "edvr-m-x4",
          "duf-basicsr": "duf-16-x3", "stfan_seed": "stfan-seed"}


def drawn(model):
    """A state of a model of numbers that differ."""
    rng = np.random.default_rng(3)
    return {name: rng.standard_normal(array.shape).astype(np.float32) if array.dtype == np.float32 else array
            for name, array in zoo.build(model).state().items()}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("release", [way for way in releases() if way.file == ".pth"], ids=lambda way: way.name)
def test_every_release_of_every_network(tmp_path, release, zipped):
    model = MODELS.get(release.name, release.name)
    ours = drawn(model)
    prefix = "module." if zipped else ""
    official = collections.OrderedDict((f"{prefix}{name}", torch.from_numpy(np.array(array, order="C")))
                                       for name, array in release.back(ours).items())
    group = NESTED[release.name]
    content = {group: official, "epoch": 3, "args": argparse.Namespace(lr=1.0)} if group else official
    path = tmp_path / "net.pth.tar"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    found = load_official(path, model)
    assert (found.fit.release.name, found.fit.group, found.fit.prefix) == (release.name, group, prefix)
    names = zoo.build(model).parameters()
    assert all(np.array_equal(found.state[name], ours[name]) for name in names)


@pytest.mark.parametrize("case", ["remonet_t7_a", "fastdvdnet_b", "edvr_tiny_d", "edvr_tiny_e", "safa_c"])
def test_golden_weights_through_a_file(tmp_path, case):
    """The weights of a golden case, saved by PyTorch and read here, are those weights, bit for bit."""
    golden = load_case(GOLDEN / f"{case}.h5")
    for zipped in (True, False):
        torch.save({name: torch.from_numpy(np.array(array, order="C")) for name, array in golden.state.items()},
                   tmp_path / "net.pth", _use_new_zipfile_serialization=zipped)
        arrays = read(tmp_path / "net.pth").groups[""]
        state = {name: array.read() for name, array in arrays.items()}
        assert state.keys() == golden.state.keys()
        assert all(np.array_equal(state[name], array) for name, array in golden.state.items())
    if case == "edvr_tiny_d":
        assert run.verify_loaded(replace(golden, state=state), "fast", "float32", "winograd").passed


@pytest.mark.parametrize("kind", ["half", "bfloat16", "double"])
def test_other_precisions_are_said(tmp_path, kind):
    ours = drawn("remonet")
    release = next(way for way in releases() if way.name == "remonet")
    theirs = {name: getattr(torch.from_numpy(array), kind)() for name, array in release.back(ours).items()}
    torch.save(theirs, tmp_path / "net.pth")
    found = load_official(tmp_path / "net.pth")
    expected = release.forth({name: tensor.float().numpy() for name, tensor in theirs.items()})
    assert all(np.array_equal(found.state[name], array) for name, array in expected.items())
    assert any(("rounded" if kind == "double" else "widened") in note for note in found.notes)


def test_bfloat16_in_safetensors(tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    state = {"w": torch.arange(6).reshape(2, 3).bfloat16(), "b": torch.tensor([0.5, -2.0])}
    safetensors.save_file(state, tmp_path / "net.safetensors")
    arrays = read(tmp_path / "net.safetensors").groups[""]
    assert arrays["w"].dtype == "bfloat16" and np.array_equal(arrays["w"].read(), state["w"].float().numpy())
    assert np.array_equal(arrays["b"].read(), state["b"].numpy())


def test_a_whole_pickled_module_in_the_legacy_format(tmp_path):
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3), torch.nn.BatchNorm2d(5))
    torch.save({"model": net}, tmp_path / "net.pth", _use_new_zipfile_serialization=False)
    arrays = read(tmp_path / "net.pth").groups["model"]
    assert all(np.array_equal(arrays[name].read(), tensor.numpy()) for name, tensor in net.state_dict().items())


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickle_protocols_and_types_without_storage_class(tmp_path, protocol):
    state = {"u16": torch.tensor([1, 40_000]).to(torch.uint16), "w": torch.arange(6.0).reshape(2, 3).T}
    torch.save(state, tmp_path / "net.pth", pickle_protocol=protocol)
    arrays = read(tmp_path / "net.pth").groups[""]
    assert np.array_equal(arrays["u16"].read(), [1, 40_000]) and np.array_equal(arrays["w"].read(), state["w"].numpy())


@pytest.mark.parametrize("model", ["remonet", "fastdvdnet", "edvr-m-x4", "stfan", "safa", "duf-16-x2"])
def test_pytorch_loads_what_we_write(tmp_path, model):
    """Ours to official and back through PyTorch, without executing code there either."""
    ours = drawn(model)
    h5.save(tmp_path / "ours.h5", ours, {"network": zoo.row_of(model).network,
                                         "config": dict(zoo.row_of(model).options)})
    report = reverse(tmp_path / "ours.h5", tmp_path / "net.pth")
    loaded = torch.load(tmp_path / "net.pth", weights_only=True)
    assert len(loaded) == report.arrays
    torch.save(loaded, tmp_path / "again.pth")
    convert(tmp_path / "again.pth", tmp_path / "again.h5", model=model)
    state, attributes = h5.load(tmp_path / "again.h5")
    assert attributes["model"] == model and attributes["source"] == "again.pth"
    assert all(np.array_equal(state[name], ours[name]) for name in zoo.build(model).parameters())


def test_pytorch_loads_scalars_empty_and_other_types(tmp_path):
    state = {"count": np.array(3, np.int64), "empty": np.zeros((0, 2), np.float64), "half": np.float16([1, 2]),
             "bytes": np.uint8([1, 2, 3]), "truth": np.array([True, False])}
    pth_write.save(tmp_path / "net.pth", state)
    loaded = torch.load(tmp_path / "net.pth", weights_only=True, mmap=True)
    assert all(np.array_equal(loaded[name].numpy(), array) and loaded[name].shape == array.shape
               for name, array in state.items())
