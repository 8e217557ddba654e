"""SAFA by bands of rows: the refinement and the entrance of the decoder, for a pair that nobody watches.

What a step sees has 247 channels at half the size of the frames, 233 MB for 1280x720, and two thirds of them are
features that were fetched along the flow a moment before. Here these exist for a few rows at a time: they are fetched,
looked at by the selector, brought to the step's scale and taken in by its first convolution while they are in the
cache. Bands begin where blocks of 4 x 4 rows and tiles of Winograd's begin, also at a quarter of the scale, so the bits
are those of networks/safa.py. Where a step's scale depends on what its selector says, its bands are made twice.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from refvr import ops
from refvr.ops.kernels import bilinear
from refvr.ops.route import BRANCHES, FIXED, Rule, decide, taken
from refvr.ops.warp import places
from refvr.plan.by_hand.bands import Banded, Step, through_parts, watched

ROWS = 32  # of features in a band; a multiple of 16
Bands = Callable[[], Iterator[np.ndarray]]  # from the top, ROWS rows each, the last one fewer


def fits(net: Any, image: Any) -> bool:
    """One pair, and nobody who keeps what is in between."""
    return len(image) == 1 and not watched(image, net)


def fuse(net: Any, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`SAFA.fuse` of (1, h, w, c) twice, which are never joined whole where it `fits`."""
    if not fits(net, a):
        return net.fuse(a, b)
    def joined() -> Iterator[np.ndarray]:
        for rows in _rows(a.shape[1]):
            yield ops.concat(a[:, rows], b[:, rows])

    return through_parts(joined(), [Banded(net.pair.conv), _each(net.pair.act)], a.shape[1])


def at(net: Any, image0: Any, image1: Any, a: Any, b: Any, feature: Any, times: np.ndarray,
       rule: Callable[[int], Rule], motion: Any = None) -> tuple[Any, np.ndarray, np.ndarray]:
    """`SAFA.at`."""
    if not fits(net, image0):
        return net.at(image0, image1, a, b, feature, times, rule, motion)
    t = net.time_map(times, a)
    flow, probabilities, decisions = _refine(net, a, b, feature, t, rule, net.first_flow(motion, times, image0))
    return net.blend(image0, image1, flow, _residual(net, a, b, flow, t)), probabilities, decisions


def _refine(net: Any, a: np.ndarray, b: np.ndarray, feature: np.ndarray, t: np.ndarray, rule: Callable[[int], Rule],
            flow: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The final flow (1, h, w, 6) from the first, probabilities and decisions (blocks, 1, 2); see `SAFA.at`."""
    h, probabilities, decisions = a.shape[1], [], []
    for k, block in enumerate(net.blocks):
        small = ops.resize_bilinear(flow, scale=0.5)
        fetched = _fetched(a, b, small, net.config.coordinates)
        y, p, decision = _step(net.selector, block, _seen(feature, small, fetched, t), h, rule(k))
        feature = None  # large, and no longer needed
        scale = block.scales[BRANCHES[taken(decision)[0]]]
        for residual in block.body:
            y = residual(y)
        feature = y if scale == 1 else ops.resize_bilinear(y, scale=1 / scale)
        del y
        flow = flow + ops.pixel_shuffle(net.update(feature), 2)
        probabilities.append(p)
        decisions.append(decision)
    return flow, np.stack(probabilities), np.stack(decisions)


def _residual(net: Any, a: np.ndarray, b: np.ndarray, flow: np.ndarray, t: np.ndarray) -> np.ndarray:
    """What the decoder adds to the blend, (1, h, w, 3); what it sees exists by bands."""
    fetched = _fetched(a, b, ops.resize_bilinear(flow, scale=0.5), net.config.coordinates)

    def seen() -> Iterator[np.ndarray]:
        for rows in _rows(a.shape[1]):
            yield ops.concat(t[:, rows], *fetched(rows))                       # t comes first here

    entry = net.decoder.entry
    return net.decoder.inside(through_parts(seen(), [Banded(entry.conv), _each(entry.act)], a.shape[1] // 2))


def _step(selector: Any, block: Any, bands: Bands, height: int, rule: Rule) -> tuple[np.ndarray, ...]:
    """The first convolution of a block at its scale, the selector's probabilities and the decision (1, 2)."""
    known = isinstance(rule, str) and rule in FIXED
    looked: list[np.ndarray] = []

    def watched() -> Iterator[np.ndarray]:
        for band in bands():
            looked.append(selector.look(band))
            yield band

    y = _enter(block.entry, watched(), height, block.scales[rule]) if known else [None for _ in watched()]
    p = selector.judge(ops.concat(*looked, axis=1))
    decision = decide(p, rule)
    if not known:
        y = _enter(block.entry, bands(), height, block.scales[BRANCHES[taken(decision)[0]]])
    return y, p, decision


def _enter(entry: Any, bands: Iterator[np.ndarray], height: int, scale: float) -> np.ndarray:
    steps: list[Step] = [Banded(entry.conv), _each(entry.act)]
    if scale != 1:
        steps.insert(0, _each(lambda band: ops.resize_bilinear(band, scale=scale)))
    return through_parts(bands, steps, int(height * scale))


def _seen(feature: np.ndarray, small: np.ndarray, fetched: Callable[[slice], Sequence[np.ndarray]], t: np.ndarray
          ) -> Bands:
    """Bands of what a step sees: (1, rows, w, 3c+7)."""
    def bands() -> Iterator[np.ndarray]:
        for rows in _rows(feature.shape[1]):
            yield ops.concat(feature[:, rows], small[:, rows], *fetched(rows), t[:, rows])

    return bands


def _fetched(a: np.ndarray, b: np.ndarray, small: np.ndarray, coordinates: str
             ) -> Callable[[slice], tuple[np.ndarray, ...]]:
    """Rows -> both features fetched along the flow, `SAFA._fetch`."""
    last = np.array(small.shape[1:3]) - 1.0
    at = [np.clip(places(small[..., k:k + 2] * 0.5, coordinates), 0, last) for k in (0, 2)]
    return lambda rows: tuple(bilinear.sample(x, place[:, rows]) for x, place in zip((a, b), at))


def _rows(height: int) -> Iterator[slice]:
    return (slice(top, min(top + ROWS, height)) for top in range(0, height, ROWS))


def _each(f: Callable[[np.ndarray], np.ndarray]) -> Step:
    """A step that looks at each pixel, or each block of 4 x 4, alone."""
    return lambda band, last: f(band) if band.shape[1] else band
