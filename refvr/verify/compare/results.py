"""What a port gives out is judged as our result, whatever else of it equals ours.

A graph declares its outputs, a program returns them, and a file of arrays calls them as ours are called. A right value
inside of a port does not help who is given another one: mirrored, scaled or cut after the network's end.
"""
from __future__ import annotations

from collections.abc import Container

import numpy as np

from refvr.verify.compare.found_pairs import Found
from refvr.verify.compare.layout_search import fits, in_our_layout
from refvr.verify.compare.nearness import CLOSE, NEAR, distance, sample_of
from refvr.verify.compare.pairs import Alignment, Pair
from refvr.verify.compare.their_names import plain_name
from refvr.verify.runs.arrays_in import Arrays

RESULTS = ("output", "output_state")
LEVELS = (0.0, 1.0)   # what pictures are clamped to


def pair_results(found: Found) -> None:
    """Pair our results with theirs before anything else; what has another shape is kept for the verdict."""
    taken: set[str] = set()
    for ours in (name for name in RESULTS if name in found.places and name not in found.pairs):
        named, others = _given(found, ours, taken)
        given = named or others
        near = {name: found.nearness.of(name)[ours].distance for name in given if ours in found.nearness.of(name)}
        if not near:
            if named or others and ours == RESULTS[0]:
                found.misfit_results[ours] = given[0]
            continue
        best = min(near, key=lambda name: near[name])
        taken.add(best)
        inner = _clamped(found, best, ours)
        if inner:
            found.notes.append(f"your {best} is clamped to 0 to 1: {inner}, which it is made of, was judged")
        else:
            found.pair("exact" if named else "result", ours, best)


def _given(found: Found, ours: str, taken: Container[str]) -> tuple[list[str], list[str]]:
    """Results of theirs that have the name of `ours`, and those that have neither that nor another one of ours."""
    declared = found.theirs.results
    if not declared:   # a file: only names tell, and those of several calls are left to pairs_by_name.py
        named = [name for name in found.theirs.entries if plain_name(name)[0] == ours]
        return (named if len(named) == 1 else []), [] if named or ours != RESULTS[0] else _last(found, ours)
    called = {name: plain_name(own)[0] for name, own in declared.items()
              if name in found.theirs.entries and name not in found.used and name not in taken}
    return ([name for name, own in called.items() if own == ours],
            [name for name, own in called.items() if own not in RESULTS])


def _last(found: Found, ours: str) -> list[str]:
    """The last array of a file that keeps its order, where our result comes before it and it is no other of ours."""
    *before, last = found.theirs.entries
    if found.theirs.path.suffix != ".npz" or plain_name(last)[0] in found.bases or ours not in found.nearness.of(last) \
            or found.nearness.nearest(last) < NEAR:
        return []
    return [last] if any(found.nearness.within(name, ours, CLOSE) for name in before) else []


def _clamped(found: Found, theirs: str, ours: str) -> str:
    """The value that is ours and that a result of theirs is clamped from; "" where it is not."""
    reading, place = found.nearness.of(theirs)[ours], found.places[ours]
    if reading.distance < CLOSE:
        return ""
    value = sample_of(in_our_layout(found.theirs[theirs], reading.axes, place.shape))
    if distance(np.clip(place.sample, *LEVELS), value) >= CLOSE:
        return ""
    return next((name for name in found.theirs.entries if found.nearness.within(name, ours, CLOSE)), "")


def right_inside(pair: Pair, ours: np.ndarray, alignment: Alignment, theirs: Arrays) -> str:
    """Which other value of theirs is our result, computed from their own input, although what they give out is not."""
    wanted, given = sample_of(ours), {name for name, _ in pair.parts}
    for name, entry in reversed(theirs.entries.items()):
        if name not in given and any(distance(wanted, sample_of(in_our_layout(theirs[name], axes, pair.shape))) < CLOSE
                                     for axes in fits(entry.shape, pair.shape)):
            return name
    return ""
