"""DUF's training: pairs cut from clips, small frames made by the Gaussian, Huber's loss, Adam.

    loss = mean of 0.5 q^2 + d (e - q),  e = |y - large|, q = min(e, d), d = 0.01                       y not clamped

The authors published the network's batch norm and loss, not this code; the numbers are the paper's as far as they are
known: batches of 16 small patches of 32 x 32 pixels, from large ones of 144 x 144, frames taken at steps of -3 .. 3
(backwards below 0), lr 1e-3, a tenth of it after every 10 epochs. Start values: `DUF.init`.
Source: Jo et al., CVPR 2018, section 4; yhjo09/VSR-DUF, utils.py (Huber) and nets.py (batch norm in training).
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refvr import ops
from refvr.autodiff import array_of, backward
from refvr.degrade.duf import downsample
from refvr.errors import InputError
from refvr.nn.module import Module
from refvr.shapes import check
from refvr.train.optim import Adam

DELTA, LEARNING_RATE, EPOCHS_PER_FALL = 0.01, 1e-3, 10
PATCH, BATCH, FRAMES = 32, 16, 7
TIME_STEPS = (-3, -2, -1, 1, 2, 3)
_BORDER = 2  # small pixels around a patch, whose Gaussian would see a mirrored border; cut off


class Step(NamedTuple):
    """What one step gives: the result, not clamped; the loss; the gradient of every parameter."""

    y: np.ndarray
    loss: float
    gradients: dict[str, np.ndarray]


def step(net: Module, optimiser: Adam, small: np.ndarray, large: np.ndarray, *, lr: float | None = None,
         delta: float = DELTA) -> Step:
    """Train on windows (n, 7, h, w, 3) and their enlarged middle frames (n, s h, s w, 3). Changes the network."""
    parameters = net.train().watch()
    y = net(small)
    loss = ops.huber_loss(y, large, delta=delta)
    backward(loss)
    gradients = {name: tensor.grad for name, tensor in parameters.items() if tensor.grad is not None}
    net.unwatch()
    optimiser.step(net.parameters(), gradients, lr)
    return Step(y.data, float(array_of(loss)), gradients)


def learning_rate(epoch: int, *, start: float = LEARNING_RATE) -> float:
    """A tenth after every 10 epochs; epochs count from 0."""
    return start * 0.1 ** (epoch // EPOCHS_PER_FALL)


def pair(clip: np.ndarray, scale: int, rng: np.random.Generator, *, patch: int = PATCH
         ) -> tuple[np.ndarray, np.ndarray]:
    """Draw a window of a clip (t, h, w, 3) in [0, 1]: small frames (7, p, p, 3), large middle frame (s p, s p, 3).

    The step in time, the first frame and the place are drawn; steps that the clip is too short for do not take part.
    Raises InputError for a clip of fewer than 7 frames, or with a side below s (p + 4).
    """
    t, h, w, _ = check(clip, "t h w 3", who="DUF clip")
    side, border = scale * (patch + 2 * _BORDER), scale * _BORDER
    steps = [k for k in TIME_STEPS if abs(k) * (FRAMES - 1) < t]
    if not steps or min(h, w) < side:
        raise InputError(f"DUF clip: got {t} frames of {h}x{w}, expected at least {FRAMES} of {side}x{side}",
                         fix="use longer or larger clips, or a smaller patch")
    by = steps[rng.integers(len(steps))]
    first = int(rng.integers(t - abs(by) * (FRAMES - 1)))
    taken = first + abs(by) * np.arange(FRAMES)
    top, left = (int(rng.integers(size - side + 1)) for size in (h, w))
    window = clip[taken[::-1] if by < 0 else taken, top:top + side, left:left + side]
    inside = slice(_BORDER, _BORDER + patch)
    return (downsample(window, scale)[:, inside, inside],
            window[FRAMES // 2, border:side - border, border:side - border].copy())


def batch(clips: list[np.ndarray], scale: int, rng: np.random.Generator, *, size: int = BATCH, patch: int = PATCH
          ) -> tuple[np.ndarray, np.ndarray]:
    """`size` pairs, each of a clip drawn anew: (n, 7, p, p, 3) and (n, s p, s p, 3)."""
    pairs = [pair(clips[rng.integers(len(clips))], scale, rng, patch=patch) for _ in range(size)]
    small, large = (np.stack(part) for part in zip(*pairs))
    return small, large
