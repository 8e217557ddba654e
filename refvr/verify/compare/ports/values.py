"""The values of a run of a port, by name, in order, in memory or in a temporary folder."""
from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from refvr.verify.compare.disk_cache import DiskCache
from refvr.verify.compare.ports.quantized import Grid
from refvr.verify.runs.arrays_in import Arrays, Entry

NAMED = "fiu"   # kinds of dtypes that are values where a person named them, as in a file


class RunValues(Arrays):
    """Values of one run; `stopped`: where and why it did not come to its end, "" if it did; `notes` for the user.

    grids      name -> numbers that a quantised value is rounded to
    unrounded  the values of the same graph without that rounding, to tell them apart by; None where nothing is rounded
    """

    def __init__(self, title: str) -> None:
        super().__init__(Path(title), {})
        self.stopped = ""
        self.notes: list[str] = []
        self.grids: dict[str, Grid] = {}
        self.unrounded: RunValues | None = None
        self._held = DiskCache()

    def add_result(self, name: str, value: np.ndarray, own: str = "") -> None:
        """Take a value that the port gives out; `own`: what the port calls it."""
        name = self.add(name, value)
        self.gives(name, own)

    def gives(self, name: str, own: str = "") -> None:
        """Say that the value of this name is what the port gives out."""
        if name in self.entries:
            self.results[name] = own
        else:
            self.notes.append(f"your {own or name} is of whole numbers: what it is made of was judged")

    def add(self, name: str, value: np.ndarray, kinds: str = "f") -> str:
        """Take a value (not a copy of it); one of a name that is there already is the next call, "NAME#1" ...

        Returns the name that it got.

        Only real numbers are kept: indices, truths and texts of a graph are no values of ours. What a person gave a
        name may be whole numbers as well, a picture of 8 bits: kinds of `NAMED`.
        """
        if value.dtype.kind not in kinds:
            return name
        if name in self.entries:
            name = next(f"{name}#{k}" for k in range(1, len(self.entries) + 1) if f"{name}#{k}" not in self.entries)
        self._held[name] = np.ascontiguousarray(value)
        read = partial(self._held.__getitem__, name)
        self.entries[name] = Entry(value.shape, value.dtype.newbyteorder("=").name, read)
        return name
