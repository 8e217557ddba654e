"""What a network is given where a window (n, t, h, w, 3) is there already: nothing is padded or enlarged."""
from __future__ import annotations

import numpy as np

from refvr.nn import Module
from refvr.pipeline.drivers import noise_map, takes_sigma
from refvr.pipeline.motion import estimated


def with_map(net: Module, x: np.ndarray, sigma: float | None) -> dict[str, np.ndarray]:
    """A window, and the noise map beside it for networks that are told the level."""
    return {"x": x} if sigma is None or not takes_sigma(net) else {"x": x, "noise_map": noise_map(net, x, sigma)}


def window(net: Module, x: np.ndarray, sigma: float | None) -> dict[str, np.ndarray]:
    """The window, and the noise map where there is one."""
    return with_map(net, x, sigma)


def frame_and_last(net: Module, x: np.ndarray, sigma: float | None) -> dict[str, np.ndarray]:
    """STFAN: the last frame, and the first for the one before it and for how that was restored."""
    return {"frame": x[:, -1], "previous": x[:, 0], "restored": x[:, 0]}


def pair(net: Module, x: np.ndarray, sigma: float | None) -> dict[str, np.ndarray]:
    """SAFA: the first two frames, and the motion between them where the network begins at one."""
    images = {"image0": x[:, 0], "image1": x[:, min(1, x.shape[1] - 1)]}
    motion = {"motion": np.stack([estimated(one, other, 1) for one, other in zip(*images.values())])}
    return images | (motion if net.config.motion else {})
