"""A window of a run: the part of the picture where a difference is largest, for values too large to be held often.

What the subject is given is cut, and theirs with it, so every operation has its own operands; only at the window's
edges, where there is picture in truth, is a border. MARGIN pixels there are not looked at, which is further than
convolutions between two named values reach, and than most offsets do. Edges of the picture itself are looked at.
"""
from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from math import prod
from typing import Any, NamedTuple

import numpy as np

from refvr.ops.core.arena import let_go
from refvr.verify.compare.forced_run import Stop, at_stage, forced
from refvr.verify.compare.isolate import judge
from refvr.verify.compare.lazy_arrays import LazyArray
from refvr.verify.compare.pairs import Alignment, Pair
from refvr.verify.compare.patterns import largest_by_pixel
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.pre_activation import Stage
from refvr.verify.runs.tracing import Named

LARGE = 1 << 24                   # values; diagnosing smaller ones needs no window
SIDE, MARGIN, STEP = 64, 16, 16   # pixels of the input; windows begin at multiples of STEP, as strides want it


class Window(NamedTuple):
    """The run to diagnose in place of the whole; `keep`: the index of what is looked at; `says`: for people."""

    subject: Subject
    alignment: Alignment
    keep: tuple[Any, ...]
    says: str


@dataclass(frozen=True, kw_only=True)
class _Cut(Pair):
    """A pair of which both see `rows` and `columns` alone."""

    whole: Pair
    rows: slice
    columns: slice

    def read(self, theirs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Their value in the window."""
        value = self.whole.parts_of(theirs) if isinstance(theirs, Arrays) else self.whole.read(theirs)
        if isinstance(value, np.ndarray):
            return np.ascontiguousarray(value[..., self.rows, self.columns, :])
        return np.stack([value[n, self.rows][:, self.columns] for n in range(value.shape[0])])

    def parts_of(self, theirs: Arrays) -> np.ndarray:
        """A window is small: what `read` returns."""
        return self.read(theirs)


def window_of(subject: Subject, alignment: Alignment, theirs: Arrays, name: str,
              stage: str | None) -> Window | None:
    """A window around the largest difference at `name`; None where none is needed or values are no pictures."""
    shapes = [x.shape for x in subject.operands.values()] + [pair.shape for pair in alignment.pairs.values()]
    sizes = {x.shape[-3:-1] for x in subject.operands.values()}
    shape = alignment.pairs[name].shape
    if prod(shape) <= LARGE or len(sizes) != 1 or any(len(each) < 4 for each in shapes):
        return None
    (h, w), at = sizes.pop(), _farthest(subject, alignment, theirs, name, stage)
    rows, columns = (_around(place * size // whole, size) for place, size, whole in zip(at, (h, w), shape[-3:-1]))
    pairs: dict[str, _Cut] = {}
    for ours, pair in alignment.pairs.items():
        down, right = _scaled(rows, h, pair.shape[-3]), _scaled(columns, w, pair.shape[-2])
        if down is None or right is None:
            return None
        there = (*pair.shape[:-3], down.stop - down.start, right.stop - right.start, pair.shape[-1])
        pairs[ours] = _Cut(ours, there, pair.parts, pair.axes, pair.how, pair.order, pair.note, whole=pair, rows=down,
                           columns=right)
    cut = replace(subject, operands={key: np.ascontiguousarray(x[..., rows, columns, :])
                                     for key, x in subject.operands.items()})
    seen = _inner(rows, h, shape[-3]), _inner(columns, w, shape[-2])
    keep = (..., *(slice(part.start - whole.start, part.stop - whole.start)
                   for part, whole in zip(seen, (pairs[name].rows, pairs[name].columns))), slice(None))
    says = (f"of {name} only rows {seen[0].start} to {seen[0].stop - 1} and columns {seen[1].start} to "
            f"{seen[1].stop - 1} were looked at, around the largest difference: it has {prod(shape)} values")
    return Window(cut, Alignment({**pairs}, alignment.unknown, alignment.misfits), keep, says)


def _around(at: int, size: int) -> slice:
    """SIDE pixels or, at the end of the picture, some more, `at` well inside."""
    start = max(0, min(at - SIDE // 2, size - SIDE)) // STEP * STEP
    stop = start + SIDE
    return slice(start, size if size - stop < STEP else stop)


def _scaled(part: slice, whole: int, size: int) -> slice | None:
    """The same part where the picture has `size` pixels instead of `whole`; None if it falls between pixels."""
    if part.start * size % whole or part.stop * size % whole:
        return None
    return slice(part.start * size // whole, part.stop * size // whole)


def _inner(part: slice, whole: int, size: int) -> slice:
    """Without the margin, in pixels of a value of `size`; part, whole: of the input."""
    start = part.start + (MARGIN if part.start else 0)
    stop = part.stop - (MARGIN if part.stop < whole else 0)
    return slice(start * size // whole, stop * size // whole)


def _farthest(subject: Subject, alignment: Alignment, theirs: Arrays, name: str,
              stage: str | None) -> tuple[int, int]:
    """Row and column of the largest difference, computed from their inputs."""
    found: list[np.ndarray] = []

    def heard(named: Named, value: np.ndarray, their: np.ndarray | LazyArray, here: Stage) -> str:
        known = stage if named.name == name else None
        of_stage = judge(named.name, value, their, here).stage if known is None else known
        if named.name != name:
            return of_stage
        found.append(at_stage(value, of_stage, here))
        raise Stop

    with suppress(Stop):
        forced(subject, alignment, theirs, np.float64, heard)
    let_go()
    most = largest_by_pixel(alignment.pairs[name].read(theirs), found.pop())   # read when the network's values are gone
    let_go()
    row, column = np.unravel_index(int(most.argmax()), most.shape)
    return int(row), int(column)
