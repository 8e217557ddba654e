"""What `diagnose` looks at in a whole port: the operations between its last right value and its first wrong one.

The reference is run with their values in the place of ours (see isolate.py), so operands of every layer are known
whatever their number or kind, lists and tuples too. Operations before the span are run once and remembered; mistakes
are planted in those of the span.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.types import DType
from refvr.verify.compare.between import counted
from refvr.verify.compare.disk_cache import DiskCache
from refvr.verify.compare.forced_run import AFTER_RELU, Stop, at_stage, forced
from refvr.verify.compare.isolate import judge
from refvr.verify.compare.pairs import Alignment
from refvr.verify.compare.precision import grid_at
from refvr.verify.diagnose.deadline import Deadline
from refvr.verify.diagnose.port_mistakes import NOTHING, PICTURES, SLOPES, Everywhere, Fed, Following, changed
from refvr.verify.diagnose.result_transforms import Change
from refvr.verify.diagnose.structure.variants import structural
from refvr.verify.diagnose.targets import SINGLE_CALLS, Candidate, Variant
from refvr.verify.mistakes import mistakes_of
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.layer_precision import Precision
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.planted import WRITTEN, instead, recorded
from refvr.verify.runs.port_arithmetic import arithmetic
from refvr.verify.runs.pre_activation import Stage, stages
from refvr.verify.runs.tracing import Named, listen

_REMEMBERED = 1 << 31  # bytes of results before the span that are kept (disk_cache.py); beyond, they are computed again
NEAR = 6  # values before the span after which something else may come


class SpanTarget:
    """The run of `subject` from the values of theirs up to `name`; `mine`: their value there, with our axes.

    stage  of what theirs is at `name`, see isolate.py; None: found here
    keep   index of the part of it that is looked at, see window.py
    deadline  asked at every value of every run;  on_value(name, value): is told of each
    """

    result = "image"

    def __init__(self, subject: Subject, alignment: Alignment, theirs: Arrays, name: str,
                 stage: str | None = None, keep: tuple[Any, ...] = (...,), deadline: Deadline | None = None,
                 precision: Precision = "") -> None:
        known = list(alignment.pairs)
        self.name, self.after = name, "" if name == known[0] else known[known.index(name) - 1]
        self.subject, self._stage, self._deadline, self._precision = subject, stage, deadline, precision
        self.on_value: Callable[[str, np.ndarray], None] | None = None
        self.names = [place.named.name for place in alignment.places]   # of all our values
        grid = grid_at(name, alignment, theirs) if precision else None
        self._limited = grid.limited if grid else None  # theirs can be no more: a grid of int8 ends somewhere
        self._after_stage = ""                          # of which stage their last right value is
        self._keep, self._shape = keep, alignment.pairs[name].shape
        self._start = 0
        self._calls: list[str] = []
        self._put = DiskCache()                         # theirs as they stand in for ours, before `name`
        self._near = known[max(0, known.index(name) - NEAR):known.index(name)]
        self._other: dict[tuple[str, str], np.ndarray] = {}   # of these, (name, what comes after it) -> value
        self.may_be_early = False                   # theirs at `name` was taken for final; an earlier stage exists
        self._loose: list[int] = []                 # calls before the span that nothing of theirs stands in for
        self._results: dict[Any, DiskCache] = {}
        self.mine = self._prepare(alignment, theirs)

    def _prepare(self, alignment: Alignment, theirs: Arrays) -> np.ndarray:
        """One run that notes what is put where, and which operations lie in the span."""
        found: list[np.ndarray] = []
        placed: set[int] = set()

        def heard(named: Named, value: np.ndarray, their: np.ndarray, stage: Stage) -> str:
            of_stage = judge(named.name, value, their, stage).stage
            if named.name == self.name:
                self._stage = of_stage if self._stage is None else self._stage
                self.may_be_early = not self._stage and stage.of(value)
                found.append(np.array(np.asarray(their)[self._keep], np.float64))
                raise Stop
            placed.add(len(self._calls) - 1)
            if named.name == self.after:
                self._start, self._after_stage = len(self._calls), of_stage
            if named.name in self._near and of_stage:
                self._other[named.name, NOTHING] = np.array(their, np.float64)
                if of_stage != AFTER_RELU:
                    base = stage.summed(np.asarray(their, np.float64))
                    self._other |= {(named.name, what): np.where(base > 0, base, slope * base)
                                    for what, slope in SLOPES.items()}
            return of_stage

        with recorded() as self._calls:
            _until_stop(lambda: forced(self.subject, alignment, theirs, np.float64, heard, kept=self._put.__setitem__))
        self._loose = [k for k in range(self._start) if k not in placed][-SINGLE_CALLS:]
        return found[0]

    def run(self, *variants: Candidate, dtype: DType = np.float64) -> np.ndarray:
        """Our value at `name` from theirs, with these mistakes."""
        return self._run(variants, dtype)[0]

    def values(self, *variants: Candidate, ours: str | None = None, only: str = "") -> dict[str, np.ndarray]:
        """Named values of the whole run, or `only` that one, in float64; those that begin with `ours` are not theirs,
        as after `name`.
        """
        values: dict[str, np.ndarray] = {}

        def taken(name: str, value: np.ndarray) -> None:
            if only in ("", name):
                values.setdefault(name, np.array(value))

        before, self.on_value = self.on_value, taken
        try:
            self._run(variants, np.float64, ours or "", whole=True)
        finally:
            self.on_value = before
        return values

    def _run(self, variants: Sequence[Candidate], dtype: DType, ours: str = "",
             whole: bool = False) -> list[np.ndarray]:
        found: list[np.ndarray] = []
        follows = next((v for v in variants if isinstance(v, Following)), None)
        suspect, other = (follows.after, self._other[follows.after, follows.what]) if follows else ("", None)
        subject = self.subject
        for given in (v for v in variants if isinstance(v, Fed)):
            subject = replace(subject, operands={name: changed(x, given.change) for name, x in
                                                 subject.operands.items()})

        def replaced(named: Named, value: np.ndarray) -> np.ndarray | None:
            if self._deadline and variants:   # the right version is needed for any answer
                self._deadline.check()
            if named.name == self.name and not whole:
                found.append(np.array(self._staged(value, stage)[self._keep]))
                raise Stop
            put = None
            if named.name in self._put and not (ours and named.name.startswith(ours)):
                put = other if other is not None and named.name == suspect else self._put[named.name]
                put = np.ascontiguousarray(put, dtype).reshape(value.shape)
            if self.on_value:
                self.on_value(named.name, value if put is None else put)
            return put

        with ExitStack() as stack:
            right = {name: getattr(ops, name) for name in WRITTEN}
            if dtype == np.float32:
                stack.enter_context(arithmetic(self._precision))
            for variant in reversed(variants):
                stack.enter_context(variant.planted())
            stage = stack.enter_context(stages())
            if not any(variant.reaches_back for variant in variants):
                stack.enter_context(self._remembering(right, dtype, other is None or suspect == self.after))
            stack.enter_context(listen(replaced))
            _until_stop(lambda: subject.run(dtype))
        return found

    def _staged(self, value: np.ndarray, stage: Stage) -> np.ndarray:
        """At the stage that theirs is of; a mistake may have left nothing to undo."""
        y = at_stage(value, self._stage or "", stage) if self._stage == AFTER_RELU or stage.of(value) else value
        return self._limited(y) if self._limited else y

    def certain(self) -> str:
        """What is known of the place, whatever the mistake is."""
        return certain_of(self.name, self.after, self._after_stage, self._calls[self._start:])

    @contextmanager
    def _remembering(self, right: Mapping[str, Callable[..., Any]], dtype: DType, remembered: bool) -> Iterator[None]:
        """Operations before the span are right ones, and are computed once if their operands are `remembered` ones."""
        results = self._results.setdefault(dtype, DiskCache())
        count = -1

        def wrapper(name: str, wrong: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: object, **named: object) -> object:
                nonlocal count
                count += 1
                if count >= self._start:
                    return wrong(*args, **named)
                if str(count) in results and remembered:
                    return np.array(results[str(count)])
                y = right[name](*args, **named)
                if remembered and isinstance(y, np.ndarray) and results.nbytes + y.nbytes <= _REMEMBERED:
                    results[str(count)] = y.copy()
                return y
            return call
        with instead(set(WRITTEN), [(name, wrapper) for name in WRITTEN]):
            yield

    def variants(self) -> Iterator[Sequence[Candidate]]:
        """Mistakes in all calls of the span, what comes after the values before, what was given; other operands and
        weights; mistakes in all calls; in single ones. The cheapest and likeliest first: time may run out.
        """
        inside = self._calls[self._start:]
        yield [*(Variant(mistake) for name in dict.fromkeys(inside) for mistake in mistakes_of(name)),
               *self.following(), *PICTURES]
        yield from structural(self)
        before = dict.fromkeys(self._calls[:self._start])
        yield [Everywhere(mistake) for name in before for mistake in mistakes_of(name)]
        single = [Variant(mistake, k, f" ({name} number {k + 1} after {self.after or 'the input'})")
                  for name in dict.fromkeys(inside) if inside.count(name) > 1
                  for k in range(inside.count(name)) for mistake in mistakes_of(name)]
        if single:
            yield single
        loose = [(name, self._calls[:k].count(name)) for k, name in enumerate(self._calls) if k in self._loose]
        yield [Everywhere(mistake, k, f" ({name} number {k + 1} of the run)")
               for name, k in reversed(loose) for mistake in mistakes_of(name)]

    def following(self) -> list[Following]:
        """Mistakes right after values that come shortly before, the last first."""
        return [Following(after, what) for after in reversed(self._near) for name, what in self._other if name == after]

    def also(self, y: np.ndarray, mine: np.ndarray) -> Iterator[Change]:
        """Another value left out, added once more, or in the place of this one: skips, residuals, whole layers."""
        inputs = {f"the input {name}": array_of(x) for name, x in self.subject.operands.items()}
        away = mine - y
        for name, value in chain(inputs.items(), self._put.items()):
            value = value[self._keep] if value.shape == self._shape else value
            if value.shape != y.shape:
                continue
            value = value.astype(np.float64)
            yield Change("in_its_place", f"{name} in its place", value)
            power = float((value * value).sum())
            share = float((away * value).sum()) / power if power else 0.0
            if share and np.isfinite(share):
                says = {-1.0: f"{name} left out", 1.0: f"{name} added once more"}.get(
                    round(share, 5), f"{share:.6g} times {name} added to it")
                yield Change("added", says, y + share * value)


def certain_of(name: str, after: str, stage: str, calls: Sequence[str]) -> str:
    """What is known where `after` is right, as ours at `stage`, and `name` is not, with these operations in between."""
    done = counted(calls)
    begin, also = f"your values are right up to {after or 'the input'}", ""
    if stage:   # whether the port went on from it as it should does not show in it
        begin, also = f"your {after} is right as ours {stage}", "what makes that one final, "
    return (f"{begin}, and your {name} does not follow from {'it' if also else 'them'}; between the two lie "
            f"{also}{done or 'sums and products alone'}, their operands and their weights")


def _until_stop(run: Callable[[], Any]) -> None:
    try:
        run()
    except Stop:
        return
