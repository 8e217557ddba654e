"""Which operations lie between the last value of theirs and the next: not all that a network does has a name of ours.

A pixel shuffle or a concatenation before a convolution is part of no module. What is wrong in it is first seen in the
convolution's value, which is right for what it was given.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress

import numpy as np

from refvr.ops.core.arena import let_go
from refvr.verify.compare.forced_run import Stop, forced
from refvr.verify.compare.pairs import Alignment
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.planted import recorded
from refvr.verify.runs.pre_activation import Stage
from refvr.verify.runs.tracing import Named


def operations_before(subject: Subject, alignment: Alignment, theirs: Arrays, name: str, stage_of: Mapping[str, str]
                      ) -> tuple[str, ...]:
    """The operations that are called from the value of theirs before `name` on until `name` is there, in order."""
    def heard(named: Named, value: np.ndarray, their: np.ndarray, stage: Stage) -> str:
        if named.name == name:
            raise Stop
        calls.clear()
        return stage_of.get(named.name, "")

    with recorded() as calls, suppress(Stop):
        forced(subject, alignment, theirs, np.float64, heard)
    let_go()
    return tuple(calls)


def counted(calls: Iterable[str]) -> str:
    """Operations in words: "concat, conv2d (2 times)"."""
    return ", ".join(f"{call} ({count} times)" if count > 1 else call for call, count in Counter(calls).items())
