"""Draw the pictures of docs/dynamic_upsample.md and docs/duf.md from the demo scene.

    python tools/draw_duf.py

What filters can do is shown with filters fitted to the truth by refvr's tape; what duf-s-x4 does, by `refvr explain`.
"""
from __future__ import annotations

import sys

import numpy as np
from figure_parts import explain, strip

from refvr import Tensor, backward, ops
from refvr.degrade.duf import low_resolution
from refvr.metrics import psnr
from refvr.scene import Scene, render
from refvr.train.optim import Adam

WIDTH, HEIGHT, SCALE, TAPS = 256, 144, 4, 5
TIME = 1.0  # in seconds
STEPS, RATE = 150, 0.2


def main() -> int:
    truth = render(Scene(), WIDTH, HEIGHT, TIME)
    small = low_resolution(truth[None], SCALE)
    start = np.broadcast_to(same_everywhere(), (*small.shape[:3], same_everywhere().size)).copy()
    fitted = fit(small, truth, start)
    pictures = {"one filter for all": ops.dynamic_upsample(small, start, s=SCALE)[0],
                "filters of its own": ops.dynamic_upsample(small, fitted, s=SCALE)[0]}
    strip("dynamic_upsample.png", [
        ("the small frame", small[0].repeat(SCALE, 0).repeat(SCALE, 1)),
        *((f"{name}, {psnr(np.clip(y, 0, 1), truth):.1f} dB", y) for name, y in pictures.items()), ("truth", truth)],
        at=(50, 210), reach=22)
    explain("duf-s-x4", "filters", "duf_filters.png")
    explain("duf-s-x4", "provenance", "duf_provenance.png")
    return 0


def same_everywhere() -> np.ndarray:
    """Logits (25 * s * s,) of one Gaussian around the place of each large pixel: ordinary, static upsampling."""
    tap = np.arange(TAPS) - TAPS // 2
    place = np.arange(SCALE) / SCALE                       # large pixel a lies a / s of a small one below and right
    away = (tap[:, None] - place) ** 2                     # (5, s)
    both = away[:, None, :, None] + away[None, :, None, :]  # (5, 5, s, s)
    return (-both / (2 * 0.5 ** 2)).astype(np.float32).reshape(-1)


def fit(small: np.ndarray, truth: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The logits that bring the small frame closest to the truth, by Adam: what a network would have to guess."""
    logits, optimiser = {"logits": start.copy()}, Adam(lr=RATE)
    for _ in range(STEPS):
        leaf = Tensor(logits["logits"])
        backward(ops.mse_loss(ops.dynamic_upsample(small, leaf, s=SCALE), truth[None], "sum"))
        optimiser.step(logits, {"logits": leaf.grad})
    return logits["logits"]


if __name__ == "__main__":
    sys.exit(main())
