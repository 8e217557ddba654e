"""Pairs of our values and theirs while they are being found, and what is known of both sides."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import inf

from refvr.verify.compare.nearness import NEAR, RIGHT, Nearness, Place, distance, sample_of
from refvr.verify.compare.pairs import Alignment, Pair
from refvr.verify.compare.their_names import TheirName, counted_calls, in_calls, insides, taken_apart
from refvr.verify.runs.arrays_in import Arrays

ANY = inf   # no limit of the distance between values of the same name


class Found:
    """Collects pairs; the first that is found for a name stays, and an array of theirs is used once."""

    def __init__(self, places: Sequence[Place], theirs: Arrays, network: str) -> None:
        self.places, self.theirs, self.network = {place.named.name: place for place in places}, theirs, network
        self.nearness = Nearness(places, theirs, network)
        self.pairs: dict[str, Pair] = {}
        self.used: set[str] = set()
        self.misfits: list[str] = []
        self.misfit_results: dict[str, str] = {}   # ours -> theirs, which has another shape
        self.notes: list[str] = []
        self.bases: dict[str, list[str]] = defaultdict(list)
        self.said: dict[str, str] = {}   # theirs -> ours, where the name leaves no doubt which call it is
        self.again: set[str] = set()   # values that are an earlier one once more: a block's is that of its last layer
        self.calls = counted_calls(theirs.entries) | _stated_calls(theirs)
        self.insides = insides(theirs.entries)
        self.repeated: set[str] = set()   # values that a later one is once more
        seen: dict[tuple[tuple[int, ...], bytes], str] = {}
        for place in places:
            self.bases[place.named.base].append(place.named.name)
            key = place.shape, place.sample.tobytes()
            if key in seen:
                self.again.add(place.named.name)
                self.repeated.add(seen[key])
            seen.setdefault(key, place.named.name)

    def pair(self, how: str, ours: str, theirs: str, note: str = "", most: float = ANY) -> bool:
        """Pair two values as they are most alike, if both are free, the shapes fit and the distance is below `most`."""
        reading = self.nearness.of(theirs).get(ours)
        if reading is None or theirs in self.used or reading.distance >= most < ANY:
            return False
        if ours in self.pairs and not (most == ANY and self._comes_later(ours, theirs)):
            return False
        self.take(Pair(ours, self.places[ours].shape, ((theirs, None),), reading.axes, how, reading.order, note))
        return True

    def _comes_later(self, ours: str, theirs: str) -> bool:
        """Whether a right value before the activation is paired, and this is a wrong one, so after it."""
        pair = self.pairs[ours]
        reading = self.nearness.of(pair.parts[0][0]).get(ours)
        if pair.how not in ("exact", "official") or reading is None or not reading.early:
            return False
        return reading.distance < NEAR <= self.nearness.nearest(theirs)

    def take(self, pair: Pair) -> None:
        """Keep a pair, in the place of one of the same name."""
        if pair.ours in self.pairs:
            self.used.difference_update(name for name, _ in self.pairs[pair.ours].parts)
        self.pairs[pair.ours] = pair
        self.used.update(name for name, _ in pair.parts)

    def distance(self, pair: Pair) -> float:
        """As nearness.py has it."""
        place = self.places[pair.ours]
        found = sample_of(pair.read(self.theirs))
        return min(distance(sample, found) for sample in (place.sample, place.early) if sample is not None)

    def within(self, pairs: Sequence[Pair], most: float) -> bool:
        """Whether the distance of all of them is below `most`."""
        return most == ANY or all(self.distance(pair) < most for pair in pairs)

    def meant(self, theirs: str, ours: str) -> str:
        """Of the calls of which `ours` is one, that which the name of theirs says, "" where it says none."""
        call, count = self.calls.get(theirs, (0, 1))
        if theirs in self.said:
            calls = self.bases[self.places[self.said[theirs]].named.base]
            call, count = calls.index(self.said[theirs]), len(calls)
        all_calls = self.bases[self.places[ours].named.base]
        return all_calls[call] if count == len(all_calls) > 1 else self.said.get(theirs, "")

    def all_right(self) -> bool:
        """Whether all results are right to rounding, or the last value, so that none before can be wrong."""
        results = [name for name in ("output", "output_state") if name in self.places] or list(self.places)[-1:]
        return all(any(self.nearness.within(name, result, RIGHT) for name in self.theirs.entries) for result in results)

    def finished(self) -> Alignment:
        """Pairs in our order."""
        pairs = {name: self.pairs[name] for name in self.places if name in self.pairs}
        misfits = [text for text in self.misfits if text.partition(" is ")[0] not in self.used]
        odd = {ours: name for ours, name in self.misfit_results.items() if name not in self.used}
        return Alignment(pairs, [name for name in self.theirs.entries if name not in self.used], misfits,
                         list(self.places.values()), odd, self.notes)


def _stated_calls(theirs: Arrays) -> dict[str, tuple[int, int]]:
    """Name of theirs -> which of how many calls it is, where the names of a module state that: "x", "x#1", "x#2"."""
    modules: dict[str, list[tuple[str, TheirName]]] = defaultdict(list)
    for name in theirs.entries:
        about = taken_apart(name, ())
        modules[about.base].append((name, about))
    calls = [in_calls(group) for group in modules.values() if any(about.call is not None for _, about in group)]
    return {name: (k, len(numbers)) for numbers in calls for k, names in numbers.items() for name in names}
