"""What stfan-s does to the blur of a real shutter: the table and the pictures of docs/blur.md.

    python tools/draw_blur.py

Rendered scenes are exposed as a camera does it: light adds up while everything moves, things uncover what lies behind
them, shadows go along. The blurred frames are rendered so, not made from sharp ones as those that stfan-s was trained
on, and how far each pixel moved in its exposure is known exactly. Luma of 8-bit pictures.
"""
from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np
from figure_parts import strip
from scipy.ndimage import gaussian_filter, gaussian_gradient_magnitude

from refvr.cli.table import markdown
from refvr.evaluate.baselines import unsharp_mask
from refvr.metrics.colour import luma, to_8bit
from refvr.metrics.rims import overshoot
from refvr.pipeline.chosen import load_network
from refvr.pipeline.drivers import restore_frames
from refvr.scene import Scene, flow, render

WIDTH, HEIGHT, FRAMES, FPS, OPEN = 320, 192, 5, 24.0, 0.9  # the shutter is open for nine tenths of the time
SEEDS, SPEEDS = (11, 12, 13, 14), (0.25, 1.0, 2.5)         # other scenes than those of any recipe's test; of time
REACH = 20                                                 # pixels around the middle of a detail
EDGES_PX = (0, 0.5, 1, 2, 4, 8, 16, np.inf)                # of the classes: pixels moved in the exposure
SHOWN = {"blur_short.png": (12, 1.0, 3.0), "blur_long.png": (12, 2.5, 12.0)}  # seed, speed, pixels moved in the detail


class Shot(NamedTuple):
    """The last frame of a clip: blurred, sharpened, restored, sharp (h, w, 3), and how far each pixel moved (h, w)."""

    pictures: dict[str, np.ndarray]
    moved_px: np.ndarray


def shot(network: object, seed: int, speed: float, start_s: float = 2.0) -> Shot:
    """Render, expose, restore."""
    scene, times = Scene(seed), start_s + speed * np.arange(FRAMES) / FPS
    exposure = OPEN * speed / FPS
    blurred = [render(scene, WIDTH, HEIGHT, t, exposure_s=exposure) for t in times]
    restored = np.clip(list(restore_frames(blurred, network))[-1], 0, 1)
    motion, _ = flow(scene, WIDTH, HEIGHT, times[-1] - exposure / 2, times[-1] + exposure / 2)
    sharpened = np.clip(unsharp_mask(blurred[-1:], 0.3)[0], 0, 1)
    sharp = render(scene, WIDTH, HEIGHT, times[-1])
    return Shot({"blurred": blurred[-1], "unsharp 0.3": sharpened, "stfan-s": restored, "sharp": sharp},
                np.hypot(*np.moveaxis(motion, -1, 0)))


def table(shots: list[Shot]) -> str:
    """PSNR of all pixels of a class, and the overshoot at edges of whole pictures."""
    moved = np.stack([shot.moved_px for shot in shots])
    names = [name for name in shots[0].pictures if name != "sharp"]
    stacks = {name: np.stack([shot.pictures[name] for shot in shots]) for name in shots[0].pictures}
    levels = {name: luma(to_8bit(x)).astype(np.float64) for name, x in stacks.items()}
    rows = []
    for low, high in zip(EDGES_PX, EDGES_PX[1:]):
        inside = (moved >= low) & (moved < high)
        errors = [np.square(levels[name] - levels["sharp"])[inside].mean() for name in names]
        found = [10 * np.log10(255 ** 2 / error) for error in errors]
        title = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} and more"
        rows.append([title, f"{inside.mean():.0%}", *(f"{x:.2f}" for x in found), f"{found[-1] - found[0]:+.2f}"])
    rims = [f"{overshoot(stacks[name], stacks['sharp']) * 100:.2f}" for name in names]
    rows.append(["overshoot %", "", *rims, ""])
    header = ["moved in the exposure, pixels", "of all pixels", *names, "gain"]
    return markdown(header, rows, right=set(range(1, len(header))))


def draw(name: str, taken: Shot, moved_px: float) -> None:
    """Whole frames, and the detail with the most drawing in it whose pixels moved about so far."""
    drawing = gaussian_filter(gaussian_gradient_magnitude(taken.pictures["sharp"].mean(-1), 1), REACH / 2)
    alike = gaussian_filter((np.abs(taken.moved_px / moved_px - 1) < 0.4).astype(np.float32), REACH / 2)
    worth = (drawing * alike ** 2)[REACH:-REACH, REACH:-REACH]
    row, column = np.unravel_index(np.argmax(worth), worth.shape)
    strip(name, list(taken.pictures.items()), at=(int(row) + REACH, int(column) + REACH), reach=REACH)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", help="another weight file for stfan-s")
    parser.add_argument("--table", action="store_true", help="only the table")
    args = parser.parse_args()
    network = load_network("stfan-s", args.weights)
    shots = {(seed, speed): shot(network, seed, speed) for seed in SEEDS for speed in SPEEDS}
    print(table(list(shots.values())))
    if not args.table:
        for name, (seed, speed, moved_px) in SHOWN.items():
            draw(name, shots[seed, speed], moved_px)


if __name__ == "__main__":
    main()
