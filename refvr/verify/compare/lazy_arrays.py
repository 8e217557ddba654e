"""A value of a port's trace that is read a part at a time: it may be as large as what a network itself holds."""
from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from refvr.checkpoints import h5
from refvr.types import DType
from refvr.verify.runs.axes import reordered

LEAST = 1 << 23     # values; smaller ones are read at once
BUFFER = 1 << 23    # values read together, of which pieces are served


class LazyArray:
    """A data set of an HDF5 file with the axes of ours: `array[part]` for parts as `pieces.pieces` makes them.

    axes   letters of the data set, "n c h w"; shape: of ours, whose axes are n h w c
    """

    def __init__(self, path: Path, name: str, axes: str, shape: Sequence[int]) -> None:
        self._path, self._name, self._letters, self.shape = path, name, axes.split(), tuple(shape)
        self._rows, self._read = (-1, 0, 0), np.zeros(0, np.float32)

    def __getitem__(self, part: tuple[Any, ...]) -> np.ndarray:
        n, rows = (*part, slice(None))[:2]
        if isinstance(n, slice):   # whole pictures
            return np.stack([self._part(k, 0, self.shape[1]) for k in range(*n.indices(self.shape[0]))])
        start, stop, _ = rows.indices(self.shape[1])
        return self._part(n, start, stop)

    def _part(self, n: int, start: int, stop: int) -> np.ndarray:
        """Rows start to stop of picture n, (rows, w, c)."""
        held, first, last = self._rows
        if held != n or start < first or stop > last:
            more = max(stop, start + BUFFER // max(1, prod(self.shape[2:])))
            self._rows = n, start, min(more, self.shape[1])
            at = {"n": n, "h": slice(*self._rows[1:]), "w": slice(None), "c": slice(None)}
            found = h5.part(self._path, self._name, tuple(at[letter] for letter in self._letters))
            left = " ".join(letter for letter in self._letters if letter != "n")
            self._read, first = reordered(found, left, "h w c"), start
        return self._read[start - first:stop - first]

    def __array__(self, dtype: DType | None = None, copy: bool | None = None) -> np.ndarray:
        """All of it."""
        return np.stack([self._part(n, 0, self.shape[1]) for n in range(self.shape[0])]).astype(dtype, copy=False)
