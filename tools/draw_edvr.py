"""Draw the pictures of deform_conv2d.md, edvr.md and resize_bilinear.md in docs, from the demo scene, by refvr.

    python tools/draw_edvr.py docs/images

Everything is computed from the scene and its exact flow; no trained weights are needed.
"""
from __future__ import annotations

import sys
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from refvr import ops
from refvr.media.scene import Scene, flow, render
from refvr.pipeline.comparison import caption, side_by_side

WIDTH, HEIGHT = 256, 144
TIMES = (1.0, 1.25)  # of the reference and of its neighbour, in seconds
FIRST, LAST = np.array([1.0, 0.83, 0.2], np.float32), np.array([0.9, 0.1, 0.15], np.float32)


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    reference, neighbour = (render(Scene(), WIDTH, HEIGHT, time) for time in TIMES)
    flow_px, visible = flow(Scene(), WIDTH, HEIGHT, *TIMES)
    found = sampled(neighbour, flow_px)
    draw(folder / "deform_conv2d.png", [
        ("reference", reference), ("neighbour", neighbour), ("neighbour, sampled by offsets", found),
        ("left to do, times 4", np.clip(4 * np.abs(found - reference), 0, 1))])
    grids = taps(neighbour, flow_px)
    write(folder / "deform_taps.png", np.concatenate([caption("nine taps, and where offsets send them",
                                                              grids.shape[1]), grids]))
    draw(folder / "edvr_likeness.png", [
        ("likeness to the neighbour", likeness(reference, neighbour)),
        ("likeness once aligned", likeness(reference, found)),
        ("what can be seen in both", np.repeat(visible[..., None], 3, -1).astype(np.float32)),
        ("reference", reference)])
    small = render(Scene(), 40, 24, TIMES[0])
    edges, corners = (ops.resize_bilinear(small[None], scale=8, align_corners=on)[0] for on in (False, True))
    draw(folder / "resize_bilinear.png", [
        ("edges meet", edges), ("corner pixels meet", corners),
        ("difference, times 2", np.clip(2 * np.abs(edges - corners), 0, 1))])
    return 0


def sampled(frame: np.ndarray, flow_px: np.ndarray) -> np.ndarray:
    """One tap at each pixel, moved by the exact flow: deform_conv2d with the identity as its weight."""
    mask, identity = np.ones((1, *frame.shape[:2], 1), np.float32), np.eye(3, dtype=np.float32)[None, None]
    return ops.deform_conv2d(frame[None], flow_px[None], mask, identity)[0]


def likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """TSA's measure: sigmoid of the product of features; here the features are 5x5 patches without their mean."""
    products = ops.channel_dot(patches(a), patches(b))
    return np.repeat(ops.sigmoid(4 * products)[0], 3, -1)


def patches(frame: np.ndarray) -> np.ndarray:
    """(1, h, w, 75): the pixels around each, of length 1 without their mean."""
    x = np.pad(frame, ((2, 2), (2, 2), (0, 0)), mode="edge")
    h, w, _ = frame.shape
    found = np.concatenate([x[i:i + h, j:j + w] for i in range(5) for j in range(5)], -1)
    found -= found.mean(-1, keepdims=True)
    return (found / (np.linalg.norm(found, axis=-1, keepdims=True) + np.float32(0.05)))[None]


def taps(frame: np.ndarray, flow_px: np.ndarray, zoom: int = 14) -> np.ndarray:
    """A detail, each pixel a square: the regular 3x3 grids of a few pixels, and the same taps moved by the flow."""
    size = np.hypot(*np.moveaxis(flow_px, -1, 0))
    h, w = 27, 60
    rows, columns = np.nonzero(size > 0.7 * size.max())                  # of what moves most
    top, left = int(np.median(rows)) - h // 2, int(np.median(columns)) - w // 2
    picture = frame[top:top + h, left:left + w].repeat(zoom, 0).repeat(zoom, 1) * 0.75
    for y, x in ((6, 8), (h // 2, w // 2), (20, 51)):
        for i in (-1, 0, 1):
            for j in (-1, 0, 1):
                start = np.array([y + 2 * i, x + 2 * j]) + 0.5
                end = start + flow_px[top + y + 2 * i, left + x + 2 * j]
                for share in np.linspace(0, 1, 60):
                    dot(picture, zoom * (start + share * (end - start)), 1, 1 - 0.4 * FIRST)
                dot(picture, zoom * start, 4, FIRST)
                dot(picture, zoom * end, 4, LAST)
    return picture


def dot(picture: np.ndarray, centre: np.ndarray, radius: int, colour: np.ndarray) -> None:
    """A disc, cut off at the border."""
    rows, columns = np.ogrid[:picture.shape[0], :picture.shape[1]]
    picture[np.hypot(rows - centre[0], columns - centre[1]) <= radius] = colour


def draw(path: Path, columns: list[tuple[str, np.ndarray]]) -> None:
    """Write pictures side by side."""
    write(path, side_by_side(columns, zoom=3))


def write(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    iio.imwrite(path, np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8), compress_level=9)
    print(path, path.stat().st_size)


if __name__ == "__main__":
    raise SystemExit(main())
