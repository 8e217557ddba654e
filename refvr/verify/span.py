"""What `diagnose` looks at in a whole port: the operations between its last right value and its first wrong one.

The reference is run with their values in the place of ours (see isolate.py), so operands of every layer are known
whatever their number or kind, lists and tuples too. Operations before the span are run once and remembered; mistakes
are planted in those of the span.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import Any

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.verify.align_names import Alignment
from refvr.verify.changes import Change
from refvr.verify.isolate import BEHIND, Stop, at_stage, forced, judge
from refvr.verify.mistakes import mistakes_of
from refvr.verify.planted import WRITTEN, instead, planted, recorded
from refvr.verify.spill import Spill
from refvr.verify.stages import Stage, stages
from refvr.verify.subject import Subject
from refvr.verify.targets import Variant
from refvr.verify.tracing import Named, listen

_REMEMBERED = 1 << 28  # bytes of results before the span that are kept; beyond, they are computed again
SLOPES = {"a relu": 0.0, "a leaky relu of slope 0.01": 0.01, "a leaky relu of slope 0.1": 0.1,
          "a leaky relu of slope 0.2": 0.2, "no activation": 1.0}
NOTHING = "nothing (no sum, no activation)"


class Behind:
    """A mistake between a value of theirs that is not ours at its end, and what follows: `what` is behind it."""

    mistake = None

    def __init__(self, after: str, what: str) -> None:
        self.what, self.name = what, f"behind.{what.partition(' (')[0].replace(' ', '_')}"
        self.says = f"{what} behind {after}"


class Everywhere(Variant):
    """A mistake in all calls up to the guilty value: what was computed before the span may be used first in it."""


class SpanTarget:
    """The run of `subject` from the values of theirs up to `name`; `mine`: their value there, with our axes.

    stage  of what theirs is at `name`, see isolate.py; None: found here
    """

    result = "image"

    def __init__(self, subject: Subject, alignment: Alignment, theirs: Mapping[str, np.ndarray], name: str,
                 stage: str | None = None) -> None:
        known = list(alignment.pairs)
        self.name, self.after = name, "" if name == known[0] else known[known.index(name) - 1]
        self._subject, self._stage = subject, stage
        self._start, self._calls = 0, []
        self._put = Spill()                         # theirs as they stand in for ours, before `name`
        self._other: dict[str, np.ndarray] = {}     # one of the last of them, with something else behind it
        self._suspect, self._near = "", known[max(0, known.index(name) - 2):known.index(name)]
        self._results: dict[Any, dict[int, np.ndarray]] = {}
        self.mine = self._prepare(alignment, theirs)

    def _prepare(self, alignment: Alignment, theirs: Mapping[str, np.ndarray]) -> np.ndarray:
        """One run that notes what is put where, and which operations lie in the span."""
        found: list[np.ndarray] = []

        def heard(named: Named, value: np.ndarray, their: np.ndarray, stage: Stage) -> str:
            of_stage = judge(named.name, value, their, stage)[0].stage
            if named.name == self.name:
                self._stage = of_stage if self._stage is None else self._stage
                found.append(np.array(their, np.float64))
                raise Stop
            if named.name == self.after:
                self._start = len(self._calls)
            if named.name in self._near and of_stage:
                self._suspect, self._other = named.name, {NOTHING: np.array(their, np.float64)}
                if of_stage != BEHIND:
                    base = stage.summed(their.astype(np.float64))
                    self._other |= {what: np.where(base > 0, base, slope * base) for what, slope in SLOPES.items()}
            return of_stage

        with recorded() as self._calls:
            _until_stop(lambda: forced(self._subject, alignment, theirs, np.float64, heard, kept=self._put.__setitem__))
        return found[0]

    def run(self, *variants: Variant | Behind, dtype: Any = np.float64) -> np.ndarray:
        """Our value at `name` from theirs, with these mistakes."""
        found: list[np.ndarray] = []
        other = next((self._other[v.what] for v in variants if isinstance(v, Behind)), None)

        def replaced(named: Named, value: np.ndarray) -> np.ndarray | None:
            if named.name == self.name:
                found.append(np.array(self._staged(value, stage)))
                raise Stop
            if named.name not in self._put:
                return None
            put = other if other is not None and named.name == self._suspect else self._put[named.name]
            return np.ascontiguousarray(put, dtype).reshape(value.shape)

        with ExitStack() as stack:
            right = {name: getattr(ops, name) for name in WRITTEN}
            for variant in reversed(variants):
                if variant.mistake is not None:
                    stack.enter_context(planted(variant.mistake, only=variant.only))
            stage = stack.enter_context(stages())
            if not any(isinstance(variant, Everywhere) for variant in variants):
                known = other is None or self._suspect == self.after
                stack.enter_context(self._remembering(right, dtype, known))
            stack.enter_context(listen(replaced))
            _until_stop(lambda: self._subject.run(dtype))
        return found[0]

    def _staged(self, value: np.ndarray, stage: Stage) -> np.ndarray:
        """At the stage that theirs is of; a mistake may have left nothing to undo."""
        return at_stage(value, self._stage, stage) if self._stage == BEHIND or stage.of(value) else value

    @contextmanager
    def _remembering(self, right: Mapping[str, Callable[..., Any]], dtype: Any, remembered: bool) -> Iterator[None]:
        """Operations before the span are right ones, and are computed once if their operands are `remembered` ones."""
        results = self._results.setdefault(dtype, {})
        count, size = -1, sum(y.nbytes for y in results.values())

        def wrapper(name: str, wrong: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **named: Any) -> Any:
                nonlocal count, size
                count += 1
                if count >= self._start:
                    return wrong(*args, **named)
                if count in results and remembered:
                    return results[count].copy()
                y = right[name](*args, **named)
                if remembered and isinstance(y, np.ndarray) and size + y.nbytes <= _REMEMBERED:
                    results[count] = y.copy()
                    size += y.nbytes
                return y
            return call
        with instead(set(WRITTEN), [(name, wrapper) for name in WRITTEN]):
            yield

    def variants(self) -> Iterator[Sequence[Variant | Behind]]:
        """What stands behind the value before, mistakes in all calls of the span; in all calls; in single ones."""
        inside = self._calls[self._start:]
        yield [*self.behind(),
               *(Variant(mistake) for name in dict.fromkeys(inside) for mistake in mistakes_of(name))]
        before = dict.fromkeys(self._calls[:self._start])
        yield [Everywhere(mistake) for name in before for mistake in mistakes_of(name)]
        single = [Variant(mistake, k, f" ({name} number {k + 1} behind {self.after or 'the input'})")
                  for name in dict.fromkeys(inside) if inside.count(name) > 1
                  for k in range(inside.count(name)) for mistake in mistakes_of(name)]
        if single:
            yield single

    def behind(self) -> list[Behind]:
        """Mistakes right behind a value that comes shortly before."""
        return [Behind(self._suspect, what) for what in self._other]

    def also(self, y: np.ndarray, mine: np.ndarray) -> Iterator[Change]:
        """Another value left out, added once more, or in the place of this one: skips, residuals, whole layers."""
        inputs = {f"the input {name}": array_of(x) for name, x in self._subject.operands.items()}
        away = mine - y
        for name, value in chain(inputs.items(), self._put.items()):
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


def _until_stop(run: Callable[[], Any]) -> None:
    try:
        run()
    except Stop:
        return
