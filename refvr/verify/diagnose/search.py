"""The search for the mistake that makes some numbers: candidates one after the other, each held against them.

    difference  max |mine - candidate| / max |candidate|
    agrees      the reference is as near as float32 noise allows: 8 times the difference between our own float32 and
                float64 runs, at least 8 eps of the type that `mine` has
    explained   a candidate is: 98 % of all values as near as that, the rest within 8 times the candidate's own float32
                noise, which is large where something is rounded, or divided by a number near zero
Order: the right version; every mistake alone; changes of the result (mirrored, scaled ...); for a part of a network,
mistakes in single calls; then changes after every mistake, and two mistakes together, the nearest ones first.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, permutations
from typing import Generic

import numpy as np

from refvr.errors import RefvrError
from refvr.types import DType
from refvr.verify.diagnose.deadline import Deadline, LateError
from refvr.verify.diagnose.diagnosis import WORTH_SHOWING, Diagnosis, Explanation, closest, simplest
from refvr.verify.diagnose.result_transforms import changes, hint_of_shape
from refvr.verify.diagnose.targets import C, Target
from refvr.verify.mistakes import NotHereError

Progress = Callable[[str, int, "int | None"], None]
QUIET: Progress = lambda what, done, total: None  # noqa: E731

_MARGIN, _MOST = 8.0, 98
_DOUBTFUL = 0.02  # a largest difference up to which the noise of a candidate is worth a run in float32
SKIP = (NotHereError, RefvrError, IndexError, ValueError, FloatingPointError)


class Search(Generic[C]):
    """One diagnosis on its way.

    own_eps    of the type that `mine` had
    explained  difference that rounding explains, where more than that was found already: then nothing agrees
    """

    def __init__(self, target: Target[C], mine: np.ndarray, own_eps: float, deadline: Deadline,
                 progress: Progress = QUIET, explained: float | None = None) -> None:
        self.target, self.mine, self.deadline, self.progress = target, mine, deadline, progress
        self.kinds: list[str] = []   # of candidates, in words; `what` is the latest
        self.what = "the right version"
        self.right = target.run().astype(np.float64)
        single = target.run(dtype=np.float32).astype(np.float64)
        self.peak = float(np.abs(self.right).max(initial=0.0)) or 1.0
        eps = max(float(np.finfo(np.float32).eps), own_eps)
        self.tolerance = _MARGIN * max(float(np.abs(single - self.right).max(initial=0.0)) / self.peak, eps)
        if explained is not None:
            self.tolerance = min(self.tolerance, max(explained / self.peak, eps))
        self.found: list[Explanation] = []
        self.singles: list[tuple[float, C]] = []
        self.unseen: list[str] = []
        self.made: dict[str, tuple[C, ...]] = {}   # what explains says -> of what

        with np.errstate(all="ignore"):   # what is to be explained; a constant alone explains all but the second
            self.square = float(min(np.sum((mine - self.right) ** 2), np.sum((mine - _mean(mine)) ** 2))
                                ) if mine.shape == self.right.shape else 0.0
        away = self._difference(self.right)
        self.seen = min(2 * self.tolerance * self.peak, 0.1 * away * self.peak)   # a smaller change explains nothing
        self.answer = answer = Diagnosis(target.name, explained is None and away <= self.tolerance, away,
                                         self.tolerance)
        bad = int((~np.isfinite(self.mine)).sum())
        if bad:
            answer.note = f"{bad} of {self.mine.size} values are NaN or infinite"
        elif self.mine.shape != self.right.shape:
            answer.note = f"the shape is {self.mine.shape}, expected {self.right.shape}"
            answer.note += hint_of_shape(self.mine.shape, self.right.shape)
        self.nothing_to_do = answer.agrees or bad > 0

    def run(self) -> Diagnosis:
        """Single candidates first, then pairs: what was found."""
        if not self.alone():
            self.pairs()
        return self.found_so_far()

    def alone(self) -> bool:
        """Whether nothing is left to do when every mistake was tried alone, stage after stage."""
        if not self.nothing_to_do:
            self._until_late(self._stages)
        return self.nothing_to_do or bool(simplest(self.found))

    def pairs(self) -> None:
        """Two mistakes together."""
        self._until_late(self._pairs)

    def _until_late(self, work: Callable[[], None]) -> None:
        try:
            work()
        except LateError:
            self.answer.complete = False

    def _stages(self) -> None:
        """Changes of the result come after the first stage, which has what is likeliest."""
        for k, stage in enumerate(self.target.variants()):
            if simplest(self.found):
                return
            self._alone(stage)
            if k == 0 and not simplest(self.found):
                self._doing("changes of the result")
                self._changed((), "", self.right)

    def found_so_far(self) -> Diagnosis:
        """What there is to say."""
        answer = self.answer
        answer.tried, answer.unseen, answer.kinds = len(self.found), self.unseen, self.kinds
        answer.explained = simplest(sorted(self.found, key=lambda e: e.difference))
        answer.closest = closest(self.found, answer.explained)
        return answer

    def _doing(self, what: str) -> None:
        """Kinds are what people are told, while they wait and afterwards."""
        self.what = what
        if what not in self.kinds:
            self.kinds.append(what)

    def _difference(self, y: np.ndarray) -> float:
        return float(self._away(y).max(initial=0.0)) if y.shape == self.mine.shape else float("inf")

    def _away(self, y: np.ndarray) -> np.ndarray:
        """|mine - y| over the peak of y, infinite where it is no number."""
        with np.errstate(all="ignore"):
            peak = float(np.abs(y).max(initial=0.0)) or self.peak
            return np.nan_to_num(np.abs(self.mine - y) / peak, nan=np.inf, posinf=np.inf)

    def _run(self, *variants: C, dtype: DType = np.float64) -> np.ndarray | None:
        try:
            with np.errstate(all="ignore"):
                return self.target.run(*variants, dtype=dtype).astype(np.float64)
        except SKIP:
            return None

    def _try(self, names: tuple[str, ...], says: str, y: np.ndarray, variants: Sequence[C] = ()) -> Explanation:
        """Judge a candidate; `variants` make it again in float32 where it is near enough to be worth it."""
        difference, fits = self._difference(y), False
        if difference <= self.tolerance:
            fits = True
        elif difference < _DOUBTFUL and np.percentile(self._away(y), _MOST) <= self.tolerance:
            single = self._run(*variants, dtype=np.float32) if variants else None
            fits = single is not None and bool(
                difference * np.abs(y).max() <= _MARGIN * np.abs(single - y).max(initial=0.0))
        share = self._share(y)
        fits = fits and (share >= WORTH_SHOWING or not self.square)   # few digits are near to many candidates
        self.progress(f"trying {self.what}", len(self.found), None)
        self.found.append(Explanation(names, says, difference, fits, share))
        if fits and variants:
            self.made[says] = tuple(variants)
        self.deadline.check()
        return self.found[-1]

    def _share(self, y: np.ndarray) -> float:
        """Of the squared difference that the reference or the best constant leaves, what is gone with `y`."""
        if y.shape != self.mine.shape or not self.square:
            return 0.0
        with np.errstate(all="ignore"):
            left = float(np.sum((self.mine - y) ** 2))
        return 1 - left / self.square if np.isfinite(left) else -np.inf

    def _changed(self, names: tuple[str, ...], says: str, y: np.ndarray) -> None:
        """Changes of a result: after a mistake they make a pair."""
        also = getattr(self.target, "also", None)   # what only a whole port has: other values
        more = also(y, self.mine) if also and y.shape == self.mine.shape else ()
        for change in chain(changes(y, self.mine), more):
            self._try((*names, change.name), f"{says} and {change.says}" if says else change.says, change.y)

    def _alone(self, stage: Sequence[C]) -> None:
        """Every mistake of a stage."""
        for variant in stage:
            self._doing(variant.kind)
            self.deadline.check()
            y = self._run(variant)
            if y is None:
                continue
            if y.shape == self.right.shape and float(np.abs(y - self.right).max(initial=0.0)) <= self.seen:
                self.unseen.append(variant.name)
                continue
            tried = self._try((variant.name,), variant.says, y, (variant,))
            self.singles.append((tried.difference, variant))

    def _pairs(self) -> None:
        """Two mistakes, either of them outside; pairs of near ones first, changes after single ones before."""
        near = [variant for _, variant in sorted(self.singles, key=lambda pair: pair[0])]
        self._doing("changes of the result after a mistake")
        for variant in near:
            y = self._run(variant)
            if y is not None:
                self._changed((variant.name,), variant.says, y)
        if simplest(self.found):
            return
        self._doing("pairs of mistakes")
        for one, other in _by_rank(near):
            self.deadline.check()
            y = self._run(one, other)
            says = f"{one.says}, and {other.says}"
            if y is not None and self._try((one.name, other.name), says, y, (one, other)).fits:
                return


def _mean(x: np.ndarray) -> float:
    """The constant that is nearest."""
    return float(x.mean()) if x.size else 0.0


def _by_rank(near: Sequence[C]) -> Iterator[tuple[C, C]]:
    """All ordered pairs, those of small ranks first."""
    order = sorted(permutations(range(len(near)), 2), key=lambda pair: (max(pair), sum(pair)))
    return ((near[i], near[j]) for i, j in order)
