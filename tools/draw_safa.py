"""Draw the pictures of docs/warp.md and docs/safa.md from the demo scene.

    python tools/draw_safa.py

What operations do is shown with the scene's exact flow; what safa-s-moved does, by `refvr explain`.
"""
from __future__ import annotations

import sys

import numpy as np
from draw_edvr import middle_of_the_ball
from figure_parts import explain, finish, strip

from refvr import ops
from refvr.drawing.plots import pyplot
from refvr.ops.warp import places
from refvr.scene import Scene, flow, render

WIDTH, HEIGHT = 256, 144
TIMES = (1.0, 1.125, 1.25)  # first frame, the frame between, second frame, in seconds


def main() -> int:
    first, between, second = (render(Scene(), WIDTH, HEIGHT, time) for time in TIMES)
    flow_px, visible = rightwards(TIMES[0], TIMES[2])
    ball = middle_of_the_ball(flow_px[..., ::-1])
    fetched = ops.warp(second[None], flow_px[None])[0]
    strip("warp.png", [("at time 0", first), ("at time 1", second), ("time 1 warped to time 0", fetched),
                       ("left to do", np.abs(fetched - first).mean(-1))], at=ball, unit="of 1 = white")
    strip("warp_borders.png", borders(second), at=(40, 36))
    round_trip()
    strip("safa_between.png", synthesis(first, between, second), at=(ball[0], ball[1] + 4), unit="of 1 = white")
    strip("safa_scales.png", [
        (name, ops.resize_bilinear(ops.resize_bilinear(first[None], scale=s), scale=1 / s)[0] if s < 1 else first)
        for name, s in (("a quarter", 0.25), ("half", 0.5), ("full scale", 1.0))], at=(50, 210), reach=22)
    explain("safa-s-moved", "flow", "safa_flow.png")
    explain("safa-s-moved", "scales", "safa_chosen.png")
    return 0


def rightwards(time0: float, time1: float) -> tuple[np.ndarray, np.ndarray]:
    """The scene's exact flow in the order of networks, right before down, and what can be seen at both times."""
    flow_px, visible = flow(Scene(), WIDTH, HEIGHT, time0, time1)
    return np.ascontiguousarray(flow_px[..., ::-1]), visible


def borders(frame: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """A turn by 0.2 and a step back: what lies outside."""
    rows, columns = np.meshgrid(np.arange(HEIGHT) - HEIGHT / 2, np.arange(WIDTH) - WIDTH / 2, indexing="ij")
    c, s = 1.35 * np.cos(0.2), 1.35 * np.sin(0.2)
    flow_px = np.stack([c * columns - s * rows - columns, s * columns + c * rows - rows], -1).astype(np.float32)
    at = places(flow_px[None], "pixels")[0, ..., ::-1]
    grid = (at / (np.array([WIDTH, HEIGHT]) - 1) * 2 - 1).astype(np.float32)
    mirrored = ops.grid_sample(frame[None], grid[None], border="reflection", align_corners=True)[0]
    return [("zero", ops.warp(frame[None], flow_px[None], border="zero")[0]),
            ("replicate", ops.warp(frame[None], flow_px[None])[0]), ("reflection (grid_sample)", mirrored)]


def round_trip(width: int = 1280) -> None:
    """Error of each column's place for zero flow, by way of [-1, 1] in float32."""
    at = places(np.zeros((1, 2, width, 2), np.float32), "round_trip")[0, 0, :, 1]
    figure, axis = pyplot().subplots(figsize=(11, 2.6), layout="constrained")
    axis.vlines(np.arange(width), 0, at - np.arange(width), color="#d64632", linewidth=0.7)
    axis.axhline(0, color="#888888", linewidth=0.6)
    axis.set_xlabel("column, of 1280", fontsize=8)
    axis.set_ylabel("place less column, in pixels", fontsize=8)
    axis.tick_params(labelsize=7)
    finish("warp_round_trip.png", figure)


def synthesis(first: np.ndarray, between: np.ndarray, second: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """SAFA's blend with the scene's exact flow in place of the network's, its mask half where both sides are seen."""
    (flow0, seen0), (flow1, seen1) = rightwards(TIMES[1], TIMES[0]), rightwards(TIMES[1], TIMES[2])
    mask = np.where(seen0 == seen1, 0.5, np.where(seen0, 1, 0)).astype(np.float32)[..., None]
    blend = mask * ops.warp(first[None], flow0[None])[0] + (1 - mask) * ops.warp(second[None], flow1[None])[0]
    return [("mean of both frames", (first + second) / 2), ("both warped to time 1/2", blend),
            ("left to the decoder", np.abs(blend - between).mean(-1)), ("frame at time 1/2", between)]


if __name__ == "__main__":
    sys.exit(main())
