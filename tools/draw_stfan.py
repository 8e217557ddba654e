"""Draw the pictures of docs/fac.md and docs/stfan.md from the demo scene.

    python tools/draw_stfan.py

What filters can do is shown with filters made from the scene's exact motion; what stfan-s has learned, by
`refvr explain`.
"""
from __future__ import annotations

import sys

import numpy as np
from draw_edvr import middle_of_the_ball
from figure_parts import explain, finish, strip

from refvr import ops
from refvr.drawing.plots import pyplot
from refvr.explain.figures import panel
from refvr.metrics import psnr
from refvr.scene import Scene, flow, render

WIDTH, HEIGHT, K = 256, 144, 7
START, STEP, EXPOSURE = 1.0, 0.05, 0.11  # seconds; what moves most moves 3 pixels in a step, 6 in an exposure
APART = 7                                # pixels between marked ones


def main() -> int:
    reference, neighbour = (render(Scene(), WIDTH, HEIGHT, time) for time in (START, START + STEP))
    motion_px, _ = flow(Scene(), WIDTH, HEIGHT, START, START + STEP)
    shifting, ball = shifts(motion_px), middle_of_the_ball(motion_px)
    aligned = filtered(neighbour, shifting)
    strip("fac_aligned.png", [
        ("neighbour through its filters", aligned), ("left to do", np.abs(aligned - reference).mean(-1)),
        ("without them", np.abs(neighbour - reference).mean(-1))], at=ball, unit="of 1 = white")
    filters_of(reference, neighbour, shifting, motion_px, ball)
    blurred = np.mean([render(Scene(), WIDTH, HEIGHT, START + EXPOSURE * share) for share in np.linspace(-0.5, 0.5, 9)],
                      axis=0, dtype=np.float32)
    exposure_px, _ = flow(Scene(), WIDTH, HEIGHT, START - EXPOSURE / 2, START + EXPOSURE / 2)
    sharpened = np.clip(filtered(blurred, sharpening(exposure_px)), 0, 1)
    strip("stfan_deblurred.png", [
        (f"moved in the exposure: {psnr(blurred, reference):.2f} dB", blurred),
        (f"through its filters: {psnr(sharpened, reference):.2f} dB", sharpened), ("sharp", reference)], at=ball)
    explain("stfan-s", "filters", "stfan_filters.png")
    return 0


def filtered(frame: np.ndarray, kernels: np.ndarray) -> np.ndarray:
    """One set of filters (h, w, K*K) for all three colours."""
    return ops.fac(frame[None], np.repeat(kernels[None, ..., None], 3, axis=-1).astype(np.float32))[0]


def shifts(offset_px: np.ndarray) -> np.ndarray:
    """Filters (h, w, K*K) that fetch each pixel from `offset_px` (h, w, 2) away, rows before columns, bilinearly."""
    tap = np.arange(K) - K // 2
    rows, columns = (np.maximum(0, 1 - np.abs(offset_px[..., axis, None] - tap)) for axis in (0, 1))
    return (rows[..., :, None] * columns[..., None, :]).reshape(*offset_px.shape[:2], K * K)


def sharpening(motion_px: np.ndarray) -> np.ndarray:
    """Filters against a motion of so many pixels during the exposure.

    A box of length L along the motion takes f to f + L^2/24 f'' + ..., and f'' is (f(L/2) - 2 f + f(-L/2)) / (L/2)^2.
    """
    here, half = shifts(np.zeros_like(motion_px)), motion_px / 2
    return here - (shifts(half) - 2 * here + shifts(-half)) / 6


def filters_of(reference: np.ndarray, neighbour: np.ndarray, kernels: np.ndarray, motion_px: np.ndarray,
               ball: tuple[int, int]) -> None:
    """Output positions on the wanted frame, the places that they are fetched from on the neighbour, their filters."""
    figure = pyplot().figure(figsize=(13.5, 5.7), layout="constrained")
    panel.headed(figure, f"filters of {K} x {K} taps, made from the exact motion of the demo scene")
    left, right = figure.subfigures(1, 2, width_ratios=(2, 1.15))
    axes = left.subplots(1, 2)
    marked = [(ball[0] + APART * i, ball[1] + APART * j) for i in (-2, -1, 0, 1, 2) for j in (-2, -1, 0, 1, 2)]
    for axis, picture, title in zip(axes, (reference, neighbour), ("wanted frame: output positions",
                                                                   f"neighbour, {STEP} s later: what is read")):
        panel.frame(axis, picture, title, around=ball, reach=2 * APART + 4, dim=0.8)
        axis.set_xlabel("column, in pixels", fontsize=7)
    for y, x in marked:
        panel.output(axes[0], y, x, size=6)
    starts, moved = np.array(marked, float), np.array([motion_px[y, x] for y, x in marked])
    panel.regular(axes[1], starts[:, 0], starts[:, 1], size=5)
    panel.read(axes[1], starts, starts + moved, np.ones(len(starts)), panel.GROUPS[1], area=30)
    grid = right.subplots(5, 5)
    for (y, x), axis in zip(marked, np.ravel(grid)):
        image = panel.tile(axis, kernels[y, x].reshape(K, K), f"{y}, {x}", limits=(0, 1), colours="Greys")
    panel.scale(grid, image, "weight of a tap; they add up to 1")
    panel.legend(figure, [("output", "output position"), ("regular", "its centre tap, the same place in the neighbour"),
                          (panel.GROUPS[1], "place that the filter reads, between four taps"),
                          ("centre", "centre tap")])
    finish("fac_filters.png", figure)


if __name__ == "__main__":
    sys.exit(main())
