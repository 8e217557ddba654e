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

from refvr.verify.compare.folded import SUSPECT, with_folded
from refvr.verify.compare.isolate import Exact, exact_run
from refvr.verify.compare.layout_search import fits, in_our_layout
from refvr.verify.compare.nearness import CLOSE, distance, sample_of
from refvr.verify.compare.pairs import Alignment, Pair
from refvr.verify.compare.stage_choice import with_stages
from refvr.verify.compare.what_follows import ONE, UNCLEAR, computed_from, known
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.tracing import Named

MOST = 48         # suspects that are tried

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
    """The alignment without pairs that cannot be, these, and the run in float64 with those that stay.

    Its stages are settled too, those of a suspect before it is asked what followed from it.
    """
    found: list[Mispaired] = []
    alignment, exact = with_folded(subject, alignment, theirs, exact_run(subject, alignment, theirs))
    for k in range(MOST):
        suspect = next((name for name, own in exact.owns.items() if own.error.rms_rel > SUSPECT), None)
        if suspect is None or alignment.pairs[suspect].how == "map":
            break
        progress(k + 1, None)
        exact = with_stages(subject, alignment, theirs, exact, up_to=suspect)
        without = alignment.with_pairs({name: pair for name, pair in alignment.pairs.items() if name != suspect})
        if not without.pairs:
            break
        wrong = alignment.pairs[suspect]
        if exact.owns[suspect].error.spoiled and wrong.how != "order":   # NaN is wrong whatever was done with it
            return _without_guesses(subject, alignment, theirs, exact, suspect, found)
        guess = wrong.how == "order" and suspect != alignment.places[-1].named.name   # nothing speaks for it
        stays = (ONE,) if guess else (ONE, UNCLEAR)
        other, fresh = _without(subject, without, theirs, suspect, exact, stays)
        if (computed_from([suspect], exact.owns, other.owns) or UNCLEAR) in stays:
            return _without_guesses(subject, alignment, theirs, exact, suspect, found)
        better = _better(wrong, fresh, without, theirs)
        found.append(Mispaired(suspect, wrong.parts[0][0], wrong.how, better))
        alignment, exact = without, other
        if better:
            alignment = _moved(wrong, better, alignment)
            exact = exact_run(subject, alignment, theirs, stage_of=exact.decided)
    return alignment, found, with_stages(subject, alignment, theirs, exact)


def _without_guesses(subject: Subject, alignment: Alignment, theirs: Arrays, exact: Exact, first: str,
                     found: list[Mispaired]) -> tuple[Alignment, list[Mispaired], Exact]:
    """What `settled` gives when `first` stands: guesses by order that would be wrong besides it are given up, but for
    other calls of the same module, which are as wrong.

    A second mistake there is still seen, in the next value that has a pair.
    """
    base_of = {place.named.name: place.named.base for place in alignment.places}
    while True:
        exact = with_stages(subject, alignment, theirs, exact)
        later = list(exact.owns)[list(exact.owns).index(first) + 1:]
        doubtful = [name for name in later if exact.owns[name].error.rms_rel > SUSPECT
                    and alignment.pairs[name].how == "order" and name != alignment.places[-1].named.name
                    and base_of[name] != base_of[first]]
        if not doubtful:
            return alignment, found, exact
        found += [Mispaired(name, alignment.pairs[name].parts[0][0], "order") for name in doubtful]
        alignment = alignment.with_pairs({n: pair for n, pair in alignment.pairs.items() if n not in doubtful})
        exact = exact_run(subject, alignment, theirs, stage_of=exact.decided)


def _without(subject: Subject, alignment: Alignment, theirs: Arrays, suspect: str, exact: Exact,
             stays: Collection[str]) -> tuple[Exact, dict[str, np.ndarray]]:
    """The run in float64 with our value in the place of the suspect, and samples of ours from there on.

    alignment  without the suspect's pair;  exact: the run with it;  stays: the answers after which it may end
    """
    fresh: dict[str, np.ndarray] = {}

    def seen(named: Named, value: np.ndarray) -> None:
        if fresh or named.name == suspect:
            fresh[named.name] = sample_of(value)

    return exact_run(subject, alignment, theirs, stage_of=exact.decided, seen=seen,
                     enough=known([suspect], exact.owns, stays)), fresh


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
