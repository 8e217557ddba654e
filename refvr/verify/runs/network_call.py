"""A subject: one call of a network with everything it is given, which trace, compare and bounds run as often as needed.

    MODEL   a name of the zoo, with its weights, a weight file, or weights drawn from a seed; or what a case names
    INPUT   a clip of any kind that `refvr restore` reads, frame N of it; "scene", the demo scene; an array with the
            axes of the network's own input; or a golden case, which brings its weights

What the network is given is what `refvr restore` would give it: windows, borders, padding (pipeline/).
"""
from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from refvr import zoo
from refvr.errors import InputError
from refvr.nn import Module, note
from refvr.records import NETWORKS, Network, record_of
from refvr.types import DType, Options
from refvr.verify.cases.case import draw


@dataclass
class Subject:
    """One call.

    network   name of its record (refvr/records);  net: with its parameters
    operands  name -> array (n, ..., c), float32, in the order of the call
    options   keyword arguments of the call;  results: names of what it answers
    about     how it was made, as plain values: what a trace file keeps of it
    earlier   calls that came before, of which a port may have something left (earlier.py), where that is asked
    """

    network: str
    net: Module
    operands: dict[str, np.ndarray]
    options: Options = field(default_factory=dict)
    results: tuple[str, ...] = ("output",)
    about: dict[str, Any] = field(default_factory=dict)
    earlier: tuple[Subject, ...] = ()

    def run(self, dtype: DType = np.float32) -> np.ndarray:
        """Compute once, in float32 or float64; results have names in a trace too. Returns the first of them."""
        self.net.astype(dtype)   # parameters were float32, so going back and forth loses nothing
        answer = self.call(*(x.astype(dtype) for x in self.operands.values()))
        answers = answer if isinstance(answer, tuple) else (answer,)
        return [note(name, np.asarray(y)) for name, y in zip(self.results, answers)][0]

    def call(self, *operands: object, net: Module | None = None, **changed: object) -> Any:
        """What the network, or another one, answers to these operands, given by name: some networks take more between.

        changed  options in place of the subject's own
        """
        return (net or self.net)(**dict(zip(self.operands, operands, strict=True)), **{**self.options, **changed})

    @property
    def record(self) -> Network:
        """What refvr knows of the network."""
        return NETWORKS[self.network]

    @property
    def title(self) -> str:
        """One line for people; which frame of a clip is said where it is not the first, a route where one is stated."""
        sizes = ", ".join(f"{name} {'x'.join(map(str, x.shape))}" for name, x in self.operands.items())
        frame = f", frame {self.about['frame']}" if self.about.get("frame") else ""
        told = f", sigma {self.about['sigma']:g}" if "noise_map" in self.operands and self.about.get("sigma") else ""
        route = f", routing {self.options['routing']}" if isinstance(self.options.get("routing"), str) else ""
        return (f"{self.about.get('model', self.network)} on {self.about.get('input', 'arrays')}{frame}{told}{route}: "
                f"{sizes}")


def make_net(model: str, *, weights: str | None = None, init: int | None = None,
             settings: Mapping[str, Any] | None = None) -> Module:
    """A network with parameters.

    init      a seed: every parameter drawn as in the cases (docs/verify.md), from the seed and its own name
    settings  fields of the configuration to change, for networks that are drawn, or that are so in the file `weights`
    """
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in (settings or {}).items()}
    if init is not None:
        if weights is not None:
            raise InputError("got both weights and a seed, expected one of them", fix="leave --init or --weights out")
        net = zoo.build(model, **options)
        owners = dict(net.modules())
        return net.load({name: _drawn(owners, name, array, init) for name, array in net.state().items()})
    if settings and (weights is None or model not in zoo.MODELS):
        raise InputError("settings are for a model of `refvr models` whose weights are drawn or in a file; its own are "
                         "of the published one", fix="add --init SEED or --weights FILE, or leave --set out")
    if model in zoo.MODELS:
        return zoo.load(model, weights, options)
    if weights is None and "." in model:
        return zoo.load(None, model)
    zoo.row_of(model)   # raises, with the names there are
    raise AssertionError(model)


def _drawn(owners: Mapping[str, Module], name: str, array: np.ndarray, seed: int) -> np.ndarray:
    """A parameter by the recipe of cases.py; its kind follows from its name and shape."""
    path, _, leaf = name.rpartition(".")
    owner = owners[path]
    if array.dtype.kind != "f":
        kind = "count"
    elif leaf.startswith(("running_", "biased_")):
        kind = leaf.partition("_")[2]
        kind = "zero" if leaf.startswith("biased") else kind
    elif array.ndim > 1:
        kind = "conv"
    elif leaf == "weight":
        kind = "prelu" if type(owner).__name__ == "PReLU" else "gamma"
    else:
        kind = "scale" if leaf == "beta" else "bias"
    fan_in = int(np.prod(array.shape[:-1])) if array.ndim > 1 else 1
    return draw(name, array.shape, kind, fan_in, seed)


def weight_digest(net: Module) -> str:
    """Eight digits that tell one set of parameters from another."""
    crc = 0
    for name, array in net.state().items():
        crc = zlib.crc32(np.ascontiguousarray(array).tobytes(), zlib.crc32(name.encode(), crc))
    return f"{crc:08x}"


def network_of(net: Module) -> str:
    """The name of its record."""
    return record_of(net).name
