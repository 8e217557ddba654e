"""Official tensor names and layouts -> ours. Tables, names_NETWORK.py, are the only place that knows official names.

A table is a list of (official fragment, our fragment), applied in order to the whole dotted name, which is matched
as ".name". Reading it backwards gives the official name again; tests/checkpoints/test_names.py checks both directions.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

State = Mapping[str, np.ndarray]
Change = Callable[[np.ndarray], np.ndarray]
Layout = Sequence[tuple[str, Change, Change]]
Whole = Callable[[State], dict[str, np.ndarray]]
COUNTER = re.compile(r"(.*\.)?num_batches_tracked$")  # nothing depends on it


def our_layout(array: np.ndarray) -> np.ndarray:
    """PyTorch convolution weight (o, c, i, j) -> (i, j, c, o); everything else unchanged."""
    return np.ascontiguousarray(array.transpose(2, 3, 1, 0)) if array.ndim == 4 else array


def official_layout(array: np.ndarray) -> np.ndarray:
    """(i, j, c, o) -> PyTorch's (o, c, i, j); everything else unchanged."""
    return np.ascontiguousarray(array.transpose(3, 2, 0, 1)) if array.ndim == 4 else array


@dataclass(frozen=True, eq=False)
class Release:
    """One way in which official files name and lay out the tensors of a network: from it to ours, and back.

    name    that of the network, with "-YEAR" or the like after it where there are more
    table   see the module
    layout  what tensors need beyond `our_layout`: (pattern of our names, from that layout, back to it)
    whole   (official state -> ours, ours -> official), in place of both where a table is not enough
    file    ending of a file that holds it; ignored: official names that a file may hold and that are not needed
    """

    name: str
    table: Sequence[tuple[str, str]] = ()
    layout: Layout = ()
    whole: tuple[Whole, Whole] | None = None
    file: str = ".pth"
    ignored: re.Pattern[str] = COUNTER

    def our_name(self, official: str) -> str:
        """The name that `official` has in our module tree."""
        name = "." + official.removeprefix("module.")
        for theirs, ours in self.table:
            name = name.replace(theirs, ours)
        return name[1:]

    def official_name(self, ours: str) -> str:
        """The inverse of `our_name`."""
        name = "." + ours
        for theirs, mine in reversed(self.table):
            name = name.replace(mine, theirs)
        return name[1:]

    def to_ours(self, ours: str, array: np.ndarray) -> np.ndarray:
        """The official tensor that we call `ours`, in our layout."""
        array = our_layout(array)
        for pattern, forth, _ in self.layout:
            array = np.ascontiguousarray(forth(array)) if fnmatchcase(ours, pattern) else array
        return array

    def to_official(self, ours: str, array: np.ndarray) -> np.ndarray:
        """The inverse of `to_ours`."""
        for pattern, _, back in self.layout:
            array = back(array) if fnmatchcase(ours, pattern) else array
        return official_layout(array)

    def forth(self, state: State) -> dict[str, np.ndarray]:
        """A whole official state in our names and layout."""
        if self.whole:
            return self.whole[0](state)
        ours = {self.our_name(name): array for name, array in state.items()}
        return {name: self.to_ours(name, array) for name, array in ours.items()}

    def back(self, state: State) -> dict[str, np.ndarray]:
        """The inverse of `forth`."""
        if self.whole:
            return self.whole[1](state)
        return {self.official_name(ours): self.to_official(ours, array) for ours, array in state.items()}
