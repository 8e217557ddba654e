"""What a stream holds of a value: a line buffer, or the whole map."""
from __future__ import annotations

import numpy as np

from refvr.ops._arena import empty
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
        """Rows start .. stop - 1: put together where they came in several pieces."""
        found = []
        for first, rows in self._pieces:
            end = first + rows.shape[self._axis]
            if first < stop and end > start:
                inside = slice(max(start - first, 0), min(stop, end) - first)
                found.append(rows if inside == slice(0, end - first) else rows[(*self._lead, inside)])
        return found[0] if len(found) == 1 else concat_fast(*found, axis=self._axis)

    def forget(self, row: int) -> None:
        """Nobody needs those above `row` any more."""
        self._pieces = [(first, rows) if first >= row else (row, _copy(rows[(*self._lead, slice(row - first, None))]))
                        for first, rows in self._pieces if first + rows.shape[self._axis] > row]


def _copy(x: np.ndarray) -> np.ndarray:
    y = empty(x.shape, x.dtype)  # where the operations' results lie: two heaps would each keep their own peak
    y[...] = x
    return y


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
