"""Which of a port's values are ours, judged by the values themselves: samples at the same places.

A right value of a right port differs from ours by rounding, and no other value of the network comes so near; so what is
near is paired whatever it is called. What a mistake has changed is near nothing and is left to names and order.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from refvr.verify.compare.channel_orders import Order, orders_of
from refvr.verify.compare.layout_search import canonical, fits, in_our_layout, sample_places
from refvr.verify.compare.pieces import pieces
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.tracing import Named

SAMPLES = 600
# root mean square difference over the deviation of ours
RIGHT = 3e-6       # right to rounding
CLOSE = 1e-3       # rounding, or a mistake that hardly matters: no other value of a network comes so near
NEAR = 0.05        # half precision, a small mistake; a neighbour in a chain of residual blocks may be as near


class Place(NamedTuple):
    """A named value of ours: where it is, its shape, and values at `sample_places` of its canonical shape.

    early  the same before its activation and before what is added to it, where there is such a stage
    """

    named: Named
    shape: tuple[int, ...]
    sample: np.ndarray
    early: np.ndarray | None = None


class Reading(NamedTuple):
    """How a value of theirs can be read as one of ours, and how far it is from it then.

    distance  as RIGHT, CLOSE and NEAR are; of the nearest of ours, ours before its activation, ours after a ReLU
    likeness  correlation with ours
    early     it is nearest to ours before its activation;  clipped: to ours after a ReLU
    """

    axes: str
    order: Order
    distance: float
    likeness: float
    early: bool = False
    clipped: bool = False


def sample_of(value: np.ndarray) -> np.ndarray:
    """What a Place keeps of a value of ours."""
    shape = canonical(value.shape)
    return value.reshape(shape)[sample_places(shape, SAMPLES)]


class Nearness:
    """For every pair of names, the best reading. Each value of theirs is read once, one at a time."""

    def __init__(self, places: Sequence[Place], theirs: Arrays, network: str) -> None:
        self._found: dict[str, dict[str, Reading]] = defaultdict(dict)   # theirs -> ours -> reading
        self.not_finite: set[str] = set()   # of theirs, values with NaN or infinity
        self._groups: dict[tuple[tuple[int, ...], tuple[Order, ...]], list[Place]] = defaultdict(list)
        for place in places:
            orders = orders_of(network, place.named.base, place.shape[-1] if place.shape else 1)
            self._groups[place.shape, tuple(orders)].append(place)
        shapes = {place.shape for place in places}
        for name, entry in theirs.entries.items():
            hypotheses = {shape: fits(entry.shape, shape) for shape in shapes}
            if any(hypotheses.values()):
                value = theirs[name]
                if not all(np.isfinite(value[part]).all() for _, part in pieces(value.shape)):
                    self.not_finite.add(name)
                self._add(name, value, hypotheses)

    def of(self, theirs: str) -> dict[str, Reading]:
        """ours -> the best reading of a value of theirs, for all of ours with such a shape."""
        return self._found.get(theirs, {})

    def within(self, theirs: str, ours: str, most: float) -> bool:
        """Whether a pair can be read so that the distance is below `most`."""
        reading = self.of(theirs).get(ours)
        return reading is not None and reading.distance < most

    def nearest(self, theirs: str) -> float:
        """Distance of a value of theirs from whatever of ours it is nearest to."""
        return min((reading.distance for reading in self.of(theirs).values()), default=np.inf)

    def _add(self, name: str, value: np.ndarray, hypotheses: dict[tuple[int, ...], list[str]]) -> None:
        for (shape, orders), places in self._groups.items():
            for axes in hypotheses[shape]:
                ours = in_our_layout(value, axes, shape)
                for order in orders:
                    sample = sample_of(ours if order is None else ours[..., list(order)])
                    self._compare(name, places, axes, order, sample.astype(np.float64))

    def _compare(self, name: str, places: Sequence[Place], axes: str, order: Order, sample: np.ndarray) -> None:
        """The readings of one sample of theirs as each of the places."""
        ours = np.stack([place.sample for place in places]).astype(np.float64)                  # (places, samples)
        early = np.stack([place.sample if place.early is None else place.early for place in places])
        finite = np.isfinite(sample)
        if name in self.not_finite and 2 * finite.sum() > finite.size:   # the others tell which value it is
            ours, early, sample = ours[:, finite], early[:, finite], sample[finite]
        final, late = _distance(ours, sample), _distance(np.maximum(ours, 0), sample)
        before = _distance(early.astype(np.float64), sample)
        likeness = _correlation(ours, sample)
        found = self._found[name]
        for place, far, cut, there, alike in zip(places, final, late, before, likeness):
            far, is_clipped = min(far, cut), bool(cut < far)
            far, is_early = min(far, there), bool(there < far)
            known = found.get(place.named.name)
            if known is None or (far, -abs(alike)) < (known.distance, -abs(known.likeness)):
                found[place.named.name] = Reading(axes, order, float(far), float(alike), is_early,
                                                  is_clipped and not is_early)


def distance(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Root mean square difference of two samples over the deviation of ours."""
    return float(_distance(ours.astype(np.float64)[None], theirs.astype(np.float64))[0])


def _distance(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(places, samples), (samples) -> (places); infinite where ours does not vary or something is not finite."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        off = np.sqrt(np.mean((ours - theirs) ** 2, axis=1)) / ours.std(axis=1)
    return np.where(np.isfinite(off), off, np.inf)


def _correlation(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(places, samples), (samples) -> (places); 0 where one of both does not vary or is not finite."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        a, b = ours - ours.mean(axis=1, keepdims=True), theirs - theirs.mean()
        found = (a @ b) / np.sqrt((a * a).sum(axis=1) * (b * b).sum())
    return np.where(np.isfinite(found), found, 0.0)
