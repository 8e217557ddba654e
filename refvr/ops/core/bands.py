"""Shape and row rules: what a plan has to know of an operation to lay out a network before anything is computed.

    shape(*shapes, **options) -> shape of the result      of operands' shapes, None where an operand is absent
    rows(*operands, **options) -> Bands, or None          of operands' `Rows`: shape, and which axis is an image's rows

A row rule says which rows of operands a range of rows of the result needs. Rows start .. stop - 1 of the result need

    floor(start * per) - above  ..  ceil(stop * per) + below - 1        of an operand; those outside are its border

so that an image can go through an operation band by band, with the bits of the whole. None says that there is no such
rule here: the operation needs all rows at once, or it has no rows.
"""
from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

Shape = tuple[int, ...]


class Rows(NamedTuple):
    """An operand as row rules see it: its shape, and the axis of its rows; None: it has none, as weights."""

    shape: Shape
    axis: int | None


class Reach(NamedTuple):
    """Which rows of one operand are needed (formula above). axis: where its rows are; per: its rows for one of ours."""

    axis: int
    per: Fraction | int = 1
    above: int = 0
    below: int = 0


class Band(NamedTuple):
    """Rows start .. stop - 1 of the result.

    tops     number of the first row of each operand's part; 0 where all of an operand is given
    outside  rows of each part that would lie above and below the image
    """

    start: int
    stop: int
    tops: tuple[int, ...]
    outside: tuple[tuple[int, int], ...]


class Bands(NamedTuple):
    """How an operation runs band by band.

    axis     of the rows in the result
    reach    of each operand; None: all of it is needed
    tile     bands begin at multiples of so many rows of the result
    compute  (band, *parts, **options) -> the result's rows from band.start on; None: the parts are an image of their
             own, of whose result the rows that saw a cut are left out
    """

    axis: int
    reach: tuple[Reach | None, ...]
    tile: int = 1
    compute: Callable[..., np.ndarray] | None = None


def same_shape(x: Shape, *others: Shape | None, **options: object) -> Shape:
    """Shape rule: that of the first operand."""
    return x


def broadcast_shape(*shapes: Shape, **options: object) -> Shape:
    """Shape rule: what the operands' shapes broadcast to."""
    return np.broadcast_shapes(*shapes)


def no_shape(*shapes: Shape | None, **options: object) -> Shape:
    """Shape rule of losses: a single value."""
    return ()


def each_row(*operands: Rows | None, **options: object) -> Bands | None:
    """Row rule of what looks at each element or pixel alone; operands broadcast, aligned at the last axis."""
    first = next((x for x in operands if x is not None and x.axis is not None), None)
    if first is None or first.axis is None or first.axis == len(first.shape) - 1:
        return None
    from_end = len(first.shape) - first.axis  # the rows' axis, counted from the end
    most = max(len(x.shape) for x in operands if x is not None)
    rows = first.shape[first.axis]

    def reach(x: Rows | None) -> Reach | None:
        has = x is not None and len(x.shape) >= from_end and x.shape[-from_end] == rows
        return Reach(len(x.shape) - from_end) if x is not None and has else None

    return Bands(most - from_end, tuple(map(reach, operands)))
