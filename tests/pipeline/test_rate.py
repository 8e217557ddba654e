"""Frames and times of a clip that gets more of them, or fewer."""
from fractions import Fraction

import pytest

from refvr.errors import InputError
from refvr.media.clip import ClipInfo
from refvr.pipeline.rate import check_rate, results_of, retimed


def test_a_rate_is_a_fraction():
    assert check_rate("5/2") == check_rate(2.5) == Fraction(5, 2) and check_rate(2) == 2


@pytest.mark.parametrize("rate", [0, -1, 241, "many", True, float("inf"), float("nan")])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(InputError, match="expected a number above 0"):
        check_rate(rate)


def test_the_last_frame_stays_the_last():
    assert [results_of(n, Fraction(2)) for n in (0, 1, 2, 5)] == [0, 1, 3, 9]
    assert results_of(5, Fraction(5, 2)) == 11 and results_of(5, Fraction(1, 2)) == 3


def test_a_clip_is_faster_and_its_unit_finer():
    info = retimed(ClipInfo(16, 12, 5, Fraction(25), time_base=Fraction(1, 25)), "5/2")
    assert (info.fps, info.frames, info.time_base) == (Fraction(125, 2), 11, Fraction(1, 125))
