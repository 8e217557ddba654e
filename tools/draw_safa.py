"""Draw the pictures of docs/warp.md and docs/safa.md from the demo scene, with refvr's own operations.

    python tools/draw_safa.py docs/images

No weights of SAFA are at hand here, so the pictures show its operations with the scene's exact flow.
"""
from __future__ import annotations

import sys
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from refvr import ops
from refvr.media.scene import Scene, flow, render
from refvr.ops.warp import places
from refvr.pipeline.comparison import side_by_side

WIDTH, HEIGHT = 256, 144
TIMES = (1.0, 1.125, 1.25)  # first frame, the frame between, second frame, in seconds


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    first, between, second = (render(Scene(), WIDTH, HEIGHT, time) for time in TIMES)
    flow_px, visible = rightwards(TIMES[0], TIMES[2])
    fetched = ops.warp(second[None], flow_px[None])[0]
    draw(folder / "warp.png", [("at time 0", first), ("at time 1", second), ("time 1 warped to time 0", fetched),
                               ("left to do, times 4", np.clip(4 * np.abs(fetched - first), 0, 1))])
    draw(folder / "warp_borders.png", borders(second))
    iio.imwrite(folder / "warp_round_trip.png", round_trip())
    draw(folder / "safa_between.png", synthesis(first, between, second))
    draw(folder / "safa_scales.png", [
        (name, ops.resize_bilinear(ops.resize_bilinear(first[None], scale=s), scale=1 / s)[0] if s < 1 else first)
        for name, s in (("a quarter", 0.25), ("half", 0.5), ("full scale", 1.0))])
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


def round_trip(width: int = 1280, height: int = 160) -> np.ndarray:
    """Error of each column's place for zero flow, by way of [-1, 1] in float32: 1e-4 pixels are 60 rows up or down."""
    at = places(np.zeros((1, 2, width, 2), np.float32), "round_trip")[0, 0, :, 1]
    level = np.rint(height / 2 - (at - np.arange(width)) / 1e-4 * 60).astype(int).clip(0, height - 1)
    picture = np.full((height, width, 3), 250, np.uint8)
    picture[height // 2] = 180
    for column, row in enumerate(level):
        picture[min(row, height // 2):max(row, height // 2) + 1, column] = (214, 70, 50)
    return picture


def synthesis(first: np.ndarray, between: np.ndarray, second: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """SAFA's blend with the scene's exact flow in place of the network's, its mask half where both sides are seen."""
    (flow0, seen0), (flow1, seen1) = rightwards(TIMES[1], TIMES[0]), rightwards(TIMES[1], TIMES[2])
    mask = np.where(seen0 == seen1, 0.5, np.where(seen0, 1, 0)).astype(np.float32)[..., None]
    blend = mask * ops.warp(first[None], flow0[None])[0] + (1 - mask) * ops.warp(second[None], flow1[None])[0]
    left = np.clip(4 * np.abs(blend - between), 0, 1)
    return [("mean of both frames", (first + second) / 2), ("both warped to time 1/2", blend),
            ("left to the decoder, times 4", left), ("frame at time 1/2", between)]


def draw(path: Path, columns: list[tuple[str, np.ndarray]]) -> None:
    """Write pictures side by side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = side_by_side(columns, zoom=3)
    iio.imwrite(path, np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8), compress_level=9)
    print(path, path.stat().st_size)


if __name__ == "__main__":
    raise SystemExit(main())
