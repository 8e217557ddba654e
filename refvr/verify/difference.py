"""How far two arrays are apart, the one measure that `verify`, `compare` and `bounds` share.

Those who ask want different things of it. A case asks for a bound: is every element within its tolerance, and which one
uses up most of it? `cases/checked.py` adds that, and decibels, in which restoration is judged. A comparison asks for an
order: which of two layers is further off, whatever their scales (rms_rel, cosine), of arrays that are read a piece at
a time (`compare/pieces.py`), and where noise is to be measured there.

The same for both is what counts as a difference: none where both are the same infinity or both NaN, an infinite one
where only one is finite; peaks and sums are of what is finite.
"""
from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from refvr.types import DType


@dataclass(frozen=True)
class Difference:
    """Of theirs against ours: of what was computed against what is right.

    max_abs, max_rel   largest difference, and that over the peak of ours; infinite where only one of both is finite
    rms_rel            root mean square difference over that of ours
    ulp_*              in units of the last place of ours, at each element: percentiles, and the largest
    cosine             of the angle between both, 1 where they agree
    nan, inf           how many of theirs are not numbers, or infinite, where any difference is not finite
    peak               largest finite magnitude of ours
    """

    max_abs: float
    max_rel: float
    rms_rel: float
    ulp_50: float
    ulp_99: float
    ulp_max: float
    cosine: float
    nan: int
    inf: int
    peak: float

    @property
    def spoiled(self) -> bool:
        """Whether theirs is NaN or infinite where ours is not."""
        return self.max_abs == np.inf and self.nan + self.inf > 0


class Sums:
    """What a difference is made of: sums and largest values of two float64 arrays, whole or in pieces."""

    def __init__(self) -> None:
        self.worst = self.peak = self.square = self.ours = self.theirs = self.both = 0.0
        self.nan = self.inf = self.count = 0

    def add(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Take a piece of theirs and of ours; returns |x - y|, as the module says of what is not finite."""
        self.count += y.size
        with np.errstate(invalid="ignore", over="ignore"):
            d = np.abs(x - y)
        if np.isfinite(d.max(initial=0)):   # then all of x and y is
            self._sum(x, y, d)
            return d
        self.nan += int(np.isnan(x).sum())
        self.inf += int(np.isinf(x).sum())
        d = np.where(_same(x, y), 0.0, np.nan_to_num(d, nan=np.inf, posinf=np.inf))
        self._sum(np.nan_to_num(x, posinf=0, neginf=0), np.nan_to_num(y, posinf=0, neginf=0), d)
        return d

    def _sum(self, x: np.ndarray, y: np.ndarray, d: np.ndarray) -> None:
        """Finite x and y, and their difference."""
        self.worst = max(self.worst, float(d.max(initial=0)))
        self.peak = max(self.peak, float(np.abs(y).max(initial=0)))
        with np.errstate(over="ignore"):
            self.square += float((d * d).sum())
            self.ours += float((y * y).sum())
            self.theirs += float((x * x).sum())
            self.both += float((x * y).sum())

    def difference(self, ulps: np.ndarray) -> Difference:
        """Of all that was added; `ulps` of all elements, or of a sample of them."""
        nothing = 0.0 if self.worst == 0 else float("inf")
        max_rel = self.worst / self.peak if self.peak else nothing
        rms_rel = float(np.sqrt(self.square / self.ours)) if self.ours and isfinite(self.square) else nothing
        scale = np.sqrt(self.ours * self.theirs)
        cosine = self.both / scale if scale else float(self.ours == self.theirs)
        middle, high, most = percentiles(ulps)
        return Difference(self.worst, max_rel, rms_rel, middle, high, most, float(min(1.0, cosine)),
                          self.nan, self.inf, self.peak)

    def decibels(self) -> float | None:
        """20 log10(peak / root mean square difference); None where there is no difference at all."""
        if not self.square:
            return None
        with np.errstate(divide="ignore"):
            return float(20 * np.log10(self.peak / np.sqrt(self.square / self.count)))


def percentiles(values: np.ndarray) -> tuple[float, float, float]:
    """That half, and 99 %, of all values do not exceed, each one of the values (the lower of two), and the largest."""
    if not values.size:
        return 0.0, 0.0, 0.0
    middle, high = (int((values.size - 1) * q) for q in (0.5, 0.99))
    ordered = np.partition(values, (middle, high), axis=None)   # numpy.percentile takes ten times as long
    return float(ordered[middle]), float(ordered[high]), float(values.max())


def ulps(x: np.ndarray, y: np.ndarray, dtype: DType = np.float32) -> np.ndarray:
    """|x - y| in units of the last place of y, those of `dtype`."""
    with np.errstate(invalid="ignore", over="ignore"):
        unit = np.spacing(np.abs(np.nan_to_num(y, posinf=0, neginf=0)).astype(dtype)).astype(np.float64)
        d = np.where(_same(x, y), 0.0, np.abs(x - y) / unit)
    return np.nan_to_num(d, nan=np.inf, posinf=np.inf)


def _same(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where both are equal, infinities and NaN too."""
    return (x == y) | (np.isnan(x) & np.isnan(y))
