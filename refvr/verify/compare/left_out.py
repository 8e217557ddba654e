"""A layer whose activation or sum was left out, although its value is right as a hook sees it in a right port too."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from refvr.verify.compare.figures import figures
from refvr.verify.compare.forced_run import values_at
from refvr.verify.compare.isolate import SAFETY, Own
from refvr.verify.compare.pairs import Alignment
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.pre_activation import EARLY

BEFORE = 2   # values before the first wrong one that are looked at


def without_activation(subject: Subject, alignment: Alignment, theirs: Arrays, owns: Sequence[Own]) -> dict[str, str]:
    """Stages with which the first wrong value is right, if the one before it went on as it stands; or none.

    The value before looks like ours at another stage, but the wrong one comes out right if it is computed from that
    value as it is: then the layer before is wrong, which ends too early, or too late.
    """
    names = [own.name for own in owns]
    first = next((own for own in owns if own.times > 1), None)
    at = names.index(first.name) if first else 0
    suspect = next((own for own in reversed(owns[max(0, at - BEFORE):at]) if own.final is not None), None)
    if suspect is None:
        return {}
    stage_of = {own.name: own.stage for own in owns} | {suspect.name: ""}
    for stage in ("", EARLY):   # a large error hides which of them theirs is like
        assumed = stage_of | {first.name: stage}
        if _is_right(subject, alignment, theirs, first, assumed):
            return {suspect.name: "", first.name: stage}
    return {}


def _is_right(subject: Subject, alignment: Alignment, theirs: Arrays, own: Own, stage_of: dict[str, str]) -> bool:
    """Whether their value follows if theirs are of these stages; its noise is measured anew, for another input has
    another.
    """
    their, ours = values_at(subject, alignment, theirs, own.name, stage_of)
    error = figures(their, ours)[0]
    if Own(own.name, error, "", SAFETY * own.noise).times > 1:
        return False
    in_float32 = values_at(subject, alignment, theirs, own.name, stage_of, np.float32)[1]
    noise = max(own.noise, figures(in_float32, ours)[0].max_abs)
    return Own(own.name, error, "", noise).times <= 1
