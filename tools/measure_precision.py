"""What precision "winograd" costs: errors of single layers, and restored 8-bit frames, against float64.

    python tools/measure_precision.py CLIP... --models remonet-s fastdvdnet --frames 5 --size 192x128
    python tools/measure_precision.py CLIP... --models remonet --weights remonet.pth

A model without weights of its own gets random ones. Denoisers see the clip with noise of sigma 25. For each model:

    layers   over all 3x3 convolutions that the Winograd algorithm computes on this clip: root mean square error
             against float64, relative to the root mean square of the result, by direct sums and by Winograd, the
             median; and the largest ratio of the two
    frames   of all 8-bit samples the share that differs from those of float64, and by how many levels at most, in
             the precisions winograd and direct
"""
from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from refvr import zoo
from refvr.degrade.noise import gaussian
from refvr.errors import WeightsError
from refvr.media import open_reader
from refvr.ops.kernels import winograd
from refvr.ops.kernels.conv_forward import correlate
from refvr.pipeline.chosen import arithmetic
from refvr.pipeline.drivers import restore_frames, takes_sigma

SIGMA = 25.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+")
    parser.add_argument("--models", nargs="+", required=True)
    parser.add_argument("--weights", help="for the only model")
    parser.add_argument("--frames", type=int, default=5)
    parser.add_argument("--size", default="192x128", help="of the middle of each frame")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    for name in args.models:
        net, double = loaded(name, args.weights), loaded(name, args.weights).astype(np.float64)
        layers: list[tuple[float, float]] = []
        counts = {"winograd": [0, 0, 0], "direct": [0, 0, 0]}
        for clip in args.clips:
            frames = middle(clip, args.frames, width, height)
            if zoo.row_of(name).task == "denoise":
                frames = list(gaussian(iter(frames), SIGMA, 20))
            truth = restored(double, frames, "float64")
            for precision, count in counts.items():
                with listening(layers if precision == "winograd" else []):
                    levels = np.abs(restored(net, frames, precision) - truth)
                count[0] += levels.size
                count[1] += np.count_nonzero(levels)
                count[2] = max(count[2], int(levels.max()))
        report(name, layers, counts)


def report(name: str, layers: list[tuple[float, float]], counts: dict[str, list[int]]) -> None:
    direct, short = np.median(layers, axis=0) if layers else (np.nan, np.nan)
    ratio = max((b / a for a, b in layers if a), default=np.nan)
    print(f"{name}: {len(layers)} layers, error direct {direct:.1e}, Winograd {short:.1e}, ratio at most {ratio:.2f}")
    for precision, (samples, differ, most) in counts.items():
        print(f"    {precision:8} {differ} of {samples} samples differ ({differ / samples:.4%}), by {most} at most",
              flush=True)


def loaded(name: str, weights: str | None) -> Any:
    try:
        return zoo.load(name, weights)
    except WeightsError:
        return zoo.build(name).init(np.random.default_rng(0))


def middle(clip: str, count: int, width: int, height: int) -> list[np.ndarray]:
    with open_reader(Path(clip)) as reader:
        frames = [frame.rgb for frame in islice(reader, count)]
    top, left = (max(0, (size - wanted) // 2) for size, wanted in zip(frames[0].shape, (height, width)))
    return [np.ascontiguousarray(frame[top:top + height, left:left + width]) for frame in frames]


def restored(net: Any, frames: list[np.ndarray], precision: str) -> np.ndarray:
    """8-bit samples, as integers that may be subtracted."""
    with arithmetic(precision):
        result = np.stack(list(restore_frames(frames, net, sigma=SIGMA if takes_sigma(net) else None)))
    return np.rint(np.clip(result, 0, 1) * 255).astype(np.int16)


@contextmanager
def listening(layers: list[tuple[float, float]]) -> Iterator[None]:
    """Every convolution by Winograd inside is computed by direct sums and in float64 too; `layers` gets both errors."""
    original = winograd.correlate

    def both(x: np.ndarray, weight: np.ndarray, size: tuple[int, int], offset: tuple[int, int], **options: Any
             ) -> np.ndarray:
        y = original(x, weight, size, offset, **options)
        wide = {key: value.astype(np.float64) if isinstance(value, np.ndarray) else value
                for key, value in options.items()}
        truth = correlate(x.astype(np.float64), weight.astype(np.float64), size, offset, **wide)
        direct = correlate(x, weight, size, offset, **options)
        scale = np.sqrt(np.mean(truth ** 2))
        if scale > 0:
            layers.append(tuple(float(np.sqrt(np.mean((found - truth) ** 2)) / scale) for found in (direct, y)))
        return y

    winograd.correlate = both
    try:
        yield
    finally:
        winograd.correlate = original


if __name__ == "__main__":
    main()
