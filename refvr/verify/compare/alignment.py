"""A port's names and ours: which value is which, in which layout, and how that was found.

In this order, and every pair says which of them it was:

    map        the user's own table
    result     what a port gives out, as a graph declares it (results.py); "exact" where it has our name
    exact      the same name, wrappers such as "module." and the spelling of folders and ONNX aside
    official   the name of the module in the official code, or of its tensors
    value      its values, which are near ours as nothing else is
    order      by order of computation, shape and likeness, for what a mistake has changed and no name tells

Names are believed at once where the values are near too. Of the others, which a mistake must have changed, whatever is
near another value of ours is that, unless that has an array of its very name: then nothing without a name stands for
it, however near. Where their last value is right to rounding, nothing before it can be wrong, so there what is not near
is left out. An array of theirs stands for one value of ours, or is cut along its batch.

A module that runs several times has several values: "head", "head#1" .... Values of all frames in one batch are cut,
values of single calls put together, where ours are the other way round. Frames or steps may be computed in another
order there; that shows in calls that are right, and until one does, a wrong value stays the call that its name says,
for in a recurrence it may be quite near to another one.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from refvr.verify.compare.found_pairs import ANY, Found
from refvr.verify.compare.nearness import CLOSE, NEAR, Place
from refvr.verify.compare.pairs import Alignment
from refvr.verify.compare.pairs_by_name import by_name, by_name_alone
from refvr.verify.compare.pairs_by_value import by_order, by_value
from refvr.verify.compare.results import pair_results
from refvr.verify.runs.arrays_in import Arrays


def align(places: Sequence[Place], theirs: Arrays, *, network: str = "", official: Iterable[Mapping[str, str]] = (),
          table: Mapping[str, str] | None = None) -> Alignment:
    """Pair the values of a run of ours with those of another program.

    official  our module path -> the official one, for every release
    table     their name -> ours
    """
    found = Found(places, theirs, network)
    for theirs_name, ours_name in (table or {}).items():
        found.pair("map", ours_name, theirs_name)
    pair_results(found)
    by_name_alone(found)
    ways = [("exact", lambda base: base), *(("official", release.get) for release in official)]
    for most in (CLOSE, NEAR, ANY):
        for how, alias in ways:
            by_name(found, how, alias, most)
        if most < ANY:
            by_value(found, most)
        if found.all_right():
            return found.finished()
    by_order(found)
    return found.finished()
