"""Norms that a port has folded into the convolution before: the array with the convolution's name is the norm's value.

Where a value is right that shows in it. After a mistake it does not, and the name is believed; but computed from their
own input the array is as wrong for a convolution as it is right for the norm. What is folded once is folded everywhere.
"""
from __future__ import annotations

from dataclasses import replace

from refvr.verify.compare.isolate import Exact, exact_run
from refvr.verify.compare.pairs import Alignment
from refvr.verify.compare.what_follows import OTHER, TOLD_APART, computed_from
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.network_call import Subject

SUSPECT = 1e-2    # root mean square error of its own, over that of ours, from which a pair may be a wrong one


def with_folded(subject: Subject, alignment: Alignment, theirs: Arrays, exact: Exact) -> tuple[Alignment, Exact]:
    """The alignment with arrays at the value after theirs where they are that, and its run in float64."""
    following = _candidates(alignment, exact)
    if not following:
        return alignment, exact
    trial = exact_run(subject, moved_on(alignment, following), theirs, stage_of=exact.decided)
    sure = {name: later for name, later in following.items()
            if TOLD_APART * trial.owns[later].error.rms_rel < exact.owns[name].error.rms_rel}
    first = next(iter(following))
    if first not in sure and first == next(name for name, own in exact.owns.items() if own.error.rms_rel > SUSPECT):
        alone = exact_run(subject, moved_on(alignment, {first: following[first]}), theirs, stage_of=exact.decided)
        if computed_from([first], exact.owns, alone.owns) == OTHER:
            sure[first] = following[first]
    kinds = {_kind(*pair) for pair in sure.items()}
    sure = {name: later for name, later in following.items() if name in sure or _kind(name, later) in kinds}
    if not sure:
        return alignment, exact
    alignment = moved_on(alignment, sure)
    return alignment, trial if sure == following else exact_run(subject, alignment, theirs, stage_of=exact.decided)


def _candidates(alignment: Alignment, exact: Exact) -> dict[str, str]:
    """Names whose arrays are far from ours, and the value right after each, of its shape, that has none or a guess."""
    found = {}
    for place, after in zip(alignment.places, alignment.places[1:]):
        name, later = place.named.name, after.named.name
        if name in exact.owns and exact.owns[name].error.rms_rel > SUSPECT and alignment.pairs[name].how != "map" \
                and (later not in alignment.pairs or alignment.pairs[later].how == "order") \
                and after.shape == place.shape \
                and after.sample.tobytes() != place.sample.tobytes() and _parent(name) == _parent(later):
            found[name] = later
    return found


def _parent(name: str) -> str:
    return name.rpartition(".")[0]


def _kind(name: str, later: str) -> tuple[str, str]:
    """What two neighbours are called in their block: ("conv", "norm")."""
    return name.rpartition(".")[2].partition("#")[0], later.rpartition(".")[2].partition("#")[0]


def moved_on(alignment: Alignment, following: dict[str, str]) -> Alignment:
    """All at once: of three in a row the one in the middle gets the array of the first and gives its own to the last.
    """
    pairs = {name: pair for name, pair in alignment.pairs.items() if name not in {*following, *following.values()}}
    for name, later in following.items():
        pairs[later] = replace(alignment.pairs[name], ours=later, note=f"not {name}: folded")
    return alignment.with_pairs(pairs)
