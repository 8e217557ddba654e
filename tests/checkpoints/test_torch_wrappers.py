"""Wrappers written by PyTorch itself, where it is installed: nested dictionaries, averages, TorchScript, lazy bits."""
import collections
import warnings

import numpy as np
import pytest
from weight_states import holds, named

from refvr.checkpoints.read import read
from refvr.errors import WeightsError
from refvr.zoo.official import load_official

torch = pytest.importorskip("torch")
ODD = {"optimizer": {"state": {0: {"step": 5, "exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 1e-4}]}, "epoch": 7}


def tensors(value, prefix="", model="remonet"):
    return collections.OrderedDict((name, torch.from_numpy(np.array(array, order="C")))
                                   for name, array in named(model, value, prefix).items())


CONTENTS = {  # name -> content, where the answer lies; weights that are not wanted are 1, those that are 2
    "lightning": ({"state_dict": tensors(2, "model.") | {"loss_fn.w": torch.zeros(3)}, "callbacks": {},
                   "pytorch-lightning_version": "2.0", **ODD}, "state_dict.model"),
    "basicsr": ({"params": tensors(1), "params_ema": tensors(2)}, "params_ema"),
    "timm": ({"state_dict": tensors(1), "state_dict_ema": tensors(2), "arch": "x", **ODD}, "state_dict_ema"),
    "model_ema": ({"model": tensors(1), "model_ema": tensors(2, "module."), **ODD}, "model_ema.module"),
    "ema": ({"model": tensors(1), "ema": tensors(2)}, "ema"),
    "ema in a dictionary": ({"net": tensors(1), "ema": {"shadow": tensors(2), "decay": 0.999}}, "ema.shadow"),
    "mmengine": ({"meta": {"mmengine_version": "0.7"}, "message_hub": {}, "state_dict": tensors(2, "generator."),
                  "ema_state_dict": tensors(1, "module.generator.") | {"steps": torch.tensor(9)}},
                 "state_dict.generator"),
    "mmcv": ({"meta": {}, "state_dict": tensors(2, "generator.") | {
        "ema_" + name.replace(".", "_"): value for name, value in tensors(1, "generator.").items()}},
        "state_dict.generator"),
    "averaged": (tensors(2, "module.") | {"n_averaged": torch.tensor(3)}, "module"),
    "two of a gan": ({"netG": tensors(2), "netD": {"conv.weight": torch.zeros(3, 3)}}, "netG"),
    "compiled and parallel": ({"model_state_dict": tensors(2, "_orig_mod.module."), **ODD}, "model_state_dict.module"),
}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("kind", CONTENTS)
def test_wrappers(tmp_path, kind, zipped):
    content, place = CONTENTS[kind]
    torch.save(content, tmp_path / "net.pth", _use_new_zipfile_serialization=zipped)
    official = load_official(tmp_path / "net.pth")
    assert official.fit.place == place and holds(official, 2)
    assert official.fit.average == any(word in kind for word in ("ema", "averaged", "basicsr", "timm", "mmengine"))
    said = "\n".join(official.notes)
    assert ("taken: the average" in said) == official.fit.average
    if "optimizer" in content:
        assert "left out: " in said and "optimizer" in said
    if kind == "lightning":
        assert "loss_fn" in said


def tree(state):
    """A module whose state dict has these names."""
    root = torch.nn.Module()
    for name, value in state.items():
        *path, last = name.split(".")
        at = root
        for part in path:
            if part not in at._modules:
                at.add_module(part, torch.nn.Module())
            at = at._modules[part]
        at.register_buffer(last, value)
    return root


@pytest.mark.parametrize("prefix", ["", "model."])
def test_torchscript(tmp_path, prefix):
    net = tree(tensors(2, prefix))
    net.forward = lambda x: x
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script = torch.jit.trace(net, torch.zeros(1))
        script.save(str(tmp_path / "net.pt"))
    contents = read(tmp_path / "net.pt")
    assert contents.format == "PyTorch, TorchScript" and list(contents.groups) == [""]
    official = load_official(tmp_path / "net.pt")
    assert holds(official, 2) and official.fit.prefix == prefix


def test_lazy_bits_are_honoured(tmp_path):
    """`conj()` and the imaginary part of it are views with a bit, which torch.save writes beside the tensor."""
    numbers = torch.tensor([1 + 2j, -3 + 4j])
    for name, value in (("conj", numbers.conj()), ("neg", numbers.clone().conj().imag)):
        assert value.is_conj() or value.is_neg()
        for zipped in (True, False):
            torch.save({name: value}, tmp_path / "x.pth", _use_new_zipfile_serialization=zipped)
            assert np.array_equal(read(tmp_path / "x.pth").groups[""][name].read(), value.resolve_conj().resolve_neg())


def test_weights_only_load_failed(tmp_path):
    """A whole pickled module with classes of its training code: what torch.load refuses, its tensors are read here."""
    net = tree(tensors(2))
    torch.save({"model": net, "args": collections.Counter(a=1)}, tmp_path / "net.pth")
    with pytest.raises(Exception, match="Weights only load failed"):
        torch.load(tmp_path / "net.pth", weights_only=True)
    assert holds(load_official(tmp_path / "net.pth"), 2)


def test_parameters_without_names_are_not_guessed(tmp_path):
    """torch_ema keeps a list: its order is that of somebody's code."""
    torch.save({"shadow_params": list(tensors(2).values()), "decay": 0.9}, tmp_path / "ema.pth")
    with pytest.raises(WeightsError, match="no name in common"):
        load_official(tmp_path / "ema.pth")
    torch.save({"model": tensors(2), "ema": {"shadow_params": list(tensors(1).values())}}, tmp_path / "ema.pth")
    official = load_official(tmp_path / "ema.pth")
    assert holds(official, 2) and any("left out" in note and "ema" in note for note in official.notes)
