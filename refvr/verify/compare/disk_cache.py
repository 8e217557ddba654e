"""Named arrays that may be more than memory holds: the first in memory, the others in files of a temporary folder."""
from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

IN_MEMORY = 1 << 28   # bytes


class DiskCache(MutableMapping[str, np.ndarray]):
    """name -> array; not to be written to. Files are mapped, and go when the mapping goes."""

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._room, self._files = in_memory, 0
        self._held: dict[str, np.ndarray | Path] = {}
        self.nbytes = 0   # of all that was given, in memory and in files
        self._folder: TemporaryDirectory[str] | None = None

    def __setitem__(self, name: str, value: np.ndarray) -> None:
        self._held.pop(name, None)
        self.nbytes += value.nbytes
        if value.nbytes <= self._room:
            self._room -= value.nbytes
            self._held[name] = value
            return
        self._folder = self._folder or TemporaryDirectory(prefix="refvr-values-")
        self._files += 1
        path = Path(self._folder.name) / f"{self._files}.npy"
        np.save(path, value)
        self._held[name] = path

    def __getitem__(self, name: str) -> np.ndarray:
        held = self._held[name]
        return np.load(held, mmap_mode="r") if isinstance(held, Path) else held

    def __delitem__(self, name: str) -> None:
        del self._held[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, name: object) -> bool:
        return name in self._held
