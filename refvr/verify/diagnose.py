"""`diagnose`: which mistake makes these numbers? Run the catalogue and name what reproduces them.

    difference  max |mine - candidate| / max |candidate|
    agrees      the reference is as near as float32 noise allows: 8 times the difference between our own float32 and
                float64 runs, at least 8 eps of the type that `mine` has
    explained   a candidate is: 98 % of all values as near as that, the rest within 8 times the candidate's own float32
                noise, which is large where something is rounded, or divided by a number near zero
Order: the right version; every mistake alone; changes of the result (mirrored, scaled ...); for a part of a network,
mistakes in single calls; then changes behind every mistake, and two mistakes together, the nearest ones first.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, permutations
from typing import Any

import numpy as np

from refvr.errors import InputError, RefvrError
from refvr.nn.module import Module
from refvr.verify.changes import changes
from refvr.verify.layouts import LAYOUTS, from_nchw
from refvr.verify.mistakes import SUBJECTS, NotHereError
from refvr.verify.targets import OperationTarget, PartTarget, Target, Variant

Progress = Callable[[int, "int | None"], None]

_MARGIN, _MOST, _SHOWN = 8.0, 98, 3
_DOUBTFUL = 0.02  # a largest difference up to which the noise of a candidate is worth a run in float32
_SKIP = (NotHereError, RefvrError, IndexError, ValueError, FloatingPointError)


@dataclass(frozen=True)
class Explanation:
    """A candidate: mistakes that stand on top of each other, what they say, how near they come, whether that is all."""

    mistakes: tuple[str, ...]
    says: str
    difference: float
    fits: bool


@dataclass
class Diagnosis:
    """What was found.

    agrees      the numbers are right within rounding; `difference`: how far they are from the reference
    explained   candidates that reproduce them, nearest first; several where they cannot be told apart
    closest     the nearest ones that do not
    tried       candidates that were run; unseen: mistakes that make no difference with these inputs
    complete    False when time ran out before all pairs were tried
    """

    subject: str
    agrees: bool
    difference: float
    tolerance: float
    explained: list[Explanation] = field(default_factory=list)
    closest: list[Explanation] = field(default_factory=list)
    tried: int = 0
    unseen: list[str] = field(default_factory=list)
    complete: bool = True
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def diagnose(what: str | Module, mine: np.ndarray, inputs: Mapping[str, Any] | None = None, *, part: str = "",
             layout: str = "nhwc", weights: Any = None, seconds: float = 60.0,
             progress: Progress = lambda done, total: None, **options: Any) -> Diagnosis:
    """Name the mistake that makes `mine` of `inputs`.

    what     an operation ("deform_conv2d"), a model of the zoo ("remonet-s") or one with a part ("remonet-s:conv1"),
             or a network that was made already, `part` then being the path of a module in it, "" for all of it
    mine     the result to be explained
    inputs   operands by name (x, weight, bias, offset_px ...), for a part its inputs; options may be among them
    layout   "nhwc" (ours) or "nchw": of all arrays, weights as (o, c, kh, kw); weights: a weight file of the model
    seconds  after which no more pairs are tried
    Raises InputError for names, shapes and layouts that do not fit.
    """
    if layout not in LAYOUTS:
        raise InputError(f"diagnose: got layout {layout!r}, expected {' or '.join(LAYOUTS)}")
    target = _target(what, part, dict(inputs or {}), options, layout, weights)
    mine = np.asarray(mine)
    if mine.dtype.kind not in "fiub":
        raise InputError(f"diagnose: got {mine.dtype} values, expected numbers")
    own_eps = float(np.finfo(mine.dtype).eps) if mine.dtype in (np.float16, np.float32) else 0.0
    mine = from_nchw(mine, _axes(target, mine)) if layout == "nchw" else mine
    return search(target, mine, own_eps, seconds, progress)


def search(target: Target, mine: np.ndarray, own_eps: float, seconds: float,
           progress: Progress = lambda done, total: None) -> Diagnosis:
    """Name the mistake in `target` that makes `mine`; own_eps: of the type that `mine` had."""
    return Search(target, mine.astype(np.float64), own_eps, seconds, progress).run()


def _axes(target: OperationTarget | PartTarget, mine: np.ndarray) -> str:
    if isinstance(target, PartTarget) and mine.ndim != 4:
        return "any" if mine.ndim < 4 else "clip" if target.result == "clip" else "frames"
    return target.result


def _target(what: str | Module, part: str, inputs: dict[str, Any], options: dict[str, Any], layout: str,
            weights: Any) -> OperationTarget | PartTarget:
    if isinstance(what, Module):
        return PartTarget(what, part, inputs, options, layout)
    name, _, path = what.partition(":")
    if name in SUBJECTS:
        return OperationTarget(name, inputs, options, layout)
    from refvr.networks import zoo

    if name not in zoo.MODELS:
        raise InputError(f"diagnose: {name!r} is no operation and no model",
                         fix=f"operations are {', '.join(sorted(SUBJECTS))}; `refvr models` lists the models")
    return PartTarget(zoo.load(name, weights), path or part, inputs, options, layout, what)


class Search:
    """One diagnosis on its way."""

    def __init__(self, target: Target, mine: np.ndarray, own_eps: float,
                 seconds: float, progress: Progress) -> None:
        self.target, self.mine, self.until = target, mine, time.monotonic() + seconds
        self.progress = progress
        self.right = target.run().astype(np.float64)
        single = target.run(dtype=np.float32).astype(np.float64)
        self.peak = float(np.abs(self.right).max(initial=0.0)) or 1.0
        eps = max(float(np.finfo(np.float32).eps), own_eps)
        self.tolerance = _MARGIN * max(float(np.abs(single - self.right).max(initial=0.0)) / self.peak, eps)
        self.found: list[Explanation] = []
        self.seen: set[tuple[str, ...]] = set()
        self.singles: list[tuple[float, Variant]] = []
        self.unseen: list[str] = []

        away = self._difference(self.right)
        self.answer = answer = Diagnosis(target.name, away <= self.tolerance, away, self.tolerance)
        bad = int((~np.isfinite(self.mine)).sum())
        if bad:
            answer.note = f"{bad} of {self.mine.size} values are NaN or infinite"
        elif self.mine.shape != self.right.shape:
            answer.note = f"the shape is {self.mine.shape}, expected {self.right.shape}{_hint(self.mine, self.right)}"
        self.nothing_to_do = answer.agrees or bad > 0

    def run(self) -> Diagnosis:
        """See the module."""
        if not self.alone():
            self.pairs()
        return self.found_so_far()

    def alone(self) -> bool:
        """Whether nothing is left to do when every mistake was tried alone, stage after stage."""
        for k, stage in enumerate(self.target.variants() if not self.nothing_to_do else ()):
            if not self._explained():
                self.answer.complete &= self._alone(stage)
            if k == 0 and not self._explained():
                self._changed((), "", self.right)
        return self.nothing_to_do or bool(self._explained())

    def pairs(self) -> None:
        """Two mistakes together."""
        self.answer.complete &= self._pairs()

    def found_so_far(self) -> Diagnosis:
        """What there is to say."""
        answer = self.answer
        answer.tried, answer.unseen = len(self.seen), self.unseen
        ranked = sorted(self.found, key=lambda e: e.difference)
        answer.explained = self._explained(ranked)
        answer.closest = sorted((e for e in ranked if e not in answer.explained and np.isfinite(e.difference)),
                                key=lambda e: e.difference)[:_SHOWN]
        return answer

    def _difference(self, y: np.ndarray) -> float:
        return float(self._away(y).max(initial=0.0)) if y.shape == self.mine.shape else float("inf")

    def _away(self, y: np.ndarray) -> np.ndarray:
        """|mine - y| over the peak of y, infinite where it is no number."""
        with np.errstate(all="ignore"):
            peak = float(np.abs(y).max(initial=0.0)) or self.peak
            return np.nan_to_num(np.abs(self.mine - y) / peak, nan=np.inf, posinf=np.inf)

    def _explained(self, found: Sequence[Explanation] | None = None) -> list[Explanation]:
        """The candidates that fit, of the simplest kind: one mistake before two."""
        fits = [e for e in (self.found if found is None else found) if e.fits]
        least = min((len(e.mistakes) for e in fits), default=0)
        return [e for e in fits if len(e.mistakes) == least]

    def _run(self, *variants: Variant, dtype: Any = np.float64) -> np.ndarray | None:
        try:
            with np.errstate(all="ignore"):
                return self.target.run(*variants, dtype=dtype).astype(np.float64)
        except _SKIP:
            return None

    def _try(self, names: tuple[str, ...], says: str, y: np.ndarray, variants: Sequence[Variant] = ()) -> Explanation:
        """Judge a candidate; `variants` make it again in float32 where it is near enough to be worth it."""
        difference, fits = self._difference(y), False
        if difference <= self.tolerance:
            fits = True
        elif difference < _DOUBTFUL and np.percentile(self._away(y), _MOST) <= self.tolerance:
            single = self._run(*variants, dtype=np.float32) if variants else None
            fits = single is not None and bool(
                difference * np.abs(y).max() <= _MARGIN * np.abs(single - y).max(initial=0.0))
        self.seen.add(names)
        self.progress(len(self.seen), None)
        self.found.append(Explanation(names, says, difference, fits))
        return self.found[-1]

    def _changed(self, names: tuple[str, ...], says: str, y: np.ndarray) -> None:
        """Changes of a result: behind a mistake they make a pair."""
        also = getattr(self.target, "also", None)   # what only a whole port has: other values
        more = also(y, self.mine) if also and y.shape == self.mine.shape else ()
        for change in chain(changes(y, self.mine), more):
            self._try((*names, change.name), f"{says} and {change.says}" if says else change.says, change.y)

    def _alone(self, stage: Sequence[Variant]) -> bool:
        """Every mistake of a stage; behind those that are seen, changes of the result too."""
        for variant in stage:
            if time.monotonic() > self.until:
                return False
            y = self._run(variant)
            if y is None:
                continue
            if y.shape == self.right.shape and float(np.abs(y - self.right).max(initial=0.0)) <= \
                    2 * self.tolerance * self.peak:
                self.unseen.append(variant.name)
                continue
            tried = self._try((variant.name,), variant.says, y, (variant,))
            self.singles.append((tried.difference, variant))
        return True

    def _pairs(self) -> bool:
        """Two mistakes, either of them outside; pairs of near ones first, changes behind single ones before."""
        near = [variant for _, variant in sorted(self.singles, key=lambda pair: pair[0])]
        for variant in near:
            y = self._run(variant)
            if y is not None:
                self._changed((variant.name,), variant.says, y)
        if self._explained():
            return True
        for one, other in _by_rank(near):
            if time.monotonic() > self.until:
                return False
            y = self._run(one, other)
            says = f"{one.says}, and {other.says}"
            if y is not None and self._try((one.name, other.name), says, y, (one, other)).fits:
                return True
        return True


def _by_rank(near: Sequence[Variant]) -> Iterator[tuple[Variant, Variant]]:
    """All ordered pairs, those of small ranks first."""
    order = sorted(permutations(range(len(near)), 2), key=lambda pair: (max(pair), sum(pair)))
    return ((near[i], near[j]) for i, j in order)


def _hint(mine: np.ndarray, right: np.ndarray) -> str:
    """What a wrong shape may mean."""
    if mine.ndim == right.ndim >= 4 and mine.shape == np.moveaxis(right, -1, -3).shape:
        return "; channels stand before rows: use layout nchw"
    return ""
