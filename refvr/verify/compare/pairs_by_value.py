"""Pairs of values whose names tell nothing: by what they are, and by their order."""
from __future__ import annotations

from refvr.verify.compare.computation_order import by_order as in_order
from refvr.verify.compare.found_pairs import Found
from refvr.verify.compare.nearness import CLOSE, Reading

TOLD_APART = 10        # times as near: then it is that call, whatever the name says
BY_ORDER_BELOW = 0.2   # share of names that must be known, otherwise order and shape decide


def by_value(found: Found, most: float) -> None:
    """What is nearer than `most`, the nearest first; of several as near, those at a like place in both orders, a value
    itself before what an activation makes of it, or what it is made of. What a later value is once more is the first of
    theirs: a warp that moves nothing rounds, and is not what it is made of.

    Where an array has the very name of ours, it is that value, and no other is taken for it but one that has a name of
    ours too and is as good as equal (frames may be computed in another order, a norm folded into the layer before), and
    not even that if ours is an earlier value once more. A graph has values inside of a layer as well, and after a
    mistake one of those may be nearer than the layer's own; it may even be equal, where the right answer is the input,
    as what is fetched where nothing moves is. For the same reason an array that has the very name of ours is no earlier
    value of another module: that may be what went in.
    """
    keep = not _in_another_order(found)
    rank = {name: k / len(found.places) for k, name in enumerate(found.places)}
    place_of = {name: k / len(found.theirs) for k, name in enumerate(found.theirs.entries)}
    said = {name: name for name in found.theirs.entries if name in found.places} | found.said
    named = {ours for theirs, ours in said.items() if ours in found.nearness.of(theirs)}

    def may_be(theirs: str, ours: str, reading: Reading) -> bool:
        if ours in found.pairs or reading.distance >= most:
            return False
        if ours in named and said.get(theirs) != ours and (theirs not in said or reading.early or most > CLOSE
                                                           or ours in found.again):
            return False
        if theirs in rank and rank[ours] < rank[theirs] and not _of_one_module(found, ours, theirs):
            return False
        return not (keep and _another_call(found, theirs, ours) and not _told_apart(found, theirs, ours))

    readings = [(ours in found.again, round(reading.distance, 5), reading.early or reading.clipped,
                 place_of[theirs] if ours in found.repeated else abs(rank[ours] - place_of[theirs]), ours, theirs)
                for theirs in found.theirs.entries if theirs not in found.used
                for ours, reading in found.nearness.of(theirs).items() if may_be(theirs, ours, reading)]
    for *_, ours, theirs in sorted(readings):
        found.pair("value", ours, theirs)


def _of_one_module(found: Found, one: str, other: str) -> bool:
    return found.places[one].named.base == found.places[other].named.base


def _another_call(found: Found, theirs: str, ours: str) -> bool:
    """Whether a name says that an array is a value of another frame or step than `ours` is."""
    meant = found.meant(theirs, ours)
    return meant not in ("", ours) and found.places[meant].named.call != found.places[ours].named.call


def _told_apart(found: Found, theirs: str, ours: str) -> bool:
    """Whether it is much nearer to `ours` than to the call that its name says: frames and steps may be alike."""
    readings = found.nearness.of(theirs)
    meant = readings.get(found.meant(theirs, ours))
    return meant is None or TOLD_APART * readings[ours].distance < meant.distance


def _in_another_order(found: Found) -> bool:
    """Whether calls of theirs that are right are others than their names say, those of modules that are known."""
    return any(_another_call(found, theirs, ours) for ours, pair in found.pairs.items() for theirs, _ in pair.parts
               if theirs in found.said)


def by_order(found: Found) -> None:
    """What is left: by order of computation, shape and likeness, between values that are known."""
    known = {ours: pair.parts[0][0] for ours, pair in found.pairs.items()}
    theirs = list(found.theirs.entries)
    scarce = len(found.used) < BY_ORDER_BELOW * min(len(theirs), len(found.places))
    for ours, name in in_order(list(found.places), theirs, known, found.nearness, found.used, found.again, scarce,
                               lambda theirs, ours: _another_call(found, theirs, ours)):
        found.pair("order", ours, name)
