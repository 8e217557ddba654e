"""Pairs that cannot be: a verdict must be possible before it is given.

The value of a layer that went wrong went wrong into what follows it: from it, theirs, the next layers come out as they
have them. If instead they come out as they have them from OUR value, the port computed with a value like ours, and the
array under that name is another one. So each suspect is tried both ways; the first that stands ends the search, since
one mistake explains what comes after it.
"""
from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from refvr.verify.compare.isolate import Exact, Own, exact_run
from refvr.verify.compare.layout_search import fits, in_our_layout
from refvr.verify.compare.nearness import CLOSE, distance, sample_of
from refvr.verify.compare.pairs import Alignment, Pair
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.tracing import Named

SUSPECT = 1e-2    # root mean square error of its own, over that of ours, from which a pair may be a wrong one
TOLD_APART = 10   # errors that differ by this factor say which of two values a layer was computed from
LOOKED_AT = 8     # layers that follow a suspect and depend on it
MOST = 48         # suspects that are tried
OURS, THEIRS, UNCLEAR = "a value like ours", "the suspect's array", "neither"   # what follows was computed from

Progress = Callable[[int, "int | None"], None]


class Mispaired(NamedTuple):
    """A pair that cannot be: our name, theirs, how they were paired, and of which of ours their array is, if known."""

    ours: str
    theirs: str
    how: str
    better: str = ""

    @property
    def stated(self) -> bool:
        """Whether it was paired by name and no better place is known; guesses by order may fail without harm."""
        return self.how in ("exact", "official") and not self.better

    def __str__(self) -> str:
        """One line for people."""
        return (f"your {self.theirs} is not our {self.ours} ({self.how}), although the names say so: what comes next "
                f"was computed from a value like ours" + (f"; it is our {self.better}" if self.better else ""))


def settled(subject: Subject, alignment: Alignment, theirs: Arrays, progress: Progress = lambda done, total: None
            ) -> tuple[Alignment, list[Mispaired], Exact]:
    """The alignment without pairs that cannot be, these, and the run in float64 with those that stay."""
    found: list[Mispaired] = []
    exact, _ = _errors(subject, alignment, theirs, "")
    for k in range(MOST):
        suspect = next((name for name, own in exact.owns.items() if own.error.rms_rel > SUSPECT), None)
        if suspect is None or alignment.pairs[suspect].how == "map":
            break
        progress(k + 1, None)
        without = alignment.with_pairs({name: pair for name, pair in alignment.pairs.items() if name != suspect})
        if not without.pairs:
            break
        wrong = alignment.pairs[suspect]
        guess = wrong.how == "order" and suspect != alignment.places[-1].named.name   # nothing speaks for it
        stays = (THEIRS,) if guess else (THEIRS, UNCLEAR)
        other, fresh = _errors(subject, without, theirs, suspect, _known(suspect, exact.owns, stays))
        if (_computed_from(suspect, exact.owns, other.owns) or UNCLEAR) in stays:
            return _without_guesses(subject, alignment, theirs, exact, suspect, found)
        better = _better(wrong, fresh, without, theirs)
        found.append(Mispaired(suspect, wrong.parts[0][0], wrong.how, better))
        alignment, exact = without, other
        if better:
            alignment = _moved(wrong, better, alignment)
            exact, _ = _errors(subject, alignment, theirs, "")
    return alignment, found, exact


def _without_guesses(subject: Subject, alignment: Alignment, theirs: Arrays, exact: Exact, first: str,
                     found: list[Mispaired]) -> tuple[Alignment, list[Mispaired], Exact]:
    """What `settled` gives when `first` stands: guesses by order that would be wrong besides it are given up.

    A second mistake there is still seen, in the next value that has a pair.
    """
    while True:
        later = list(exact.owns)[list(exact.owns).index(first) + 1:]
        doubtful = [name for name in later if exact.owns[name].error.rms_rel > SUSPECT
                    and alignment.pairs[name].how == "order" and name != alignment.places[-1].named.name]
        if not doubtful:
            return alignment, found, exact
        found += [Mispaired(name, alignment.pairs[name].parts[0][0], "order") for name in doubtful]
        alignment = alignment.with_pairs({n: pair for n, pair in alignment.pairs.items() if n not in doubtful})
        exact, _ = _errors(subject, alignment, theirs, "")


def _errors(subject: Subject, alignment: Alignment, theirs: Arrays, after: str,
            enough: Callable[[Mapping[str, Own]], bool] | None = None) -> tuple[Exact, dict[str, np.ndarray]]:
    """The run in float64, as far as it needs to go, and samples of our values from `after` on, which has no pair."""
    fresh: dict[str, np.ndarray] = {}

    def seen(named: Named, value: np.ndarray) -> None:
        if fresh or named.name == after:
            fresh[named.name] = sample_of(value)

    return exact_run(subject, alignment, theirs, seen=seen, enough=enough), fresh


def _computed_from(suspect: str, errors: Mapping[str, Own], without: Mapping[str, Own]) -> str:
    """Which value what follows the suspect was computed from; "" where `without` ends before that is known."""
    later = list(errors)[list(errors).index(suspect) + 1:]
    depend = 0
    for name in later:
        if name not in without:
            return ""
        forth, back = errors[name].error.rms_rel, without[name].error.rms_rel
        if max(forth, back) < CLOSE or abs(forth - back) < 0.1 * max(forth, back):
            continue   # it does not depend on the suspect, or nothing can be said
        if back * TOLD_APART < forth:
            return OURS
        if forth * TOLD_APART < back:
            return THEIRS
        depend += 1
        if depend == LOOKED_AT:
            return UNCLEAR
    return UNCLEAR


def _known(suspect: str, errors: Mapping[str, Own], answers: Collection[str]) -> Callable[[Mapping[str, Own]], bool]:
    """Whether a run without the suspect has gone far enough for one of the answers."""
    return lambda owns: _computed_from(suspect, errors, owns) in answers


def _better(pair: Pair, fresh: Mapping[str, np.ndarray], without: Alignment, theirs: Arrays) -> str:
    """Which later value without a pair the array really is, such as the norm that was folded into a convolution."""
    if len(pair.parts) > 1 or pair.parts[0][1] is not None:
        return ""
    array = theirs[pair.parts[0][0]]
    shapes = {place.named.name: place.shape for place in without.places}
    for name, sample in fresh.items():
        if name in without.pairs or name == pair.ours:
            continue
        for axes in fits(array.shape, shapes[name]):
            if distance(sample, sample_of(in_our_layout(array, axes, shapes[name]))) < CLOSE:
                return name
    return ""


def _moved(pair: Pair, better: str, alignment: Alignment) -> Alignment:
    """With the array at its better place; where that is the very next value (a folded norm), others likewise."""
    order = [place.named.name for place in alignment.places]
    shapes = {place.named.name: place.shape for place in alignment.places}
    pairs = dict(alignment.pairs)
    pairs[better] = replace(pair, ours=better, shape=shapes[better], note=f"not {pair.ours}")
    if order.index(better) == order.index(pair.ours) + 1 and shapes[better] == pair.shape:
        ending = better.rpartition(".")[2]
        for name, following in zip(order, order[1:]):
            if name in pairs and following not in pairs and following.rpartition(".")[2] == ending \
                    and name.rpartition(".")[0] == following.rpartition(".")[0] and pairs[name].how != "map":
                one = pairs.pop(name)
                pairs[following] = replace(one, ours=following, note=f"not {name}")
    return alignment.with_pairs(pairs)
