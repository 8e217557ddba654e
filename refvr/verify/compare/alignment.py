"""A port's names and ours: which value is which, in which layout, and how that was found.

In this order, and every pair says which of them it was:

    map        the user's own table
    exact      the same name, wrappers such as "module." and the spelling of folders and ONNX aside
    official   the name of the module in the official code, or of its tensors
    value      its values, which are near ours as nothing else is
    order      by order of computation, shape and likeness, for what a mistake has changed and no name tells

Names are believed at once where the values are near too. Of the others, which a mistake must have changed, whatever is
near another value of ours is that; and where their last value is right to rounding, nothing before it can be wrong, so
there what is not near is left out. An array of theirs stands for one value of ours, or is cut along its batch.

A module that runs several times has several values: "head", "head#1" .... Values of all frames in one batch are cut,
values of single calls put together, where ours are the other way round. Frames or steps may be computed in another
order there; that shows in calls that are right, and until one does, a wrong value stays the call that its name says,
for in a recurrence it may be quite near to another one.
"""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf

from refvr.verify.compare.channel_orders import orders_of
from refvr.verify.compare.computation_order import by_order
from refvr.verify.compare.layout_search import canonical, fits
from refvr.verify.compare.nearness import CLOSE, NEAR, RIGHT, Nearness, Place, distance, sample_of
from refvr.verify.compare.pairs import Alignment, Pair
from refvr.verify.compare.their_names import TheirName, in_calls, taken_apart
from refvr.verify.runs.arrays_in import Arrays

BY_ORDER_BELOW = 0.2   # share of names that must be known, otherwise order and shape decide
ANY = inf              # no limit of the distance between values of the same name


def align(places: Sequence[Place], theirs: Arrays, *, network: str = "", official: Iterable[Mapping[str, str]] = (),
          table: Mapping[str, str] | None = None) -> Alignment:
    """Pair the values of a run of ours with those of another program.

    official  our module path -> the official one, for every release
    table     their name -> ours
    """
    aligner = _Aligner(places, theirs, network)
    for theirs_name, ours_name in (table or {}).items():
        aligner.pair("map", ours_name, theirs_name)
    ways = [("exact", lambda base: base), *(("official", release.get) for release in official)]
    for most in (CLOSE, NEAR, ANY):
        for how, alias in ways:
            aligner.by_name(how, alias, most)
        if most < ANY:
            aligner.by_value(most)
        if aligner.all_right():
            return aligner.finished()
    aligner.by_order()
    return aligner.finished()


