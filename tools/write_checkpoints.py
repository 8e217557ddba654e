"""Write tests/weight_files with PyTorch: files as authors publish and users keep them, small enough to be committed.

    python tools/write_checkpoints.py

Tensors of whole networks share one storage of half precision, tensor k beginning at number 37 k, so that a file holds
all names and shapes of millions of parameters in a few hundred kilobytes. Number i of such a storage is
(i % 251 - 125) / 256. The small EDVR has weights of its golden case, each in its own storage. The legacy format keeps
the source code of modules, so the pickled module is in the zip file only.
"""
from __future__ import annotations

import argparse
import collections
from pathlib import Path

import numpy as np
import torch

from refvr import zoo
from refvr.checkpoints.releases import release as release_of
from refvr.verify import load_case

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests" / "weight_files"
STEP = 37


class EasyDict(dict):
    """Stands for the configuration objects that authors keep in their files."""


class Net(torch.nn.Module):
    """A small module that is pickled whole."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 5, 3)
        self.body = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm2d(5))


def shared(model, release, prefix=""):
    """A state dict of all names and shapes of a model, whose tensors are parts of one storage."""
    back = release_of(release).back
    official = back({name: np.zeros(array.shape, bool) for name, array in zoo.build(model).state().items()})
    count = max(STEP * k + array.size for k, array in enumerate(official.values()))
    numbers = ((torch.arange(count) % 251 - 125) / 256).half()
    return {f"{prefix}{name}": numbers[STEP * k:STEP * k + array.size].view(array.shape)
            for k, (name, array) in enumerate(official.items())}


def odd():
    """One tensor of each kind, and things that are no tensors."""
    numbers = torch.arange(24, dtype=torch.float32)
    kinds = ("float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool",
             "complex64")
    net = Net()
    for k, parameter in enumerate(net.parameters()):
        torch.nn.init.constant_(parameter, k + 1)
    optimiser = torch.optim.Adam(net.parameters())
    sum(parameter.sum() for parameter in net.parameters()).backward()
    optimiser.step()
    return {
        "state_dict": collections.OrderedDict(
            whole=numbers.reshape(2, 3, 4), turned=numbers.reshape(2, 3, 4).permute(2, 0, 1), part=numbers[3:9:2],
            scalar=torch.tensor(3.5), empty=torch.empty(0, 3), repeated=torch.full((1,), 7.0).expand(5),
            parameter=torch.nn.Parameter(torch.full((2,), -1.5)),
            **{kind: torch.tensor([0, 1, 3]).to(getattr(torch, kind)) for kind in kinds}),
        "optimizer": optimiser.state_dict(), "args": argparse.Namespace(lr=0.5, best=torch.ones(2)),
        "config": EasyDict(width=64, mean=torch.zeros(3)), "psnr": np.float64(31.25), "epoch": np.int64(7),
        "device": torch.device("cpu"), "net": net,
        "quantised": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
    }


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    torch.manual_seed(0)
    tiny = {name: torch.from_numpy(array) for name, array in
            load_case(ROOT / "tests" / "golden" / "edvr_tiny_a.h5").state.items()}
    remonet = shared("remonet", "remonet", "module.")
    files = {
        "edvr_tiny_legacy.pth": ({"params": tiny}, False),
        "edvr_m_zip.pth": ({"params_ema": shared("edvr-m-x4", "edvr"), "params": {}}, True),
        "remonet_legacy.pth": ({"state_dict": remonet, "optimizer": {"state": {0: {
            "step": 3, "exp_avg": next(iter(remonet.values()))}}, "param_groups": [{"lr": 1e-4, "params": [0]}]},
            "args": argparse.Namespace(sigma=25), "training_params": {"step": 5}}, False),
        "safa_zip.pkl": (shared("safa", "safa", "module."), True),
        "odd_zip.pth": (odd(), True),
        "odd_legacy.pth": ({name: value for name, value in odd().items() if name != "net"}, False),
    }
    for name, (content, is_zip) in files.items():
        torch.save(content, FOLDER / name, _use_new_zipfile_serialization=is_zip)
        print(name, (FOLDER / name).stat().st_size)


if __name__ == "__main__":
    main()
