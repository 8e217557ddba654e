"""DUF over a clip: a window of seven frames around every frame.

Beyond the ends of a clip the authors' test.py sees three black frames on either side (border "zero", the default). The
other borders are those of pipeline/edvr.py; BasicSR runs DUF with "reflection_circle". All take clips of any length.

The answer lies on the grid of DUF's own small frames, 1.5 pixels (x4) up and left of any other program's
(degrade/duf.py). `restore_duf` moves it to where the input lies; `official` leaves it. Measured in dB against the
clean frames (five clips, five frames of 384 x 288, no borders), for small frames that were made by a mean of s x s
pixels, by MATLAB's bicubic, and by DUF's Gaussian around the middle of those pixels:

                                  x2                        x4
    as it is                26.96  27.66  28.38       21.79  21.95  22.61
    mean of two pixels      33.56  33.69  33.01       27.92  28.11  28.23
    Keys' cubic, a = -1/2   32.75  33.44  33.86       27.65  27.92  28.30
    Lanczos, 3 lobes        31.86  33.08  34.06       27.53  27.82  28.28
    bicubic, no network     31.78  31.57  30.68       26.70  26.70  26.15

The mean of two is a blur, which makes up for inputs sharper than those of the training and costs most where they fit;
Keys' cubic is never the worst and never far from the best. Moving the small frames before the network instead loses 0.5
to 1.3 dB. For x3 the way is one whole pixel, and nothing is interpolated.
Source: yhjo09/VSR-DUF, test.py, mode L. Mode G, which makes the small frames itself: degrade/duf.py.
"""
from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from refvr.degrade.duf import offset_px
from refvr.errors import InputError
from refvr.pipeline.driver import Driver
from refvr.pipeline.edvr import BORDERS, centred_windows
from refvr.pipeline.enlarge import KERNELS
from refvr.pipeline.frames import checked
from refvr.pipeline.pieces import duf_window
from refvr.plan.memory import Planned

if TYPE_CHECKING:
    from refvr.networks.duf import DUF

_BLACK = -1  # index of a frame that is not there
_LINES = 64  # of a frame that are moved at a time


def upscale_duf(net: DUF, frames: Iterable[np.ndarray], *, border: str | None = None, clamp: bool = True,
                start: int = 0) -> Iterator[np.ndarray]:
    """Enlarge a stream of (h, w, 3) arrays in [0, 1] and of one size (pipeline/frames.py).

    border  "zero", "replicate", "reflection", "reflection_circle" or "circle"; None: that of the network's Config
    clamp   limit the result to [0, 1], as the authors' driver does before it writes
    start   results before this number are neither computed nor given
    Yields (s h, s w, 3) for each frame of any clip of any size.
    """
    run = Planned(duf_window(net))
    size, border = net.config.frames, border or net.config.border
    for window, pictures in window_frames(checked(frames, net), size, border, start):
        seen = [pictures[j][None] for j in window]                                      # 7 x (1, h, w, 3)
        y = run(seen)[0]                                                                # (s h, s w, 3)
        yield np.clip(y, 0, 1, out=y) if clamp else y
        del y  # before the next window is computed


def restore_duf(net: DUF, frames: Iterable[np.ndarray], *, official: bool = False, start: int = 0
                ) -> Iterator[np.ndarray]:
    """`upscale_duf` with every frame moved to where its input lies; `official`: left where the authors have it."""
    if official:
        yield from upscale_duf(net, frames, start=start)
        return
    for y in upscale_duf(net, frames, clamp=False, start=start):
        for lines in (y, y.swapaxes(0, 1)):  # in place and some lines at a time: these are the largest frames
            for k in range(0, lines.shape[1], _LINES):
                lines[:, k:k + _LINES] = moved(lines[:, k:k + _LINES], offset_px(net.config.scale), 0)
        yield np.clip(y, 0, 1, out=y)
        del y, lines  # before the next window is computed; a view holds it as well


def moved(x: np.ndarray, by: Fraction, axis: int) -> np.ndarray:
    """`x` moved by so many elements towards higher indices along an axis: y[p] = x[p - by].

    Between elements by Keys' cubic with a = -1/2; a whole number copies. The first and last element repeat.
    """
    keys, reach = KERNELS["bicubic"]
    first, size, y = math.floor(-by), x.shape[axis], np.zeros_like(x)
    for k in range(first + 1 - reach, first + 1 + reach):
        share = x.dtype.type(keys(np.array(float(k + by))))
        if share:
            y += share * np.take(x, np.clip(np.arange(size) + k, 0, size - 1), axis)
    return y


def window_frames(frames: Iterable[np.ndarray], size: int, border: str, start: int = 0
                  ) -> Iterator[tuple[list[int], dict[int, np.ndarray]]]:
    """For every frame of a stream, from `start` on, its window of `size`: (indices of frames, frames by index).

    The index -1 is a black one.
    """
    if border not in ("zero", *BORDERS):
        raise InputError(f"DUF: got border {border!r}, expected one of {', '.join(('zero', *BORDERS))}")
    inside = "replicate" if border == "zero" else border
    for i, (window, held) in enumerate(centred_windows(frames, size, inside, start), start):
        if border == "zero":  # an index that the rule had to change lay beyond the clip
            there = range(i - size // 2, i + size // 2 + 1)
            window = [j if j == wanted else _BLACK for j, wanted in zip(window, there)]
        yield window, held | {_BLACK: np.zeros_like(held[i])}


DRIVER = Driver(restore_duf, ("official",))
