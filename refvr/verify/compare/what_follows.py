"""Which of two values a port went on with: what follows it comes out as the port has it from the one, not the other."""
from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from refvr.verify.compare.isolate import Own
from refvr.verify.compare.nearness import CLOSE

TOLD_APART = 10   # errors that differ by this factor say which of two values a layer was computed from
LOOKED_AT = 8     # layers that follow and depend on it
ONE, OTHER, UNCLEAR = "the one value", "the other value", "neither"


def computed_from(values: Collection[str], one: Mapping[str, Own], other: Mapping[str, Own]) -> str:
    """Which value what follows the first of `values` was computed from; "" where `other` ends before that is known.

    one, other  own errors of two runs that differ in what stands for `values`
    """
    names = list(one)
    first = min(names.index(name) for name in values)
    depend = 0
    for name in names[first + 1:]:
        if name in values:
            continue
        if name not in other:
            return ""
        forth, back = one[name].error.rms_rel, other[name].error.rms_rel
        if max(forth, back) < CLOSE or abs(forth - back) < 0.1 * max(forth, back):
            continue   # it does not depend on them, or nothing can be said
        if back * TOLD_APART < forth:
            return OTHER
        if forth * TOLD_APART < back:
            return ONE
        depend += 1
        if depend == LOOKED_AT:
            return UNCLEAR
    return UNCLEAR


def known(values: Collection[str], one: Mapping[str, Own], answers: Collection[str]
          ) -> Callable[[Mapping[str, Own]], bool]:
    """Whether a run with the other value has gone far enough for one of the answers."""
    return lambda other: computed_from(values, one, other) in answers
