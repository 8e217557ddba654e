"""Large arrays from memory that the process has used before.

The system hands out a large array page by page, zeroing each when it is first touched, and takes it back when the
array goes; in a network all of whose values are large that is a good part of the time. Here the memory is kept. A piece
is free when no array refers to it any more, which its reference count tells; the next `empty` of about that size takes
it. Pieces that nobody uses are let go before the whole grows beyond the most that was ever in use at once, so keeping
them does not raise the peak.
"""
from __future__ import annotations

import sys
from threading import Lock
from typing import Any

import numpy as np

_LEAST = 1 << 20  # bytes; smaller arrays are kept by the allocator already
_WASTE = 1.25  # a piece may be so much larger than asked for


def _references(pieces: list[np.ndarray], k: int) -> int:
    return sys.getrefcount(pieces[k])


_UNUSED = _references([np.empty(0, np.uint8)], 0)  # of a piece that only the list refers to; differs between Pythons


class Arena:
    """Pieces of memory, and who is free is seen from their reference counts."""

    def __init__(self) -> None:
        self.pieces: list[np.ndarray] = []
        self.most = 0  # bytes that were in use at once
        self.lock = Lock()

    def take(self, count: int) -> np.ndarray:
        """A piece of at least `count` bytes: the newest free one that fits, or a new one."""
        with self.lock:
            free = [k for k in range(len(self.pieces)) if _references(self.pieces, k) == _UNUSED]
            for k in reversed(free):
                if count <= self.pieces[k].size <= _WASTE * count:
                    return self.pieces[k]
            self._make_room(free, count)
            self.pieces.append(np.empty(count, np.uint8))
            return self.pieces[-1]

    def _make_room(self, free: list[int], count: int) -> None:
        """Let go of free pieces, the oldest first, until `count` more bytes stay below the peak."""
        sizes = [piece.size for piece in self.pieces]
        total = sum(sizes) + count
        self.most = max(self.most, total - sum(sizes[k] for k in free))
        gone = set()
        for k in free:
            if total > self.most:
                gone.add(k)
                total -= sizes[k]
        self.pieces = [piece for k, piece in enumerate(self.pieces) if k not in gone]


_arena = Arena()
_counts = getattr(sys, "_is_gil_enabled", lambda: True)() and hasattr(sys, "getrefcount")  # exact only under the lock


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """np.empty, from memory used before where it is large."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if count < _LEAST or not _counts:
        return np.empty(shape, dtype)
    return np.ndarray(shape, dtype, _arena.take(count))
