"""How far a quantised value is off as a whole, in steps of its grid, and which number of the graph makes it so.

Rounding moves each element by up to half a step, up or down, and the mean of a value by next to nothing. A zero point
that is wrong by one moves all of them by one step, which is less than rounding in the layers before may explain of a
single element. So the mean is judged by itself, against our run in int8 on the same grid.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from refvr.verify.compare.pieces import pieces
from refvr.verify.compare.ports.quantized import Grid

if TYPE_CHECKING:
    from refvr.verify.compare.lazy_arrays import LazyArray

ALLOWED = 0.75   # steps; healthy ports stay below 0.4, a zero point that is off by one comes to 1
LEFT = 1.0         # steps (root mean square) that rounding may leave of a value that is moved
ONE_CHANNEL = 0.8  # of the squared difference
UNEXPLAINED = 0.3  # of the squared difference that a factor may leave
FEWEST = 50      # elements that are not at an end of the grid, where everything is cut


def shift(theirs: np.ndarray | LazyArray, ours: np.ndarray, grid: Grid) -> float:
    """Mean of theirs - ours in steps of the grid; 0 where single elements are off by more than all of them are."""
    count, total, square = 0, 0.0, 0.0
    least, most = (k - grid.zero + side for k, side in ((grid.least, 1.5), (grid.most, -1.5)))
    for _, part in pieces(ours.shape):
        k = grid.rounded(np.asarray(ours[part], np.float64)) / grid.scale
        off = (np.asarray(theirs[part], np.float64) / grid.scale - k)[(k > least) & (k < most)]
        off = off[np.isfinite(off)]
        count, total, square = count + off.size, total + float(off.sum()), square + float((off * off).sum())
    if count < FEWEST:
        return 0.0
    mean = total / count
    return mean if mean * mean >= square / count - mean * mean else 0.0   # no less than the deviation


def reading(name: str, theirs: np.ndarray, ours: np.ndarray, grid: Grid) -> str:
    """Which of a graph's numbers makes such a value of what ours is, (..., c); "" where none of them does alone."""
    x, y = (np.asarray(v, np.float64).reshape(-1, v.shape[-1]) / grid.scale for v in (theirs, ours))
    inside = np.isfinite(x) & (x > grid.least - grid.zero + 1.5) & (x < grid.most - grid.zero - 1.5)
    if inside.sum() < FEWEST:
        return ""
    off = np.where(inside, x - y, 0.0)
    by_channel = (off * off).sum(0)
    only = int(by_channel.argmax())
    whole, alone = slice(None), by_channel[only] > ONE_CHANNEL * by_channel.sum() and len(by_channel) > 1
    mean = off.sum() / inside.sum()
    rest = np.sqrt((((off - mean) * inside) ** 2).sum() / inside.sum())
    factor = _factor(x, y, inside, [only] if alone else whole)
    if abs(mean) > ALLOWED and rest < LEFT:
        return (f"your {name} is off as a whole, by {mean:+.2g} steps of its grid, which rounding does not do: look at "
                "its zero point")
    if factor is None or abs(factor - 1) < 0.02:
        return ""
    place = f" in channel {only} alone: look at that channel's scale" if alone else \
        ": look at its scale, and at that of its weights"
    return f"your {name} is {factor:.3g} times ours but for what is added{place}"


def _factor(x: np.ndarray, y: np.ndarray, inside: np.ndarray, channels: list[int] | slice) -> float | None:
    """The a of x = a y + a number for each channel, where that leaves little; None otherwise."""
    x, y, inside = (v[:, channels] for v in (x, y, inside))
    count = np.maximum(inside.sum(0), 1)
    x, y = (np.where(inside, v - np.where(inside, v, 0).sum(0) / count, 0) for v in (x, y))
    size = float((y * y).sum())
    a = float((x * y).sum()) / size if size else 1.0
    left, before = (float(((x - k * y) ** 2).sum()) for k in (a, 1.0))
    return a if left < UNEXPLAINED * before else None
