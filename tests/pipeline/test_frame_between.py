"""A new frame between two: its time, duration, name and alpha; and how long the last one is shown."""
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from refvr.media.clip import Frame
from refvr.pipeline.frame_between import frame_between, shown_until, with_last

RGB = np.zeros((8, 12, 3), np.float32)
A = Frame(np.zeros((2, 3, 3), np.float32), 100, Fraction(1, 1000), name="a", duration=40)
B = replace(A, pts=140, name="b")


@pytest.mark.parametrize("t, rate, seconds, duration, name", [
    (Fraction(0), Fraction(2), Fraction(100, 1000), Fraction(20, 1000), "a"),
    (Fraction(1, 2), Fraction(2), Fraction(120, 1000), Fraction(20, 1000), "a_1"),
    (Fraction(3, 5), Fraction(5, 2), Fraction(124, 1000), Fraction(16, 1000), "a_3"),
    (Fraction(2, 5), Fraction(5), Fraction(116, 1000), Fraction(8, 1000), "a_2")])
def test_times_are_in_between(t, rate, seconds, duration, name):
    made = frame_between(A, B, t, rate, RGB)
    assert (made.seconds, made.duration * made.time_base, made.name) == (seconds, duration, name)


def test_frames_without_times_have_none():
    made = frame_between(replace(A, pts=None, name=None), B, Fraction(1, 2), Fraction(2), RGB)
    assert (made.pts, made.time_base, made.duration, made.name) == (None, None, None, None)


def test_two_frames_of_one_time_keep_the_duration_of_the_first():
    made = frame_between(A, replace(B, pts=100), Fraction(1, 2), Fraction(2), RGB)
    assert made.seconds == Fraction(100, 1000) and made.duration * made.time_base == Fraction(40, 1000)


def test_alpha_is_blended_and_enlarged():
    zero, one = (np.full((2, 3), value, np.float32) for value in (0, 1))
    made = frame_between(replace(A, alpha=zero), replace(B, alpha=one), Fraction(1, 4), Fraction(4), RGB)
    assert made.alpha.shape == (8, 12) and np.allclose(made.alpha, 0.25)


def test_a_frame_is_shown_to_the_end_of_the_last():
    assert shown_until(B, replace(A, pts=160)) == 20          # B ends at 180 thousandths
    assert shown_until(B, replace(A, pts=40, time_base=Fraction(1, 250))) == 5
    assert shown_until(replace(B, duration=None), A) is None and shown_until(B, replace(A, pts=None)) is None


def test_the_last_frame_is_known_where_one_looks():
    frames = [A, B, replace(B, name="c")]
    assert [(frame.name, last) for frame, last in with_last(frames, True)] == [("a", False), ("b", False), ("c", True)]
    assert not any(last for _, last in with_last(frames, False)) and list(with_last([], True)) == []
