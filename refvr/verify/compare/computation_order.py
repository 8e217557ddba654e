"""Pairs by order of computation alone: what is left when names and values have told all they can."""
from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np

from refvr.verify.compare.layout_search import longest_common
from refvr.verify.compare.nearness import Nearness

IN_ORDER = 0.3         # rank correlation of both orders from which theirs tells something; mispaired.py checks it
NEIGHBOURS = 3         # known values on both sides of a gap that bound it
LIKE = 0.3             # least correlation of values that are paired by their order between known ones


def by_order(ours: Sequence[str], theirs: Sequence[str], known: Mapping[str, str], nearness: Nearness,
             used: Collection[str], again: Collection[str], scarce: bool, unlike: Callable[[str, str], bool]
             ) -> Iterator[tuple[str, str]]:
    """(ours, theirs) of what is not paired yet, each between the known pairs around it.

    ours, theirs  all names, in order of computation;  known: ours -> theirs, of what is paired;  used: of theirs
    again         of ours, values that are an earlier one once more
    scarce        too little is known to bound anything: all of ours with all of theirs
    unlike        (theirs, ours): whether a name says that they are no pair
    Branches that do not depend on each other may come in another order there.
    """
    ours_left = [name for name in ours if name not in known and name not in again]
    if scarce:
        yield from _between(ours_left, [name for name in theirs if name not in used], nearness, 0.0, unlike)
        return
    at = {name: j for j, name in enumerate(theirs)}
    place = {i: at[known[name]] for i, name in enumerate(ours) if name in known}
    if not _in_order(list(place.values())):
        return
    for first, last in _runs([i for i in range(len(ours)) if i not in place]):
        before = [place[i] for i in range(first) if i in place][-NEIGHBOURS:]
        after = [place[i] for i in range(last, len(ours)) if i in place][:NEIGHBOURS]
        start, stop = int(min(before, default=-1)) + 1, int(max(after, default=len(theirs)))
        yield from _between([name for name in ours[first:last] if name not in again],
                            [name for name in theirs[start:stop] if name not in used], nearness, LIKE, unlike)


def _between(ours: Sequence[str], theirs: Sequence[str], nearness: Nearness, least: float,
             unlike: Callable[[str, str], bool]) -> Iterator[tuple[str, str]]:
    """The longest sequence of like pairs that keeps both orders."""
    scores = np.zeros((len(ours), len(theirs)))
    for j, name in enumerate(theirs):
        readings = nearness.of(name)
        for i, place in enumerate(ours):
            if place in readings and abs(readings[place].likeness) >= least and not unlike(name, place):
                scores[i, j] = 0.1 + 2 * readings[place].likeness ** 2
    for i, j in longest_common(scores):
        yield ours[i], theirs[j]


def _in_order(places: Sequence[int]) -> bool:
    """Whether numbers that are all different grow, by and large: Spearman's rank correlation."""
    if len(places) < 3:
        return True
    return float(np.corrcoef(np.argsort(np.argsort(places)), np.arange(len(places)))[0, 1]) > IN_ORDER


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """[3, 4, 5, 8] -> [(3, 6), (8, 9)]."""
    starts = [n for n in numbers if n - 1 not in set(numbers)]
    return list(zip(starts, [n + 1 for n in numbers if n + 1 not in set(numbers)]))
