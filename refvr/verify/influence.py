"""Which values that a port did not give lead to a wrong one: the mistake may be in any of them.

Found by trying: each is changed a little in a run that is forced through the port's values, and the wrong one changes
with it or does not.
"""
from __future__ import annotations

from contextlib import suppress

import numpy as np

from refvr.verify.arrays_in import Arrays
from refvr.verify.isolate import Stop, at_stage, forced
from refvr.verify.nearness import distance, sample_of
from refvr.verify.pairs import Alignment
from refvr.verify.stages import Stage
from refvr.verify.subject import Subject
from refvr.verify.tracing import Named

CHANGE = 1.01
TRIED = 24     # values, the nearest ones; the others are taken to lead there if they come after the last given value


def leads_to(subject: Subject, alignment: Alignment, theirs: Arrays, name: str, stage_of: dict[str, str]) -> list[str]:
    """Our names without a pair from which `name` is computed with no given value in between, in order."""
    order = [place.named.name for place in alignment.places]
    before = order[:order.index(name)]
    sample = {place.named.name: place.sample.tobytes() for place in alignment.places}
    given = {sample[other] for other in alignment.pairs}   # a block's value is that of its last layer once more
    free = [other for other in before if other not in alignment.pairs and sample[other] not in given]
    if not free:
        return []
    right = _value(subject, alignment, theirs, name, stage_of, "")
    known = [k for k, other in enumerate(before) if other in alignment.pairs]
    after = set(before[known[-1] + 1:] if known else before)
    tried = free[-TRIED:]
    return [other for other in free[:-TRIED] if other in after] + [
        other for other in tried
        if distance(right, _value(subject, alignment, theirs, name, stage_of, other)) > 1e-12]


def _value(subject: Subject, alignment: Alignment, theirs: Arrays, name: str, stage_of: dict[str, str],
           changed: str) -> np.ndarray:
    """A sample of our value at `name`, computed from theirs, with the value `changed` a little larger."""
    found: list[np.ndarray] = []

    def heard(named: Named, value: np.ndarray, their: np.ndarray, stage: Stage) -> str:
        if named.name == name:
            found.append(sample_of(at_stage(value, stage_of.get(name, ""), stage)))
            raise Stop
        return stage_of.get(named.name, "")

    def instead(named: Named, value: np.ndarray) -> np.ndarray | None:
        return value * CHANGE if named.name == changed else None

    with suppress(Stop):
        forced(subject, alignment, theirs, np.float64, heard, instead=instead)
    return found[0]

