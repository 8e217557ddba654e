"""What a driver is: one row, beside the loop over a clip that it names (edvr.py, safa.py ...)."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from refvr.media.clip import Frame
from refvr.nn.module import Module
from refvr.plan.graph import Like
from refvr.types import Options


def even_map(x: np.ndarray, sigma: float) -> np.ndarray:
    """(n, h, w, 1) for windows (n, t, h, w, 3): one level, 0 .. 255, that all frames have in common."""
    return np.full((len(x), *x.shape[2:-1], 1), sigma / 255, x.dtype)


def first_of_windows(net: Module, start: int, options: Options) -> int:
    """For networks that see a window: two windows before, so that no border of a shortened clip is seen."""
    size = net.config.frames
    return max(0, start - 2 * size) // size * size


class Ensemble(NamedTuple):
    """What the mean of several runs costs.

    runs  so many times the work
    kept  arrays that the driver keeps besides those of one run, while each is computed
    """

    runs: int = 1
    kept: tuple[Like, ...] = ()


@dataclass(frozen=True)
class Driver:
    """One row.

    run     (net, frames, **options) -> restored frames
    takes   names of the options that `run` knows; needs: those of them that must be given
    first   (net, start, options) -> the first frame that must be seen for the results from number `start` on
    carries whether `run` takes a Carry
    step    (net, options) -> a shot may be divided at multiples of so many frames without much being computed twice;
            None: not at all
    clip    (net, Frames, **options) -> Frames; None: every frame is answered by one
    ensemble   (net, image) -> what the option of that name costs; image as in pipeline/pieces.py
    noise_map  (x, sigma) -> the map of one level that a call takes beside windows, of networks that are told it
    """

    run: Callable[..., Iterator[np.ndarray]]
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    clip: Callable[..., Iterator[Frame]] | None = None
    first: Callable[[Any, int, Options], int] = first_of_windows
    carries: bool = False
    step: Callable[[Any, Options], int | None] = lambda net, options: 1
    ensemble: Callable[[Any, Callable[..., Like]], Ensemble] = lambda net, image: Ensemble()
    noise_map: Callable[[np.ndarray, float], np.ndarray] = even_map
