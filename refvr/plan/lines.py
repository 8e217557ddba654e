"""What a stream holds of a value: a line buffer, or the whole map."""
from __future__ import annotations

import numpy as np

from refvr.ops.arrange import concat_fast


class Line:
    """The rows of a value that somebody still needs, in the pieces in which they came."""

    def __init__(self, axis: int) -> None:
        self._lead = (slice(None),) * axis
        self._axis = axis
        self._pieces: list[tuple[int, np.ndarray]] = []  # (first row, rows), from the top

    def add(self, row: int, rows: np.ndarray) -> None:
        """The next rows, from `row` on."""
        self._pieces.append((row, rows))

    def part(self, start: int, stop: int) -> np.ndarray:
        """Rows start .. stop - 1; pieces that were put together stay so."""
        if len(self._pieces) > 1 and start < self._pieces[-1][0]:
            joined = concat_fast(*(rows for _, rows in self._pieces), axis=self._axis)
            self._pieces = [(self._pieces[0][0], joined)]
        first, rows = self._pieces[-1]
        if (start, stop) == (first, first + rows.shape[self._axis]):
            return rows
        return rows[(*self._lead, slice(start - first, stop - first))]

    def forget(self, row: int) -> None:
        """Nobody needs those above `row` any more."""
        kept = []
        for first, rows in self._pieces:
            stop = first + rows.shape[self._axis]
            if stop > row:
                cut = row > first
                kept.append((max(row, first), rows[(*self._lead, slice(row - first, None))].copy() if cut else rows))
        self._pieces = kept


class Whole:
    """A map whose rows all stay."""

    def __init__(self, data: np.ndarray, axis: int | None) -> None:
        self.data = data
        self._lead = (slice(None),) * (axis or 0)

    def add(self, row: int, rows: np.ndarray) -> None:
        """Rows from `row` on, in their place."""
        self.data[(*self._lead, slice(row, row + rows.shape[len(self._lead)]))] = rows

    def part(self, start: int, stop: int) -> np.ndarray:
        """Rows start .. stop - 1."""
        return self.data[(*self._lead, slice(start, stop))]
