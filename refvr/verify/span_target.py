"""What `refvr compare --diagnose` looks at: the guilty layer, run within the network on the port's own inputs.

The network runs with their values in the place of ours (verify/isolate.py) up to the guilty value. Mistakes are planted
only behind the last value that is right, so that any layer can be diagnosed, whether or not it is a module of its own,
in frame 2 or in the third step of a recurrence, with the weights and the input that the trace was made with.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from refvr.verify.align_names import Alignment
from refvr.verify.isolate import Stop, at_stage, forced
from refvr.verify.mistakes import mistakes_of
from refvr.verify.planted import planted, recorded
from refvr.verify.stages import Stage
from refvr.verify.subject import Subject
from refvr.verify.targets import SINGLE_CALLS, Variant
from refvr.verify.tracing import Named


@dataclass
class SpanTarget:
    """The values from `after` (without it, "" for the start of the run) to `name`, this one included.

    stages  which stage their value of a name is like, as isolation found it
    """

    subject: Subject
    alignment: Alignment
    theirs: Mapping[str, np.ndarray]
    stages: Mapping[str, str]
    name: str
    after: str
    result = "image"

    def mine(self) -> np.ndarray:
        """Their value, with our axes."""
        return self.alignment.pairs[self.name].read(self.theirs)

    def run(self, *variants: Variant, dtype: Any = np.float64) -> np.ndarray:
        """Our value with these mistakes made in the span, the first outermost; none: the right one."""
        self._reached = not self.after
        if not variants:
            return self._value(dtype)
        with planted(variants[0].mistake, only=variants[0].only, when=lambda: self._reached):
            return self.run(*variants[1:], dtype=dtype)

    def _value(self, dtype: Any) -> np.ndarray:
        found: list[np.ndarray] = []

        def heard(named: Named, value: np.ndarray, their: np.ndarray, stage: Stage) -> str:
            if named.name == self.name:
                wanted = self.stages.get(self.name, "")
                found.append(np.array(at_stage(value, wanted, stage)))
                raise Stop
            self._reached = self._reached or named.name == self.after
            return self.stages.get(named.name, "")

        with suppress(Stop):
            forced(self.subject, self.alignment, self.theirs, dtype, heard)
        return found[0]

    def operations(self) -> list[str]:
        """The operations of the span, in order of their calls; those that mistakes are known of."""
        self._reached = not self.after
        with recorded(when=lambda: self._reached) as calls:
            self._value(np.float32)
        return calls

    def variants(self) -> Iterator[Sequence[Variant]]:
        """First mistakes in all calls of an operation, then in single calls."""
        calls = self.operations()
        counts = {name: calls.count(name) for name in calls}
        yield [Variant(mistake) for name in counts for mistake in mistakes_of(name)]
        yield [Variant(mistake, k, f" ({name} number {k + 1} of {count} behind {self.after or 'the input'})")
               for name, count in counts.items() if 1 < count <= SINGLE_CALLS
               for k in range(count) for mistake in mistakes_of(name)]
