"""What is shown between two shots."""
from fractions import Fraction

import numpy as np
import pytest
from restoring import given, shots_restored

from refvr import zoo
from refvr.pipeline.at_cuts import counted, in_full, results
from refvr.pipeline.film.pieces import pieces_of


@pytest.mark.parametrize("rate", [2, Fraction(5, 2), Fraction(1, 3), 1])
def test_nothing_is_shown_at_cuts(rate):
    net, clip, cuts = zoo.load("safa-s"), np.random.default_rng(3).random((6, 8, 8, 3), np.float32), (2, 5)
    options = {"rate": rate, "at_cuts": "nothing"}
    repeats = shots_restored(net, clip, {"rate": rate}, cuts)
    between = [k for k in range(len(repeats)) if any(at - 1 < k / Fraction(rate) < at for at in cuts)]
    whole = shots_restored(net, clip, options, cuts)
    want = [frame for k, frame in enumerate(repeats) if k not in between]
    assert all(np.array_equal(a.rgb, b.rgb) and a.pts == b.pts for a, b in zip(whole, want, strict=True))
    assert len(between) == {2: 2, Fraction(5, 2): 4, Fraction(1, 3): 0, 1: 0}[rate]
    pieces = pieces_of(net, given(options), 6, cuts, 1)
    assert pieces[-1].stop == len(whole) == results(6, given(options), cuts)
    for start in range(len(whole)):
        assert counted(in_full(start, given(options), cuts), given(options), cuts) == start
        rest = shots_restored(net, clip, options, cuts, start)
        assert all(np.array_equal(a.rgb, b.rgb) for a, b in zip(rest, whole[start:], strict=True))
