"""Which values that a port did not give lead to a wrong one: the mistake may be in any of them.

Found by trying: some are changed a little in a run that is forced through the port's values, and the wrong one changes
with them or does not. All are changed at once first, then halves of those that lead there, and so on.
"""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

import numpy as np

from refvr.verify.compare.forced_run import Stop, at_stage, forced
from refvr.verify.compare.nearness import distance, sample_of
from refvr.verify.compare.pairs import Alignment
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.pre_activation import Stage
from refvr.verify.runs.tracing import Named

CHANGE = 1.01
RUNS = 24    # after so many, values that are still together are all taken to lead there


def leads_to(subject: Subject, alignment: Alignment, theirs: Arrays, name: str, stage_of: Mapping[str, str]
             ) -> list[str]:
    """Our names without a pair from which `name` is computed with no given value in between, in order."""
    order = [place.named.name for place in alignment.places]
    free = [other for other in without_value(alignment) if order.index(other) < order.index(name)]
    if not free:
        return []
    right = _value(subject, alignment, theirs, name, stage_of, ())
    runs = 0

    def those(names: Sequence[str]) -> list[str]:
        """Of `names`, those that lead there."""
        nonlocal runs
        if runs >= RUNS:
            return list(names)
        runs += 1
        if distance(right, _value(subject, alignment, theirs, name, stage_of, names)) < 1e-12:
            return []
        middle = len(names) // 2
        return those(names[:middle]) + those(names[middle:]) if middle else list(names)

    return those(free)


def follows(subject: Subject, alignment: Alignment, theirs: Arrays, names: Collection[str], stage_of: Mapping[str, str],
            changed: Collection[str]) -> list[str]:
    """Which of `names` are computed from one of `changed`, our names without a pair, with no given value in between."""
    right, other = (_values(subject, alignment, theirs, names, stage_of, some) for some in ((), changed))
    return [name for name in right if name not in other or not np.array_equal(right[name], other[name], equal_nan=True)
            and distance(right[name], other[name]) >= 1e-12]


def without_value(alignment: Alignment) -> list[str]:
    """Our names that theirs tell nothing about; a block's value is that of its last layer once more."""
    sample = {place.named.name: place.sample.tobytes() for place in alignment.places}
    given = {sample[name] for name in alignment.pairs}
    return [name for name in sample if name not in alignment.pairs and sample[name] not in given]


def _value(subject: Subject, alignment: Alignment, theirs: Arrays, name: str, stage_of: Mapping[str, str],
           changed: Collection[str]) -> np.ndarray:
    """A sample of our value at `name`, computed from theirs, with the values `changed` a little larger."""
    return _values(subject, alignment, theirs, [name], stage_of, changed)[name]


def _values(subject: Subject, alignment: Alignment, theirs: Arrays, names: Collection[str], stage_of: Mapping[str, str],
            changed: Collection[str]) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}

    def heard(named: Named, value: np.ndarray, their: np.ndarray, stage: Stage) -> str:
        stands = stage_of.get(named.name, "")
        if named.name in names:
            found[named.name] = sample_of(at_stage(value, stands, stage))
            if len(found) == len(names):
                raise Stop
        return stands

    def instead(named: Named, value: np.ndarray) -> np.ndarray | None:
        return value * CHANGE if named.name in changed else None

    with suppress(Stop):
        forced(subject, alignment, theirs, np.float64, heard, instead=instead)
    return found
