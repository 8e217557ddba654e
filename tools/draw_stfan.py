"""Draw the pictures of docs/fac.md and docs/stfan.md from the demo scene, with refvr's own operations.

    python tools/draw_stfan.py docs/images

The filters are made from the scene's exact motion instead of by a network; no trained weights are needed.
"""
from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from draw_edvr import draw, write

from refvr import ops
from refvr.media.scene import Scene, flow, render
from refvr.metrics import psnr
from refvr.pipeline.comparison import caption

WIDTH, HEIGHT, K = 256, 144, 7
START, STEP, EXPOSURE = 1.0, 0.05, 0.11  # seconds; what moves most moves 3 pixels in a step, 6 in an exposure
MARK = np.array([1.0, 0.83, 0.2], np.float32)


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    reference, neighbour = (render(Scene(), WIDTH, HEIGHT, time) for time in (START, START + STEP))
    motion_px, _ = flow(Scene(), WIDTH, HEIGHT, START, START + STEP)
    shifting = shifts(motion_px)
    aligned = filtered(neighbour, shifting)
    draw(folder / "fac_aligned.png", [
        ("neighbour through its filters", aligned), ("left to do, times 4", np.abs(4 * (aligned - reference))),
        ("without them, times 4", np.abs(4 * (neighbour - reference)))])
    write(folder / "fac_filters.png", filters_of(neighbour, shifting, motion_px))
    blurred = np.mean([render(Scene(), WIDTH, HEIGHT, START + EXPOSURE * share) for share in np.linspace(-0.5, 0.5, 9)],
                      axis=0, dtype=np.float32)
    exposure_px, _ = flow(Scene(), WIDTH, HEIGHT, START - EXPOSURE / 2, START + EXPOSURE / 2)
    sharpened = np.clip(filtered(blurred, sharpening(exposure_px)), 0, 1)
    draw(folder / "stfan_deblurred.png", [
        (f"moved in the exposure: {psnr(blurred, reference):.2f} dB", blurred),
        (f"through its filters: {psnr(sharpened, reference):.2f} dB", sharpened), ("sharp", reference)])
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


def filters_of(frame: np.ndarray, kernels: np.ndarray, motion_px: np.ndarray, zoom: int = 8) -> np.ndarray:
    """A detail around what moves, with marked pixels, and beside it the filters of these: white 1, black 0."""
    size = np.hypot(*np.moveaxis(motion_px, -1, 0))
    at = [int(np.median(places)) for places in np.nonzero(size > 0.7 * size.max())]
    h, w = 28, 44
    top, left = at[0] - h // 2, at[1] - w // 2
    detail = frame[top:top + h, left:left + w].repeat(zoom, 0).repeat(zoom, 1)
    tiles = np.full((*detail.shape[:2], 3), 0.35, np.float32)
    for y in range(3, h, 7):
        for x in range(5, w, 11):
            middle = slice(y * zoom + 1, (y + 1) * zoom - 1), slice(x * zoom + 1, (x + 1) * zoom - 1)
            detail[middle] = MARK
            tile = kernels[top + y, left + x].reshape(K, K).repeat(zoom - 1, 0).repeat(zoom - 1, 1)
            r, c = (y * zoom + zoom // 2 - len(tile) // 2, x * zoom + zoom // 2 - len(tile) // 2)
            tiles[r:r + len(tile), c:c + len(tile)] = tile[..., None]
    parts = [np.concatenate([caption(text, picture.shape[1]), picture]) for text, picture in (
        ("marked pixels of a neighbouring frame", detail), ("their filters, 7 x 7 taps", tiles))]
    space = np.ones((len(parts[0]), 8, 3), np.float32)
    return np.concatenate([parts[0], space, parts[1]], axis=1)


if __name__ == "__main__":
    raise SystemExit(main())
