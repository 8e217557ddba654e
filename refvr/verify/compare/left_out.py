"""A layer whose activation or sum was left out, although its value is right as a hook sees it in a right port too."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from refvr.verify.compare.forced_run import values_at
from refvr.verify.compare.isolate import SAFETY, TOLD_APART, Own, exact_run
from refvr.verify.compare.pairs import Alignment
from refvr.verify.compare.pieces import difference
from refvr.verify.compare.precision import grid_at
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.layer_precision import Precision
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.pre_activation import EARLY

BEFORE = 2   # values before the first wrong one that are looked at


def without_activation(subject: Subject, alignment: Alignment, theirs: Arrays, owns: Sequence[Own],
                       precision: Precision = "") -> dict[str, str]:
    """Stages with which the first wrong value is right, if the one before it went on as it stands; or none.

    The value before looks like ours at another stage, but the wrong one comes out right if it is computed from that
    value as it is: then the layer before is wrong, which ends too early, or too late.
    """
    names = [own.name for own in owns]
    first = next((own for own in owns if own.times > 1), None)
    if first is None:
        return {}
    at = names.index(first.name)
    suspect = next((own for own in reversed(owns[max(0, at - BEFORE):at]) if own.final is not None), None)
    if suspect is None or first.error.max_abs <= first.explained:   # off as a whole, by less than rounding may
        return {}
    stage_of = {own.name: own.stage for own in owns} | {suspect.name: ""}
    for stage in ("", EARLY):   # a large error hides which of them theirs is like
        assumed = stage_of | {first.name: stage}
        if _is_right(subject, alignment, theirs, first, assumed, precision):
            return {suspect.name: "", first.name: stage} | _other_calls(
                subject, alignment, theirs, {own.name: own for own in owns}, (suspect.name, first.name), assumed)
    return {}


def _other_calls(subject: Subject, alignment: Alignment, theirs: Arrays, owns: Mapping[str, Own],
                 pair: tuple[str, str], stage_of: dict[str, str]) -> dict[str, str]:
    """The stages of the other calls of both modules too, where with them what follows comes out much nearer."""
    base_of = {place.named.name: place.named.base for place in alignment.places}
    before, after = ([name for name in owns if base_of[name] == base_of[own]] for own in pair)
    pairs = [(one, other) for one, other in zip(before, after) if owns[one].final is not None] \
        if len(before) == len(after) > 1 else []
    if not pairs:
        return {}
    assumed = {one: "" for one, _ in pairs} | {other: stage_of[pair[1]] for _, other in pairs}
    trial = exact_run(subject, alignment, theirs, stage_of=stage_of | assumed).owns
    nearer = [names for names in pairs if TOLD_APART * trial[names[1]].error.rms_rel < owns[names[1]].error.rms_rel]
    return {name: assumed[name] for names in nearer for name in names}


def _is_right(subject: Subject, alignment: Alignment, theirs: Arrays, own: Own, stage_of: dict[str, str],
              precision: Precision) -> bool:
    """Whether their value follows if theirs are of these stages; its noise is measured anew, for another input has
    another.
    """
    their, ours = values_at(subject, alignment, theirs, own.name, stage_of)
    grid = grid_at(own.name, alignment, theirs) if precision else None
    ours = grid.limited(ours) if grid else ours
    error = difference(their, ours)
    if Own(own.name, error, "", SAFETY * own.noise).times > 1:
        return False
    in_float32 = values_at(subject, alignment, theirs, own.name, stage_of, np.float32)[1]
    noise = max(own.noise, difference(in_float32, ours).max_abs)
    return Own(own.name, error, "", noise).times <= 1
