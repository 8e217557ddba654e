"""The vectors of whole networks: tiny configurations of all of them, weights and inputs by the recipe."""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log2, prod, sqrt
from typing import Any

import numpy as np

from refvr.nn.module import Module
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


FRAMES = {"scale": 0.5, "shift": 0.5}

NETWORKS = [
    NetworkVector("network_remonet", "remonet", {"frames": 3, "widths": (4, 8, 16), "state": 4},
                  {"x": Recipe((1, 3, 12, 20, 3), **FRAMES)}, {}),
    NetworkVector("network_fastdvdnet", "fastdvdnet", {"widths": (4, 8, 12), "inter": 5},
                  {"x": Recipe((1, 5, 12, 20, 3), **FRAMES),
                   "noise_map": Recipe((1, 12, 20, 1), 0.03125, 0.0625)}, {}),
    NetworkVector("network_edvr", "edvr", {"frames": 3, "features": 8, "offset_groups": 2, "extract_blocks": 1,
                                           "reconstruct_blocks": 1},
                  {"x": Recipe((1, 3, 12, 20, 3), **FRAMES)}, {}),
    NetworkVector("network_stfan", "stfan", {"widths": (4, 6, 10), "k": 5},
                  {name: Recipe((1, 12, 20, 3), **FRAMES) for name in ("frame", "previous", "restored")}, {}),
    NetworkVector("network_safa", "safa", {"channels": 8, "blocks": 2, "depth": 1, "decoder_blocks": 1},
                  {name: Recipe((1, 24, 40, 3), **FRAMES) for name in ("image0", "image1")},
                  {"times": [0.25, 0.5]}, "frames"),
    NetworkVector("network_duf", "duf", {"scale": 2, "blocks": 1, "growth": 4},
                  {"x": Recipe((1, 7, 5, 11, 3), **FRAMES)}, {}),
]
