"""The search for the mistake in one span of a port: from its last right value to its first wrong one."""
from __future__ import annotations

from typing import Any

import numpy as np

from refvr.verify.compare.nearness import CLOSE, distance
from refvr.verify.compare.pairs import Alignment
from refvr.verify.diagnose.crop import window_of
from refvr.verify.diagnose.deadline import Deadline, LateError
from refvr.verify.diagnose.diagnosis import Diagnosis, simplest
from refvr.verify.diagnose.port_target import SpanTarget
from refvr.verify.diagnose.search import Progress, Search
from refvr.verify.diagnose.targets import Candidate
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.layer_precision import Precision, unit_of
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.pre_activation import EARLY

TOLD_APART = 10   # times as near to their last value: then it is that candidate, of several that equal theirs here


def diagnose_span(subject: Subject, alignment: Alignment, theirs: Arrays, name: str, stage: str | None,
                  deadline: Deadline, progress: Progress, precision: Precision = "",
                  explained: float | None = None) -> Diagnosis:
    """Name the mistake between the value before `name` and it.

    A large error hides the stage that theirs is of at `name`: before pairs are tried, so is its value before the
    activation.

    explained  difference that rounding explains there, where `compare` found more than that; None: not known yet
    """
    window = window_of(subject, alignment, theirs, name, stage)
    keep: tuple[Any, ...] = (...,)
    if window:
        subject, alignment, keep, _ = window
    target = SpanTarget(subject, alignment, theirs, name, stage, keep, deadline, precision)
    dtype = alignment.pairs[name].read(theirs).dtype
    eps = max(float(np.finfo(dtype).eps) if dtype in (np.float16, np.float32) else 0.0, unit_of(precision))
    search: Search[Candidate] = Search(target, target.mine, eps, deadline, progress, explained)
    if not search.alone():
        early = SpanTarget(subject, alignment, theirs, name, EARLY, keep, deadline, precision) \
            if target.may_be_early and not deadline.passed else None
        other: Search[Candidate] | None = Search(early, early.mine, eps, deadline, progress, explained) if early \
            else None
        if early and other and other.alone():
            target, search = early, other
        else:
            search.pairs()
    _of_the_whole(target, search, alignment, theirs)
    answer = search.found_so_far()
    answer.note = answer.note or (window.says if window else "")
    answer.certain = target.certain()
    answer.rounding = str(precision) or answer.rounding
    return answer


def _of_the_whole(target: SpanTarget, search: Search[Candidate], alignment: Alignment, theirs: Arrays) -> None:
    """Of several candidates that give the same numbers here, keep those that give their last value too."""
    fits = simplest(search.found)
    last = list(alignment.pairs)[-1]
    made = [search.made.get(e.says, ()) for e in fits]
    if len(fits) < 2 or last == target.name or not all(v.reaches_back for variants in made for v in variants):
        return
    their = alignment.pairs[last].read(theirs).astype(np.float64).reshape(-1)
    try:
        away = [distance(target.values(*variants, only=last)[last].reshape(-1), their) for variants in made]
    except LateError:
        return
    nearest = min(away)
    if nearest < CLOSE:
        gone = [e for e, far in zip(fits, away) if far > max(CLOSE, TOLD_APART * nearest)]
        search.found = [e for e in search.found if e not in gone]
