"""Times of the frames of an output: their own, counted, rounded to a rate, and always increasing."""
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from refvr.media.clip import ClipInfo, Frame
from refvr.media.encoding import Encoding

TICK = Fraction(1, 90_000)


def encoding(name="out.mkv", asked=None, **info):
    said = []
    like = ClipInfo(8, 4, **{"fps": Fraction(25), "time_base": TICK} | info)
    return Encoding(Path(name), like, (4, 8), codec="ffv1", fps=asked, warn=said.append), said


def times(made, *pts, base=TICK):
    frames = [Frame(np.zeros((4, 8, 3), np.float32), pts=time, time_base=base, duration=10) for time in pts]
    found, after = [], None
    for number, frame in enumerate(frames):
        found.append(after := made.picture(frame, number, after).pts)
    return found


def test_a_frame_keeps_its_time_and_its_duration():
    made, said = encoding()
    assert made.time_base == TICK and times(made, 0, 3600, 3601) == [0, 3600, 3601] and not said
    assert times(made, 0, 1, base=Fraction(1, 25)) == [0, 3600]
    assert times(made, 1, 2, 3, base=Fraction(1, 24_000)) == [4, 8, 11]   # 3.75, 7.5 and 11.25 ticks
    frame = Frame(np.zeros((4, 8, 3), np.float32), pts=0, time_base=Fraction(1, 25), duration=2)
    assert made.picture(frame, 0, None).duration == 7200


@pytest.mark.parametrize("asked, info, unit", [
    (Fraction(50), {}, Fraction(1, 50)), (None, {"time_base": None}, Fraction(1, 25)),
    (None, {"time_base": None, "fps": None}, Fraction(1, 25))])
def test_without_times_or_at_a_given_rate_frames_are_counted(asked, info, unit):
    made, said = encoding(asked=asked, **info)
    assert made.time_base == unit and made.fps == 1 / unit
    assert times(made, *((7, 99) if asked else (None, None))) == [0, 1] and not said


def test_times_that_do_not_increase_are_moved_and_told_once():
    made, said = encoding()
    assert times(made, 10, 10, 5, 20) == [10, 11, 12, 20]
    assert len(set(said)) == 1 and "do not increase" in said[0]


def test_a_container_with_one_rate_rounds_to_it():
    made, said = encoding("out.avi")
    assert times(made, 0, 3700, 7200) == [0, 1, 2] and ".avi has one constant rate" in said[0]


def test_large_pictures_are_named_as_the_reason():
    made, _ = encoding()
    made.size = (4, 20_000)
    assert "at most 16384 pixels each way" in str(made.failure(OSError("no"), "frames"))
    made.size = (4, 8)
    assert "cannot write frames to out.mkv" in str(made.failure(OSError("no"), "frames"))
