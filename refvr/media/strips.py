"""The samples of a picture by strips of rows, from the top: what a file is made of is never there whole beside it."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

ROWS = 64  # of a strip


@dataclass(frozen=True)
class Strips:
    """Samples (h, w, c) of `dtype`; `rows` makes some of them. Iterating gives (first row, strip) from the top.

    there  all of them, where they are there anyway
    """

    shape: tuple[int, int, int]
    dtype: np.dtype
    rows: Callable[[slice], np.ndarray]
    there: np.ndarray | None = None

    def __iter__(self) -> Iterator[tuple[int, np.ndarray]]:
        return ((top, self.rows(slice(top, top + ROWS))) for top in range(0, self.shape[0], ROWS))

    def whole(self) -> np.ndarray:
        """All at once, for what wants that."""
        if self.there is not None:
            return self.there
        samples = np.empty(self.shape, self.dtype)
        for top, strip in self:
            samples[top:top + len(strip)] = strip
        return samples


def strips_of(samples: np.ndarray) -> Strips:
    """Strips of what is there, (h, w, c)."""
    h, w, c = samples.shape
    return Strips((h, w, c), samples.dtype, lambda rows: samples[rows], samples)
