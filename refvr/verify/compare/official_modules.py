"""Which module of the official code is which of ours, read off the tables that name its tensors."""
from __future__ import annotations

import re
from collections import defaultdict

import numpy as np

from refvr.checkpoints.releases import of_network
from refvr.nn import Module
from refvr.verify.runs.network_call import network_of


def official_tensors(net: Module) -> list[dict[str, str]]:
    """For every release of the network: our tensor name -> the official one."""
    state = net.state()
    ours = list(state)
    tables = []
    for release in of_network(network_of(net)):
        # each tensor is filled with its own number, which survives any exchange of axes
        marked = {name: np.broadcast_to(np.float64(k), state[name].shape) for k, name in enumerate(ours)}
        tables.append({ours[int(array.flat[0])]: name for name, array in release.back(marked).items() if array.size})
    return tables


def official_modules(net: Module, release: int = 0) -> dict[str, str]:
    """Our module path -> the official one, of one release.

    A module with parameters has the name of its tensors without their last part; one made of others has what their
    names have in common, where no other module has the same.
    """
    return _modules(official_tensors(net)[release])


def _modules(tensors: dict[str, str]) -> dict[str, str]:
    """`official_modules`, from the names of tensors."""
    own = {name.rpartition(".")[0]: official.rpartition(".")[0] for name, official in tensors.items()
           if "." in official}
    below: dict[str, list[str]] = defaultdict(list)
    for path, official in own.items():
        parts = path.split(".")
        for k in range(1, len(parts)):
            below[".".join(parts[:k])].append(official)
    whole = {path: _common(names) for path, names in below.items() if path not in own and len(set(names)) > 1}
    taken = list(own.values()) + list(whole.values())
    return own | {path: official for path, official in whole.items() if official and taken.count(official) == 1}


def sequences(modules: dict[str, str]) -> dict[str, str]:
    """Our module -> the official container that has nothing else with parameters in it, one module to us.

    "X" of a convolution "X.0" and its activation; "X" of a residual block whose convolutions are all in "X.stem".
    """
    found, known = {}, set(modules.values())
    for path, official in modules.items():
        parent, _, last = official.rpartition(".")
        inside = {other for other in known if other.startswith(f"{parent}.")}
        block = inside - {official}
        if not parent or parent in known or not all(other.startswith(f"{official}.") for other in block):
            continue
        if block or last == "0":
            found[path] = parent
    return found


def lasts(modules: dict[str, str]) -> dict[str, str]:
    """Our module -> the official sequence "X" that ends with it, a convolution "X.k.0" and its activation."""
    found, leaves = {}, {path: name for path, name in modules.items()
                         if not any(other.startswith(f"{name}.") for other in modules.values())}
    for path, official in leaves.items():
        sequence = re.fullmatch(r"(.+)\.\d+\.0", official)
        if sequence and [name for name in leaves.values() if name.startswith(f"{sequence[1]}.")][-1] == official:
            found[path] = sequence[1]
    return found


def all_names(net: Module) -> list[dict[str, str]]:
    """Tables from our modules to official ones, of every release; containers before what they contain."""
    tables = [_modules(tensors) for tensors in official_tensors(net)]
    return [table for modules in tables for table in (sequences(modules), modules, lasts(modules))]


def _common(names: list[str]) -> str:
    """The longest dotted beginning that all names share."""
    parts = [name.split(".") for name in names]
    shared = []
    for column in zip(*parts):
        if len(set(column)) > 1:
            break
        shared.append(column[0])
    return ".".join(shared)
