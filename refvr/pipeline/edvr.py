"""EDVR over a clip: which frames a window has, features kept between windows, flips, two stages.

The authors' driver cuts every window anew, so each frame's features are computed T times. Here they are computed once;
they depend on the frame alone, so the bits of the result are the same (a test compares).

Windows at the ends of a clip, centre i, reach h = T // 2, last = n - 1; index j stands for

    border               j < 0          j > last                    i = 0, T = 5
    "replicate"          0              last                        0 0 0 1 2
    "reflection"         -j             2 last - j                  2 1 0 1 2
    "reflection_circle"  i + h - j      (i - h) - (j - last)        4 3 0 1 2
    "circle"             T + j          j - T                       3 4 0 1 2

On clips shorter than T these leave the clip, and the authors' code fails; here they are mirrored back into it.
Source: XPixelGroup/BasicSR, basicsr/data/data_util.py, generate_frame_indices; the flips and the second stage:
xinntao/EDVR, branch old_version, codes/test_Vid4_REDS4_with_GT.py ("new_info" there is "reflection_circle").
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from refvr.autodiff.tape import array_of
from refvr.errors import InputError
from refvr.networks.edvr import Pyramid
from refvr.pipeline.driver import Driver, Ensemble
from refvr.pipeline.frames import checked
from refvr.pipeline.pad import crop, pad_to_multiple
from refvr.pipeline.windows import reflect_whole
from refvr.plan.graph import Like
from refvr.plan.memory import Planned

if TYPE_CHECKING:
    from refvr.networks.edvr import EDVR

BORDERS = ("replicate", "reflection", "reflection_circle", "circle")
FLIPS = ((), (1,), (0,), (0, 1))  # axes of a frame (h, w, c): as it is, left and right, top and bottom, both


def frame_indices(i: int, n: int, size: int, border: str) -> list[int]:
    """The table above for the window of `size` frames around frame i of n; may leave the clip where n < size."""
    if border not in BORDERS or size % 2 == 0:
        raise InputError(f"EDVR window: got border {border!r} and {size} frames, expected one of {', '.join(BORDERS)} "
                         "and an odd number")
    h, last = size // 2, n - 1
    before: Callable[[int], int] = {"replicate": lambda j: 0, "reflection": lambda j: -j,
                                    "reflection_circle": lambda j: i + h - j, "circle": lambda j: size + j}[border]
    beyond: Callable[[int], int] = {"replicate": lambda j: last, "reflection": lambda j: 2 * last - j,
                                    "reflection_circle": lambda j: (i - h) - (j - last),
                                    "circle": lambda j: j - size}[border]
    return [before(j) if j < 0 else beyond(j) if j > last else j for j in range(i - h, i + h + 1)]


def centred_windows(frames: Iterable[Any], size: int, border: str, start: int = 0
                    ) -> Iterator[tuple[list[int], dict[int, Any]]]:
    """For every frame of a stream, from `start` on, its window: (indices of the frames, all frames held by index).

    At most about two windows are held. The dictionary changes with the next window.
    """
    stream, h = enumerate(frames), size // 2
    held: dict[int, Any] = {}
    read, i, ended = 0, 0, False
    while not ended or i < read:
        ahead = max(i + h, size - 1) if i < h else i + h   # the borders reach a window into the clip
        while not ended and read <= ahead:
            following = next(stream, None)
            ended = following is None
            if following is not None:
                held[read] = following[1]
                read += 1
        if start <= i < read:   # where the stream has not ended, `read` is as good as its length: no index goes beyond
            yield [reflect_whole(j, read) for j in frame_indices(i, read, size, border)], held
        i += 1
        for gone in [j for j in held if j < i - 2 * h]:
            del held[gone]


def restore_edvr(net: EDVR, frames: Iterable[np.ndarray], *, ensemble: bool = False, start: int = 0
                 ) -> Iterator[np.ndarray]:
    """Super-resolve or deblur a stream of (h, w, 3) arrays in [0, 1] and of one size (pipeline/frames.py).

    ensemble  mean of the four flips of every window, four times the work
    start     results before this number are neither computed nor given
    Yields (4h, 4w, 3), or (h, w, 3) with hr_in, in [0, 1], for each frame of any clip of any size.
    """
    config = net.config
    if config.reference != config.frames // 2:
        raise InputError(f"EDVR: got centre {config.reference} of {config.frames} frames, expected the middle one: the "
                         "borders of a clip are defined for it alone", fix="call the network with your own windows")
    flips = FLIPS if ensemble else FLIPS[:1]
    kept: list[dict[int, Pyramid]] = [{} for _ in flips]
    parts = Parts(Planned(net.extract, stores=True), Planned(net.fuse, stores=True), Planned(net.reconstruct))
    for indices, held in centred_windows(checked(frames, net), config.frames, config.border, start):
        h, w, _ = held[indices[0]].shape
        padded = {j: pad_to_multiple(held[j], config.multiple) for j in set(indices)}   # (h', w', 3)
        y: np.ndarray | None = None
        for flip, features in zip(flips, kept):
            beside = sum(_bytes(others) for others in kept if others is not features) + (0 if y is None else y.nbytes)
            one = _restore(parts, indices, padded, flip, features, beside)
            y = one if y is None else np.add(y, one, out=y)
            del one
        assert y is not None
        y /= y.dtype.type(len(flips))
        yield crop(np.clip(y, 0, 1, out=y), config.scale * h, config.scale * w)
        del y  # before the next window is computed


class Parts(NamedTuple):
    """The three pages of a network, each of which keeps to the memory in force."""

    extract: Planned
    fuse: Planned
    reconstruct: Planned


def _restore(net: Parts, indices: list[int], frames: dict[int, np.ndarray], flip: tuple[int, ...],
             features: dict[int, Pyramid], beside: int) -> np.ndarray:
    """The centre of one window, flipped on the way; `features` keeps what other windows need again.

    beside  bytes that are kept for other flips
    """
    def flipped(frame: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.flip(frame, flip))

    for gone in features.keys() - set(indices):   # borders that need one again, at the end of a clip, compute it again
        del features[gone]
    for j in indices:
        if j not in features:
            features[j] = net.extract(flipped(frames[j])[None], held=_bytes(features) + beside)
    centre = flipped(frames[indices[len(indices) // 2]])[None]                       # (1, h', w', 3)
    fused = net.fuse([features[j] for j in indices], held=beside)
    return flipped(net.reconstruct(fused, centre, held=_bytes(features) + beside)[0])         # (4h', 4w', 3)


def _bytes(features: dict[int, Pyramid]) -> int:
    return sum(array_of(level).nbytes for pyramid in features.values() for level in pyramid)


def restore_two_stages(first: EDVR, second: EDVR, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The entry of the 2019 challenge: flips in the first stage, 8-bit pictures between, a second network over them."""
    between = (np.rint(y * y.dtype.type(255)) / y.dtype.type(255) for y in restore_edvr(first, frames, ensemble=True))
    return restore_edvr(second, between)


def _ensemble(net: EDVR, image: Callable[..., Like]) -> Ensemble:
    """Features of the frames of a window for three more flips, and the sum of the results."""
    config, (_, h, w, c) = net.config, image().shape
    size = 4 if config.hr_in else 1
    features = [image(config.features, size * level, kept=True) for level in (1, 2, 4)] * config.frames
    total = image()._replace(shape=(1, h * config.scale, w * config.scale, c))
    return Ensemble(len(FLIPS), (*features * (len(FLIPS) - 1), total))


DRIVER = Driver(restore_edvr, ("ensemble",), ensemble=_ensemble)
