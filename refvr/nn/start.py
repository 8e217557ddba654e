"""Start values of training that need more than one layer."""
from __future__ import annotations

from typing import TypeVar

import numpy as np

from refvr.nn.layers import Conv2d
from refvr.nn.module import Module

Net = TypeVar("Net", bound=Module)


def he_start(net: Net) -> Net:
    """Convolutions of a network whose start values are PyTorch's, enlarged to He's: nothing fades on a deep way."""
    for _, module in net.modules():
        if type(module) is Conv2d:
            gain = 3 if module._options["activation"] == "none" else 6
            module.weight = module.weight * np.float32(np.sqrt(gain))
    return net


def start_small(layer: Conv2d, outputs: slice = slice(None)) -> None:
    """What is added to an average starts at 1/20 of its size: those outputs of a layer."""
    layer.weight[..., outputs] *= np.float32(0.05)


def start_from_average(layer: Conv2d, frames: int, fold: int) -> None:
    """Begin as an average over folded frames: 3x3, (frames * 3 * fold**2) channels in and out.

    1/2 on the frame itself and 1/4 on each neighbour, 0.4 on the pixel and 0.2 on each folded with it. From noisy
    frames, thousands of steps would go into taking the noise out again.
    """
    pixels = fold ** 2
    over_time = np.full((frames, frames), 0.25) + 0.25 * np.eye(frames)
    over_space = np.full((pixels, pixels), 0.6 / max(1, pixels - 1))
    np.fill_diagonal(over_space, 1.0 if pixels == 1 else 0.4)
    middle = np.kron(over_time, np.kron(np.eye(3), over_space))
    layer.weight = np.pad(middle[None, None], ((1, 1), (1, 1), (0, 0), (0, 0))).astype(np.float32)
    layer.bias = np.zeros_like(layer.bias)
