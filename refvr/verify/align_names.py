"""Somebody else's names and ours: which value is which, in which layout, and how that was found.

In this order, and every pair says which of them it was:

    map        the user's own table
    exact      the same name, wrappers such as "module." and the spelling of folders and ONNX aside
    official   the name of the module in the official code, or of its tensors
    order      by order of computation and shape, where hardly any name is known

A module that runs several times has several values: "head", "head#1" .... Values of all frames in one batch are cut,
values of single calls put together, where ours are the other way round.
"""
from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import NamedTuple

import numpy as np

from refvr.verify.arrays_in import Arrays
from refvr.verify.axes import alike, canonical, fits, longest_common, sample_places, turned
from refvr.verify.channel_orders import orders_of
from refvr.verify.slabs import LEAST, Slabs
from refvr.verify.tracing import Named, repeats

SAMPLES = 600
WRAPPERS = {"module", "_orig_mod", "model", "net", "network", "generator", "cell"}
BY_ORDER_BELOW = 0.2   # share of names that must be known, else order and shape decide


class Place(NamedTuple):
    """A named value of ours: where it is, its shape, and values at `sample_places` of its canonical shape."""

    named: Named
    shape: tuple[int, ...]
    sample: np.ndarray


@dataclass(frozen=True)
class Pair:
    """Ours and theirs.

    parts  (their name, first and last index of the batch or None for all of it); several are put together
    axes   of theirs;  order: of theirs in channels, None: as ours;  how: as the module says;  note: what else
    """

    ours: str
    shape: tuple[int, ...]
    parts: tuple[tuple[str, tuple[int, int] | None], ...]
    axes: str
    how: str
    order: tuple[int, ...] | None = None
    note: str = ""

    def read(self, theirs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Their value with the axes of ours, in the type it is stored in."""
        return self.cut([theirs[name] for name, _ in self.parts])

    def parts_of(self, theirs: Arrays) -> np.ndarray | Slabs:
        """The same value, to be read a part at a time if it is large and lies in HDF5 as it is."""
        (name, span), *more = self.parts
        entry = theirs.entries[name]
        if more or span or self.order is not None or prod(entry.shape) < LEAST or not entry.in_parts \
                or sorted(self.axes.split()) != list("chnw") or len(self.shape) != 4:
            return self.read(theirs)
        return Slabs(theirs.path, name, self.axes, self.shape)

    def cut(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """The same of arrays that are read already."""
        n, h, w, c = canonical(self.shape)
        whole = len(self.parts) == 1
        found = []
        for array, (_, span) in zip(arrays, self.parts):
            batch = array.size // max(1, h * w * c)
            value = turned(array, self.axes, (batch, h, w, c) if span or not whole else self.shape)
            found.append(value[span[0]:span[1]] if span else value)
        value = found[0] if whole else np.concatenate(found)
        value = value if self.order is None else value[..., list(self.order)]
        return value.reshape(self.shape)


@dataclass
class Alignment:
    """Pairs by our name, in order of our computation; names of theirs that are nowhere, and why, where it is known."""

    pairs: dict[str, Pair] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many pairs were found in which way."""
        found: dict[str, int] = defaultdict(int)
        for pair in self.pairs.values():
            found[pair.how] += 1
        return dict(found)


def sample_of(value: np.ndarray) -> np.ndarray:
    """What a Place keeps of a value of ours."""
    shape = canonical(value.shape)
    return value.reshape(shape)[sample_places(shape, SAMPLES)]


def align(places: Sequence[Place], theirs: Arrays, *, network: str = "", official: Iterable[Mapping[str, str]] = (),
          table: Mapping[str, str] | None = None) -> Alignment:
    """Pair the values of a run of ours with those of another program.

    official  our module path -> the official one, for every release
    table     their name -> ours
    """
    aligner = _Aligner(places, theirs, network)
    names = {name: plain_name(name) for name in theirs.entries}
    for theirs_name, ours_name in (table or {}).items():
        aligner.offer("map", ours_name, [(theirs_name, 0)])
    aligner.by_name("exact", names, lambda base: [base])
    for release in official:
        aligner.by_name("official", names, lambda base, release=release: _aliases(base, release))
    if len(aligner.used) < BY_ORDER_BELOW * min(len(theirs), len(places)):
        aligner.by_order()
    return aligner.finished()


def plain_name(name: str) -> tuple[str, int]:
    """(name without wrappers and endings, number of the call) of a name of theirs."""
    parts = [part for part in name.strip("/").replace("::", "/").split("/") if part]
    parts = [part for k, part in enumerate(parts)   # ONNX: /blocks/blocks.0/conv1/Conv_1_output_0
             if not (k + 1 < len(parts) and parts[k + 1].startswith(f"{part}."))]
    call = 0
    found = re.fullmatch(r"[A-Z]\w*?(?:_(\d+))?_output_\d+", parts[-1]) if parts else None
    if found:
        parts, call = parts[:-1], int(found[1] or 0)
    words = ".".join(parts).split(".")
    while len(words) > 1 and words[0] in WRAPPERS:
        words = words[1:]
    while len(words) > 1 and words[-1] in ("output", "out", "npy"):
        words = words[:-1]
    base, repeat = repeats(re.sub(r"[@\[](\d+)\]?$", r"#\1", ".".join(words)))
    return base, call or repeat


def _aliases(base: str, release: Mapping[str, str]) -> list[str]:
    """Names that the official code has for a module of ours."""
    name = release.get(base)
    return [name] if name else []


class _Aligner:
    """Collects pairs; the first that is found for a name stays."""

    def __init__(self, places: Sequence[Place], theirs: Arrays, network: str) -> None:
        self.places, self.theirs, self.network = {place.named.name: place for place in places}, theirs, network
        self.pairs: dict[str, Pair] = {}
        self.used: set[str] = set()
        self.misfits: list[str] = []
        self.bases: dict[str, list[str]] = defaultdict(list)
        for place in places:
            self.bases[place.named.base].append(place.named.name)

    def offer(self, how: str, ours: str, candidates: Sequence[tuple[str, int]], note: str = "") -> bool:
        """Pair `ours` with the candidate that fits; of several the one most like it."""
        if ours not in self.places or ours in self.pairs:
            return False
        place, possible = self.places[ours], []
        for name, _ in candidates:
            if name in self.theirs.entries:
                possible += [Pair(ours, place.shape, ((name, None),), axes, how, None, note)
                             for axes in fits(self.theirs.entries[name].shape, place.shape)]
        return self._take(place, possible)

    def _take(self, place: Place, possible: list[Pair]) -> bool:
        possible = [replace(pair, order=order) for pair in possible
                    for order in orders_of(self.network, place.named.base, place.shape[-1] if place.shape else 1)]
        if not possible:
            return False
        best = possible[0] if len(possible) == 1 else max(possible, key=lambda pair: self._likeness(place, pair))
        self.pairs[place.named.name] = best
        self.used.update(name for name, _ in best.parts)
        return True

    def _likeness(self, place: Place, pair: Pair) -> float:
        value = pair.read(self.theirs)
        found = sample_of(value)
        usual = 1e-6 * (pair.axes in self._usual()) + 1e-6 * (pair.order is None)
        return abs(alike(found, place.sample)) + usual

    def _usual(self) -> set[str]:
        return {pair.axes for pair in self.pairs.values()}

    def by_name(self, how: str, names: Mapping[str, tuple[str, int]], aliases: Callable[[str], list[str]]) -> None:
        """Pair whole modules, all of their calls together."""
        theirs: dict[str, list[tuple[str, int]]] = defaultdict(list)
        full: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for name, (base, call) in names.items():
            theirs[base].append((name, call))
            full[f"{base}#{call}" if call else base].append((name, call))
            full[name].append((name, call))
        for base, ours in self.bases.items():
            for alias in aliases(base):
                left = []
                for name in ours:   # the very name, with its scope: nothing to find out about calls
                    known = how == "exact" and name != base and self.offer(how, name, full.get(name, ()))
                    left += [] if known or name in self.pairs else [name]
                if left and alias in theirs:
                    self._calls(how, left, theirs[alias])

    def _calls(self, how: str, ours: list[str], theirs: list[tuple[str, int]]) -> None:
        """Calls of a module of ours, in order, with calls of a module of theirs."""
        calls: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for name, call in theirs:
            calls[call].append((name, call))
        groups = [calls[call] for call in sorted(calls)]
        if len(ours) == len(groups):
            paired = [self.offer(how, name, group) for name, group in zip(ours, groups)]
        elif (len(groups) == 1 and self._cut(how, ours, groups[0])
              or len(ours) == 1 and self._join(how, ours[0], groups)):
            return
        elif len(groups) == 1:
            paired = [self._one_of(how, ours, groups[0])]
        else:
            paired = [self.offer(how, name, group, f"call {k} of {len(groups)}")
                      for k, (name, group) in enumerate(zip(ours, groups))]
        if not any(paired):
            shapes = "x".join(map(str, self.theirs.entries[theirs[0][0]].shape))
            self.misfits.append(f"{theirs[0][0]} is {shapes}, ours is {'x'.join(map(str, self.places[ours[0]].shape))}")

    def _cut(self, how: str, ours: list[str], group: list[tuple[str, int]]) -> bool:
        """One value of theirs that has all calls in its batch."""
        shape = canonical(self.places[ours[0]].shape)
        for name, _ in group:
            together = (shape[0] * len(ours), *shape[1:])
            for axes in fits(self.theirs.entries[name].shape, together):
                for k, place in enumerate(ours):
                    span = (k * shape[0], (k + 1) * shape[0])
                    pair = Pair(place, self.places[place].shape, ((name, span),), axes, how, None,
                                f"part {k} of a batch of {len(ours)}")
                    self._take(self.places[place], [pair])
                return True
        return False

    def _join(self, how: str, ours: str, groups: list[list[tuple[str, int]]]) -> bool:
        """Single calls of theirs that are one batch of ours."""
        place = self.places[ours]
        n, *rest = canonical(place.shape)
        if n % len(groups):
            return False
        axes = fits(self.theirs.entries[groups[0][0][0]].shape, (n // len(groups), *rest))
        parts = tuple((group[0][0], None) for group in groups)
        return self._take(place, [Pair(ours, place.shape, parts, option, how, None, f"{len(groups)} calls together")
                                  for option in axes])

    def _one_of(self, how: str, ours: list[str], group: list[tuple[str, int]]) -> bool:
        """One value for a module that runs several times: the last, as a dictionary keeps it, unless like another."""
        best, likeness = ours[-1], 0.0
        for name in ours:
            pairs = [Pair(name, self.places[name].shape, ((group[0][0], None),), axes, how)
                     for axes in fits(self.theirs.entries[group[0][0]].shape, self.places[name].shape)]
            found = max((self._likeness(self.places[name], pair) for pair in pairs), default=0.0)
            if found > likeness + 1e-3 and found > 0.9:
                best, likeness = name, found
        return self.offer(how, best, group, f"one value for {len(ours)} calls")

    def by_order(self) -> None:
        """What is left, by order of computation, shape and likeness."""
        ours = [place for name, place in self.places.items() if name not in self.pairs]
        theirs = [name for name in self.theirs.entries if name not in self.used]
        scores = np.zeros((len(ours), len(theirs)))
        chosen: dict[tuple[int, int], Pair] = {}
        for j, name in enumerate(theirs):   # one of their values in memory at a time
            shape, value = self.theirs.entries[name].shape, None
            for i, place in enumerate(ours):
                for axes in fits(shape, place.shape):
                    value = self.theirs[name] if value is None else value
                    pair = Pair(place.named.name, place.shape, ((name, None),), axes, "order")
                    score = 0.1 + 2 * alike(sample_of(pair.cut([value])), place.sample) ** 2
                    if score > scores[i, j]:
                        scores[i, j], chosen[i, j] = score, pair
        for i, j in longest_common(scores):
            self._take(ours[i], [chosen[i, j]])

    def finished(self) -> Alignment:
        """Pairs in our order."""
        pairs = {name: self.pairs[name] for name in self.places if name in self.pairs}
        misfits = [text for text in self.misfits if text.partition(" is ")[0] not in self.used]
        return Alignment(pairs, [name for name in self.theirs.entries if name not in self.used], misfits)
