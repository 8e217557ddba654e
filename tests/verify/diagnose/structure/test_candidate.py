"""One mistake of structure is a candidate like any other: a search plants it, and names it if it makes the numbers."""
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest
from small_ports import Chain, drawn, dumped, paired, subject_with, values_of

from refvr import ops
from refvr.verify.diagnose.deadline import Deadline
from refvr.verify.diagnose.port_target import SpanTarget
from refvr.verify.diagnose.search import Search
from refvr.verify.diagnose.structure.candidate import Span, Structural

MINE = np.random.default_rng(0).random((1, 4, 5, 3))


class Gained:
    """In the place of a span: its value, times a gain that a mistake changes."""

    name, result, gain = "layer", "image", 1.0

    def run(self, *variants, dtype=np.float64):
        with ExitStack() as stack:
            for variant in variants:
                stack.enter_context(variant.planted())
            return (MINE * self.gain).astype(dtype)

    def variants(self):
        yield [Structural("other gains", f"structure.gain_{by}", f"{by} times the gain", self.gains(by))
               for by in (2, 3)]

    def gains(self, by):
        @contextmanager
        def planted():
            self.gain *= by
            yield
            self.gain /= by
        return planted


@pytest.mark.parametrize("by", [2, 3])
def test_a_search_plants_it_and_names_it(by):
    target = Gained()
    found = Search(target, by * MINE, 0, Deadline(5)).run()
    assert [(e.mistakes, e.says) for e in found.explained] == [((f"structure.gain_{by}",), f"{by} times the gain")]
    assert found.kinds[0] == "other gains" and target.gain == 1


def test_it_reaches_back_only_where_that_is_said():
    assert not Structural("kind", "name", "says", Gained().gains(2)).reaches_back
    assert Structural("kind", "name", "says", Gained().gains(2), True).reaches_back


def test_a_span_of_a_port_has_what_candidates_need_of_it():
    with ops.threads(1):
        subject = subject_with(drawn(Chain()))
        theirs = dumped(values_of(subject))
        target: Span = SpanTarget(subject, paired(subject, theirs), theirs, "middle", "")
        wanted = {name for name in vars(Span) if not name.startswith("_")} | set(Span.__annotations__)
        assert wanted == {"name", "subject", "names", "on_value", "run", "values"}
        assert all(hasattr(target, name) for name in wanted)
