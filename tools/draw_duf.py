"""Draw the pictures of docs/dynamic_upsample.md and docs/duf.md from the demo scene, with refvr's own operations.

    python tools/draw_duf.py docs/images

The filters are fitted to the truth by refvr's tape, frame by frame; no trained weights are needed.
"""
from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from draw_edvr import draw, write

from refvr import Tensor, backward, ops
from refvr.degrade.duf import low_resolution
from refvr.media.scene import Scene, render
from refvr.metrics import psnr
from refvr.networks import zoo
from refvr.pipeline.comparison import caption
from refvr.train.optim import Adam

WIDTH, HEIGHT, SCALE, TAPS = 256, 144, 4, 5
TIME = 1.0  # in seconds
STEPS, RATE = 150, 0.2
PAPER = 0.93


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    truth = render(Scene(), WIDTH, HEIGHT, TIME)
    small = low_resolution(truth[None], SCALE)
    start = np.broadcast_to(same_everywhere(), (*small.shape[:3], same_everywhere().size)).copy()
    fitted = fit(small, truth, start)
    pictures = {"one filter for all": ops.dynamic_upsample(small, start, s=SCALE)[0],
                "filters of its own": ops.dynamic_upsample(small, fitted, s=SCALE)[0]}
    draw(folder / "dynamic_upsample.png", [
        ("the small frame", small[0].repeat(SCALE, 0).repeat(SCALE, 1)),
        *((f"{name}, {psnr(np.clip(y, 0, 1), truth):.1f} dB", y) for name, y in pictures.items()), ("truth", truth)])
    sheet = filters(small[0], fitted[0])
    write(folder / "dynamic_filters.png", sheet)
    write(folder / "duf_sees.png", seen())
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


def filters(small: np.ndarray, logits: np.ndarray, zoom: int = 6) -> np.ndarray:
    """The 4 x 4 filters of three pixels: in a smooth place, on an edge, on the strongest corner."""
    grey = small.mean(-1)
    down, right = np.gradient(grey)
    inside = np.zeros_like(grey)
    inside[4:-4, 4:-4] = 1
    edge, corner = np.hypot(down, right) * inside, np.abs(down * right) * inside
    flat = np.where(inside > 0, np.hypot(down, right), 1)
    found = [np.unravel_index(k, grey.shape) for k in (flat.argmin(), edge.argmax(), corner.argmax())]
    weights = ops.dynamic_filters(logits[None], SCALE)[0]                          # (h, w, 25, s s)
    sheets = []
    for (row, column), text in zip(found, ("a smooth place", "an edge", "a corner")):
        around = small[row - 2:row + 3, column - 2:column + 3]
        size = SCALE * (TAPS + 1) * zoom
        shown = np.full((size, size, 3), PAPER, np.float32)
        for u in range(SCALE * SCALE):
            tile = weights[row, column, :, u].reshape(TAPS, TAPS)
            top, left = ((k * (TAPS + 1)) * zoom + zoom // 2 for k in divmod(u, SCALE))
            square = (1 - tile / tile.max()).repeat(zoom, 0).repeat(zoom, 1)
            shown[top:top + TAPS * zoom, left:left + TAPS * zoom] = square[..., None]
        picture = np.full((size, size, 3), PAPER, np.float32)
        pixel = size // TAPS
        picture[:TAPS * pixel, :TAPS * pixel] = around.repeat(pixel, 0).repeat(pixel, 1)
        sheets.append(np.concatenate([caption(text, 2 * size), np.concatenate([picture, shown], 1)]))
    gap = np.full((len(sheets[0]), 12, 3), PAPER, np.float32)
    return np.concatenate([sheets[0], gap, sheets[1], gap, sheets[2]], 1)


def seen(side: int = 23, zoom: int = 8) -> np.ndarray:
    """What the middle cell of the output depends on: |gradient| of its sum for each pixel of the seven frames."""
    net = zoo.build("duf-16-x4").init(np.random.default_rng(0))
    frames = np.stack([render(Scene(), side, side, TIME + k / 24) for k in range(7)])
    leaf = Tensor(frames[None])
    y, middle = net(leaf), SCALE * (side // 2)
    dy = np.zeros(y.shape, np.float32)
    dy[0, middle:middle + SCALE, middle:middle + SCALE] = 1
    backward(y, dy)
    share = np.abs(leaf.grad[0]).sum(-1)                                           # (7, h, w)
    shade = 1 + np.log10(np.maximum(share / share.max(), 1e-6)) / 6                 # six powers of ten
    panels = []
    for k, picture in enumerate(shade.astype(np.float32)):
        enlarged = np.repeat((1 - picture.repeat(zoom, 0).repeat(zoom, 1))[..., None], 3, -1)
        text = f"frame {k - 3:+d}" if k != 3 else "middle frame"
        panels.append(np.concatenate([caption(text, side * zoom), enlarged]))
        panels.append(np.full((len(panels[0]), 8, 3), PAPER, np.float32))
    return np.concatenate(panels[:-1], 1)


if __name__ == "__main__":
    raise SystemExit(main())
