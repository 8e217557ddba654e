"""A value of ours and theirs that stands for it: which array, in which layout, and how that was found out."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np

from refvr.verify.compare.layout_search import canonical, in_our_layout
from refvr.verify.compare.lazy_arrays import LEAST, LazyArray
from refvr.verify.compare.nearness import Place
from refvr.verify.runs.arrays_in import Arrays


@dataclass(frozen=True)
class Pair:
    """Ours and theirs.

    parts  (their name, first and last index of the batch or None for all of it); several are put together
    axes   of theirs;  order: of theirs in channels, None: as ours;  how: as align_names.py says;  note: what else
    """

    ours: str
    shape: tuple[int, ...]
    parts: tuple[tuple[str, tuple[int, int] | None], ...]
    axes: str
    how: str
    order: tuple[int, ...] | None = None
    note: str = ""

    def read(self, theirs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Their value with the axes of ours, in the type it is stored in."""
        return self.cut([theirs[name] for name, _ in self.parts])

    def parts_of(self, theirs: Arrays) -> np.ndarray | LazyArray:
        """What `read` returns, to be read a part at a time if it is large and lies in HDF5 as it is."""
        (name, span), *more = self.parts
        entry = theirs.entries[name]
        if more or span or self.order is not None or prod(entry.shape) < LEAST or not entry.in_parts \
                or sorted(self.axes.split()) != list("chnw") or len(self.shape) != 4:
            return self.read(theirs)
        return LazyArray(theirs.path, name, self.axes, self.shape)

    def cut(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """What `read` returns, of arrays that are in memory."""
        n, h, w, c = canonical(self.shape)
        whole = len(self.parts) == 1
        found = []
        for array, (_, span) in zip(arrays, self.parts):
            batch = array.size // max(1, h * w * c)
            value = in_our_layout(array, self.axes, (batch, h, w, c) if span or not whole else self.shape)
            found.append(value[span[0]:span[1]] if span else value)
        value = found[0] if whole else np.concatenate(found)
        value = value if self.order is None else value[..., list(self.order)]
        return value.reshape(self.shape)


@dataclass
class Alignment:
    """Pairs by our name, in order of our computation; names of theirs that are nowhere, and why, where it is known.

    places          our values, in order
    misfit_results  our result -> what a port gives out in its place, where that has another shape
    notes           for the user
    """

    pairs: dict[str, Pair] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    misfit_results: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many pairs were found in which way."""
        found: dict[str, int] = defaultdict(int)
        for pair in self.pairs.values():
            found[pair.how] += 1
        return dict(found)

    def with_pairs(self, pairs: Mapping[str, Pair]) -> Alignment:
        """An alignment with other pairs, in our order."""
        used = {name for pair in pairs.values() for name, _ in pair.parts}
        before = {name for pair in self.pairs.values() for name, _ in pair.parts}
        unknown = [name for name in self.unknown if name not in used] + [name for name in before if name not in used]
        order = [place.named.name for place in self.places]
        return replace(self, pairs={name: pairs[name] for name in order if name in pairs}, unknown=unknown)
