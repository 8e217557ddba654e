"""Clocks that start late, start again, repeat themselves or are missing: numbers in, numbers out."""
from fractions import Fraction as F

import pytest

from refvr.media import clocks
from refvr.media.clocks import EvenSlots, Increasing, JoinedClock, Presented

STEP = F(1, 25)


def run(clock, packets):
    """(stream, time) in file order -> the times of each stream in the output."""
    out = {}
    for stream, time in packets:
        out.setdefault(stream, []).append(time + clock.shift_of(stream, time, STEP))
    return out


@pytest.mark.parametrize("name, start, shift", [
    ("mpegts", F(36000), -36000), ("mpeg", F(1, 2), F(-1, 2)), ("flv", F(59, 1000), F(-59, 1000)),
    ("matroska,webm", F(10), 0), ("mov,mp4,m4a,3gp,3g2,mj2", F(8), 0), ("matroska,webm", F(3000000), -3000000),
    ("matroska,webm", F(-1, 2), 0), ("mpegts", None, 0), ("mpegts", F(-1, 2), F(1, 2))])
def test_where_a_file_starts(name, start, shift):
    assert clocks.first_shift(name, start) == shift


def test_one_recording_is_left_alone():
    times = [k * STEP for k in range(50)]
    assert run(JoinedClock(), [(0, t) for t in times]) == {0: times}
    late = [t + 3 for t in times]   # three seconds of silence are no seam
    assert run(JoinedClock(), [(0, t) for t in times + [late[-1] + 3]])[0][-1] == late[-1] + 3


@pytest.mark.parametrize("second", [0, 3 * 3600])
def test_joined_recordings_go_on(second):
    """Picture and sound keep their distance, although the last sound of the first part comes after the seam."""
    one = [(s, k * STEP + s * F(1, 100)) for k in range(25) for s in (0, 1)]
    two = [(s, t + second) for s, t in one]
    mixed = one[:-1] + [two[0], one[-1]] + two[1:]
    clock = JoinedClock()
    out = run(clock, mixed)
    assert clock.restarts == 1
    assert second + clock.now == out[0][25]   # what tells no seam itself, a subtitle of the second part, comes along
    for stream in (0, 1):
        assert len(out[stream]) == 50 and all(F(1, 50) < b - a < F(3, 50) for a, b in zip(out[stream], out[stream][1:]))
    assert {b - a for a, b in zip(*(out[s][25:] for s in (0, 1)))} == {F(1, 100)}


def test_three_parts_and_a_single_wrong_time():
    part = [(0, k * STEP) for k in range(25)]
    assert run(JoinedClock(), part * 3)[0] == [k * STEP for k in range(75)]
    clock = JoinedClock()
    wrong = part[:10] + [(0, F(99999))] + part[11:]
    assert run(clock, wrong)[0] == [k * STEP for k in range(25)]


def test_of_two_times_that_contradict_each_other_the_likely_one_counts():
    clock = JoinedClock()
    for k in range(5):
        clock.shift_of(0, F(k, 25), F(1, 25))
    assert clock.believed(0, F(-11930), F(1, 5)) == (F(1, 5), F(1, 5))    # a damaged decoding time
    assert clock.believed(0, F(1, 5), F(9000)) == (F(1, 5), F(1, 5))      # a damaged presentation time
    assert clock.believed(0, F(1, 5), F(7, 25)) == (F(1, 5), F(7, 25))    # B-frames
    assert clock.believed(0, F(1, 5), None) == (F(1, 5), None)


def test_a_little_earlier_is_no_restart():
    times = [0, 40, 80, 79, 80, 120]
    assert run(JoinedClock(), [(0, F(t, 1000)) for t in times])[0] == [F(t, 1000) for t in times]


def test_repeated_and_earlier_times_are_moved_by_a_tick():
    fix = Increasing()
    pairs = [(0, 0), (40, 80), (40, 40), (38, None), (80, 120)]
    assert [fix.place(*pair) for pair in pairs] == [(0, 0), (40, 80), (41, 41), (42, None), (80, 120)]
    assert fix.moved == 2
    loose = Increasing(strict=False)
    assert [loose.place(t, t)[0] for t in (5, 5, 4, 6)] == [5, 5, 5, 6] and loose.moved == 1


def test_a_picture_is_never_shown_before_it_is_decoded():
    assert Increasing().place(10, 7) == (10, 10)


def test_slots_of_a_container_without_times():
    slots = EvenSlots()
    for slot in (0, 1, 4, 5):   # 2 and 3 repeat a frame
        slots.fill(slot)
    assert [slots.take() for _ in range(5)] == [0, 1, 4, 5, 6]


def test_missing_times_go_on_at_the_rate():
    place = Presented(F(3600))
    assert [place.place(t) for t in (None, None, 9000, None, 16200)] == [0, 3600, 9000, 12600, 16200]
    assert [Presented(F(10)).place(None)] == [0]


def test_rates_that_no_camera_has():
    assert clocks.believable_rate(F(60000), None, F(25)) == 25
    assert clocks.believable_rate(F(30000, 1001), F(60)) == F(30000, 1001)
    assert clocks.believable_rate(None, F(0), F(90000)) is None


def test_the_rate_of_avi():
    assert clocks.even_rate(F(625, 29), F(25)) == 25            # four frames were left out
    assert clocks.even_rate(F(25), F(50)) == 25                 # fields, not frames
    assert clocks.even_rate(F(2997, 100), F(30000, 1001)) == F(2997, 100) and clocks.even_rate(F(20), None) == 20
    assert clocks.even_rate(F(298, 10), F(90000)) == F(298, 10)   # a rate that varies has no grid


def test_a_duration_may_be_an_end():
    early = clocks.ends_early
    assert not early(F(11), F(10), F(11), STEP, is_end=True)
    assert early(F(11), F(10), F(10) + F(1, 5), STEP, is_end=True)
    assert not early(F(1), F(10), F(11), STEP, is_end=True)
    assert early(F(11), F(10), F(11), STEP, is_end=False)
    assert not early(F(10), F(-1, 2), F(9) + F(4, 10), STEP, is_end=True)
