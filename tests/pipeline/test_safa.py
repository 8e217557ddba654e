"""SAFA over a clip."""
from fractions import Fraction

import numpy as np
import pytest
from small_safa import clip, drawn

from refvr.media.clip import Frame
from refvr.pipeline.safa import (
    first_for_safa,
    interpolate,
    restore_safa,
    restore_safa_clip,
)
from refvr.plan.memory import Planned


@pytest.mark.parametrize("rate", [1, 2, 5])
@pytest.mark.parametrize("t", [0, 1, 2, 4])
def test_every_frame_of_any_length(t, rate):
    frames = list(restore_safa(drawn(), clip(t), rate=rate))
    assert [place for place, _ in frames] == [Fraction(k, rate) for k in range(rate * (t - 1) + 1 if t else 0)]
    assert all(y.shape == (20, 28, 3) and y.dtype == np.float32 for _, y in frames)


@pytest.mark.parametrize(("h", "w"), [(1, 1), (2, 9), (11, 3)])
@pytest.mark.parametrize("official", [False, True])
def test_any_size(h, w, official):
    frames = [y for _, y in restore_safa(drawn(), clip(2, h, w), rate=2, official=official)]
    assert [y.shape for y in frames] == [(4 * h, 4 * w, 3)] * 3
    assert np.isfinite(frames).all()


def test_a_clip_is_its_pairs_and_features_are_computed_once(monkeypatch):
    net, frames, calls = drawn(), clip(4), []
    expected = [interpolate(net, *frames[k:k + 2], [0, 0.5] + [1] * (k == 2)) for k in range(3)]
    run = Planned.__call__
    monkeypatch.setattr(Planned, "__call__", lambda self, *inputs, **options: calls.append(self._page) or run(
        self, *inputs, **options))
    got = [y for _, y in restore_safa(net, frames, rate=2)]
    assert calls.count(net.head) == 4 and len(got) == 7
    assert all(np.array_equal(a, b) for a, b in zip(got, [y for pair in expected for y in pair]))


@pytest.mark.parametrize("rate", [Fraction(5, 2), 0.5, "8/3", 1.5, Fraction(1, 3)])
@pytest.mark.parametrize("t", [1, 2, 5])
def test_any_rational_rate(t, rate):
    """Each result is the one of its pair and time, whatever was asked for around it."""
    net, given, exact = drawn(), clip(t), Fraction(rate).limit_denominator(100)
    got = list(restore_safa(net, given, rate=rate))
    assert [place for place, _ in got] == [j / exact for j in range(int((t - 1) * exact) + 1)]
    for place, y in got:
        pair = max(0, min(int(place), t - 2))
        (want,) = interpolate(net, given[pair], given[min(pair + 1, t - 1)], [float(place - pair)])
        assert np.array_equal(y, want)


@pytest.mark.parametrize("rate", [1, 2, Fraction(5, 2), Fraction(3, 2), Fraction(2, 3)])
@pytest.mark.parametrize("t", [1, 2, 4, 5])
def test_the_last_frame_is_shown_until_the_clip_ends(t, rate):
    frames = [Frame(rgb, 7 * k, Fraction(1, 70), duration=7 if k + 1 < t else 11)
              for k, rgb in enumerate(clip(t, 2, 3))]
    got = list(restore_safa_clip(drawn(), frames, rate=rate))
    ends = [frame.seconds + frame.duration * frame.time_base for frame in got]
    assert ends[-1] == Fraction(7 * t + 4, 70) and ends[:-1] == [frame.seconds for frame in got[1:]]


@pytest.mark.parametrize("rate", [Fraction(5, 2), Fraction(2, 3), 2])
def test_results_from_a_number_on_are_the_same(rate):
    net, given = drawn(), clip(6, 2, 3)
    whole = [y for _, y in restore_safa(net, given, rate=rate)]
    for start in (1, len(whole) // 2, len(whole) - 1):
        first = first_for_safa(net, start, {"rate": rate})
        passed = first * Fraction(rate)
        assert passed.denominator == 1
        rest = [y for _, y in restore_safa(net, given[first:], rate=rate, start=start - int(passed))]
        assert len(rest) == len(whole) - start and all(np.array_equal(a, b) for a, b in zip(rest, whole[start:]))
