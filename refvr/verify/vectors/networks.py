"""The vectors of whole networks: tiny configurations of them from their records, weights and inputs by the recipe."""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log2, prod, sqrt
from typing import Any

import numpy as np

from refvr.nn.module import Module
from refvr.records import NETWORKS
from refvr.verify.vectors.recipe import Recipe, draw
from refvr.zoo import build_network


@dataclass(frozen=True)
class NetworkVector:
    """A network, its configuration, its inputs, and which of its results are compared.

    config  fields of the network's Config that differ from the default
    answer  how to take the compared array out of what the network answers
    """

    name: str
    network: str
    config: dict[str, Any]
    arrays: dict[str, Recipe]
    options: dict[str, Any]
    answer: str = ""

    gradients, floor = False, 0.0

    @property
    def operation(self) -> str:
        """What a module's callable is named."""
        return self.network

    @cached_property
    def weights(self) -> dict[str, Recipe]:
        """Name of a parameter or buffer -> recipe."""
        return {name: _weight(name, value.shape) for name, value in build_network(self.network, self.config).state()
                .items() if value.dtype.kind == "f"}

    def inputs(self) -> dict[str, np.ndarray]:
        """The inputs, float32."""
        return {name: draw(f"{self.name}/{name}", recipe) for name, recipe in self.arrays.items()}

    def build(self) -> Module:
        """The network with its weights."""
        net = build_network(self.network, self.config)
        drawn = {name: draw(f"{self.name}/weights/{name}", recipe) for name, recipe in self.weights.items()}
        return net.load(net.state() | drawn)

    def run(self, net: Module, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """The compared array."""
        y = net(**inputs, **self.options)
        y = y[0] if isinstance(y, tuple) and not self.answer else getattr(y, self.answer) if self.answer else y
        return np.asarray(y)


def _weight(name: str, shape: tuple[int, ...]) -> Recipe:
    """Uniform numbers around 0 that keep the size of values; around 1 for scales and variances."""
    last = name.rsplit(".", 1)[-1]
    if last in ("running_var", "biased_var"):
        return Recipe(shape, 0.25, 1.0)
    if last in ("bias", "running_mean", "biased_mean"):
        return Recipe(shape, 0.0625)
    if len(shape) == 1:  # gamma of a norm, slope of a prelu
        return Recipe(shape, 0.125, 0.25 if ".act" in name or name.startswith("act") else 1.0)
    return Recipe(shape, 2.0 ** round(log2(1.5 / sqrt(prod(shape[:-1])))))


def _operand(name: str, shape: tuple[int, ...]) -> Recipe:
    """Frames in [0, 1); noise levels around 1/16."""
    return Recipe(shape, 0.03125, 0.0625) if name == "noise_map" else Recipe(shape, scale=0.5, shift=0.5)


def network_vectors() -> list[NetworkVector]:
    """Those of all networks whose records have one."""
    return [NetworkVector(f"network_{record.name}", record.name, vector.config,
                          {name: _operand(name, shape) for name, shape in vector.arrays.items()}, vector.options,
                          vector.answer)
            for record in NETWORKS.values() if (vector := record.vector)]
