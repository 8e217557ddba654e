"""Values of a run that may have been taken for one another, each once, with a name in words."""
from __future__ import annotations

import zlib
from collections import defaultdict

import numpy as np

ROOM = 1 << 29   # bytes; values beyond are named, but are no candidates


class Pool:
    """Arrays by shape, the latest last."""

    def __init__(self) -> None:
        self._names: dict[tuple[tuple[int, ...], int], str] = {}
        self._values: dict[tuple[int, ...], list[tuple[str, np.ndarray]]] = defaultdict(list)
        self._room = ROOM

    def add(self, name: str, value: np.ndarray) -> None:
        """A value, under its first name; of a clip each frame too, of a batch each image."""
        key = _key(value)
        if key in self._names:
            return
        self._names[key] = name
        if value.nbytes <= self._room:
            self._room -= value.nbytes
            self._values[value.shape].append((name, np.array(value)))
        if value.ndim == 5:
            for number, frame in _distinct([value[:, k] for k in range(value.shape[1])]):
                self.add(f"frame {number} of {name}", frame)
        elif value.ndim == 4 and value.shape[0] > 1:
            for number, image in _distinct([value[k:k + 1] for k in range(value.shape[0])]):
                self.add(f"{name} of frame {number}", image)

    def name_of(self, value: np.ndarray) -> str:
        """In words; "" where it has none."""
        return self._names.get(_key(value), "")

    def others(self, value: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """Values of that shape, the latest first; not the value itself."""
        own = self.name_of(value)
        return [(name, other) for name, other in reversed(self._values[value.shape]) if name != own]


def _distinct(frames: list[np.ndarray]) -> list[tuple[str, np.ndarray]]:
    """Each that differs from those before it, and its number; of equal ones all numbers, as in: 0, 1 or 2."""
    found: dict[tuple[tuple[int, ...], int], list[int]] = {}
    for k, frame in enumerate(frames):
        found.setdefault(_key(frame), []).append(k)
    return [(", ".join(map(str, equal[:-1])) + " or " * (len(equal) > 1) + str(equal[-1]), frames[equal[0]])
            for equal in found.values()]


def _key(value: np.ndarray) -> tuple[tuple[int, ...], int]:
    return value.shape, zlib.crc32(np.ascontiguousarray(value, np.float64).data)