class _Aligner:
    """Collects pairs; the first that is found for a name stays, and an array of theirs is used once."""

    def __init__(self, places: Sequence[Place], theirs: Arrays, network: str) -> None:
        self.places, self.theirs, self.network = {place.named.name: place for place in places}, theirs, network
        self.nearness = Nearness(places, theirs, network)
        self.pairs: dict[str, Pair] = {}
        self.used: set[str] = set()
        self.misfits: list[str] = []
        self.bases: dict[str, list[str]] = defaultdict(list)
        self.said: dict[str, str] = {}   # theirs -> ours, where the name leaves no doubt which call it is
        self.again: set[str] = set()   # values that are an earlier one once more: a block's is that of its last layer
        seen: set[tuple[tuple[int, ...], bytes]] = set()
        for place in places:
            self.bases[place.named.base].append(place.named.name)
            key = place.shape, place.sample.tobytes()
            self.again |= {place.named.name} if key in seen else set()
            seen.add(key)

    def pair(self, how: str, ours: str, theirs: str, note: str = "", most: float = ANY) -> bool:
        """Pair two values as they are most alike, if both are free, the shapes fit and the distance is below `most`."""
        reading = self.nearness.of(theirs).get(ours)
        if reading is None or theirs in self.used or reading.distance >= most < ANY:
            return False
        if ours in self.pairs and not (most == ANY and self._comes_later(ours, theirs)):
            return False
        self._take(Pair(ours, self.places[ours].shape, ((theirs, None),), reading.axes, how, reading.order, note))
        return True

    def _comes_later(self, ours: str, theirs: str) -> bool:
        """Whether a right value before the activation is paired, and this is a wrong one, so after it."""
        pair = self.pairs[ours]
        reading = self.nearness.of(pair.parts[0][0]).get(ours)
        early = pair.how in ("exact", "official") and reading is not None and reading.early
        return early and reading.distance < NEAR <= self.nearness.nearest(theirs)

    def _take(self, pair: Pair) -> None:
        if pair.ours in self.pairs:
            self.used.difference_update(name for name, _ in self.pairs[pair.ours].parts)
        self.pairs[pair.ours] = pair
        self.used.update(name for name, _ in pair.parts)

    # by name

    def by_name(self, how: str, alias: Callable[[str], str | None], most: float) -> None:
        """Pair modules that have the same name, all of their calls together."""
        known = {name for name in map(alias, self.bases) if name}
        modules: dict[str, list[tuple[str, TheirName]]] = defaultdict(list)
        for name in self.theirs.entries:
            if name not in self.used:
                about = taken_apart(name, known)
                modules[about.base].append((name, about))
        for base, ours in self.bases.items():
            if not alias(base):
                continue
            left = ours if how != "exact" else [name for name in ours if not self._same_name(name, modules, most)]
            left = [name for name in left if name not in self.pairs or most == ANY and how == "official"]
            group = [(name, about) for name, about in modules.get(alias(base), ()) if name not in self.used]
            if left and group:
                self._calls(how, ours, left, group, most)

    def _same_name(self, ours: str, modules: Mapping[str, list[tuple[str, TheirName]]], most: float) -> bool:
        """The very name, with its scope ("frame2.conv", "head#1"): nothing to find out about calls."""
        base, _, call = ours.partition("#")
        if base == self.places[ours].named.base and not call:
            return False
        names = [name for name, about in modules.get(base, ()) if (about.call or 0) == int(call or 0)]
        for name in names:
            self.said.setdefault(name, ours)
        return any(self.pair("exact", ours, name, most=most) for name in names)

    def _calls(self, how: str, ours: list[str], left: list[str], group: list[tuple[str, TheirName]], most: float
               ) -> None:
        """Calls of a module of ours, those in `left` still without a value, with arrays of a module of theirs."""
        calls = in_calls(group)
        stated = all(about.call is not None for _, about in group)
        if len(calls) == 1 and len(ours) > 1 and not stated:
            names = next(iter(calls.values()))
            note = f"one value for {len(ours)} calls"
            if not self._cut(how, left, names, most) and not any(
                    self.pair(how, name, theirs, note, min(most, NEAR)) for name in left for theirs in names) \
                    and most == ANY:
                self.pair(how, left[-1], names[0], note)   # a dictionary keeps the last
        elif len(ours) == 1 and len(calls) > 1 and not stated and self._join(how, ours[0], list(calls.values()), most):
            return
        else:
            sure = stated or len(calls) == len(ours)
            if sure and len(ours) > 1:
                for k, names in calls.items():
                    for name in names if k < len(ours) else ():
                        self.said.setdefault(name, ours[k])
            paired = [self._call(how, name, k, calls, most, sure) for k, name in enumerate(ours) if name in left]
            if most == ANY and not any(paired):
                self._misfit(group[0][0], ours[0])

    def _call(self, how: str, ours: str, k: int, calls: Mapping[int, list[str]], most: float, sure: bool) -> bool:
        """Call k: the array with that number; where numbers only tell an order, a near one may have another."""
        note = "" if sure else f"call {k} of {len(calls)}"
        if any(self.pair(how, ours, name, note, most) for name in calls.get(k, ())):
            return True
        return most < ANY and not sure and any(self.pair(how, ours, name, note, most)
                                               for names in calls.values() for name in names)

    def _cut(self, how: str, ours: list[str], names: list[str], most: float) -> bool:
        """One value of theirs that has all calls in its batch."""
        shape = canonical(self.places[ours[0]].shape)
        for name in names:
            for axes in fits(self.theirs.entries[name].shape, (shape[0] * len(ours), *shape[1:])):
                pairs = [Pair(place, self.places[place].shape, ((name, (k * shape[0], (k + 1) * shape[0])),), axes, how,
                              None, f"part {k} of a batch of {len(ours)}") for k, place in enumerate(ours)]
                if self._within(pairs, most):
                    for pair in pairs:
                        self._take(pair)
                    return True
        return False

    def _join(self, how: str, ours: str, calls: list[list[str]], most: float) -> bool:
        """Single calls of theirs that are one batch of ours."""
        place = self.places[ours]
        n, *rest = canonical(place.shape)
        if n % len(calls) or ours in self.pairs:
            return False
        parts = tuple((names[0], None) for names in calls)
        options = [Pair(ours, place.shape, parts, axes, how, order, f"{len(calls)} calls together")
                   for axes in fits(self.theirs.entries[parts[0][0]].shape, (n // len(calls), *rest))
                   for order in orders_of(self.network, place.named.base, place.shape[-1] if place.shape else 1)]
        options = [pair for pair in options if all(self.theirs.entries[name].shape ==
                                                   self.theirs.entries[parts[0][0]].shape for name, _ in parts)]
        best = min(options, key=self._distance, default=None)
        if best is None or not self._within([best], most):
            return False
        self._take(best)
        return True

    def _distance(self, pair: Pair) -> float:
        place = self.places[pair.ours]
        found = sample_of(pair.read(self.theirs))
        return min(distance(sample, found) for sample in (place.sample, place.early) if sample is not None)

    def _within(self, pairs: Sequence[Pair], most: float) -> bool:
        return most == ANY or all(self._distance(pair) < most for pair in pairs)

    def _misfit(self, theirs: str, ours: str) -> None:
        if not self.nearness.of(theirs) and theirs not in self.used:
            shapes = ("x".join(map(str, shape)) for shape in (self.theirs.entries[theirs].shape,
                                                               self.places[ours].shape))
            self.misfits.append("{} is {}, ours is {}".format(theirs, *shapes))

    # by value

    def by_value(self, most: float) -> None:
        """What is nearer than `most`, the nearest first; of several as near, those at a like place in both orders.

        Where an array has the very name of ours, no other is taken for it but one that is as good as equal: a graph
        has values inside of a layer too, and after a mistake one of those may be nearer than the layer's own.
        """
        keep = most > CLOSE and not self._in_another_order()
        rank = {name: k / len(self.places) for k, name in enumerate(self.places)}
        place_of = {name: k / len(self.theirs) for k, name in enumerate(self.theirs.entries)}
        named = {ours for theirs, ours in self.said.items() if ours in self.nearness.of(theirs)}
        found = []
        for theirs in self.theirs.entries:
            if theirs not in self.used:
                found += [(ours in self.again, round(reading.distance, 5), abs(rank[ours] - place_of[theirs]), ours,
                           theirs) for ours, reading in self.nearness.of(theirs).items()
                          if ours not in self.pairs and self.nearness.within(theirs, ours, most)
                          and not (ours in named and self.said.get(theirs) != ours and (reading.early or most > CLOSE))
                          and not (keep and self._another_call(theirs, ours))]
        for *_, ours, theirs in sorted(found):
            self.pair("value", ours, theirs)

    def _another_call(self, theirs: str, ours: str) -> bool:
        """Whether a name says that an array is a value of another frame or step than `ours` is."""
        said = self.said.get(theirs)
        return said is not None and said != ours and self.places[said].named.call != self.places[ours].named.call

    def _in_another_order(self) -> bool:
        """Whether calls of theirs that are right are others than their names say."""
        return any(self._another_call(theirs, ours) for ours, pair in self.pairs.items() for theirs, _ in pair.parts)

    def all_right(self) -> bool:
        """Whether their last value is right to rounding, so that none before it can be wrong."""
        last = list(self.places)[-1]
        return any(self.nearness.within(name, last, RIGHT) for name in self.theirs.entries)

    def by_order(self) -> None:
        """What is left: by order of computation, shape and likeness, between values that are known."""
        known = {ours: pair.parts[0][0] for ours, pair in self.pairs.items()}
        theirs = list(self.theirs.entries)
        scarce = len(self.used) < BY_ORDER_BELOW * min(len(theirs), len(self.places))
        for ours, name in by_order(list(self.places), theirs, known, self.nearness, self.used, self.again, scarce):
            self.pair("order", ours, name)

    def finished(self) -> Alignment:
        """Pairs in our order."""
        pairs = {name: self.pairs[name] for name in self.places if name in self.pairs}
        misfits = [text for text in self.misfits if text.partition(" is ")[0] not in self.used]
        return Alignment(pairs, [name for name in self.theirs.entries if name not in self.used], misfits,
                         list(self.places.values()))
