"""Clocks of a run, with a clock of ours."""
import pytest

from refvr.train import clocks


@pytest.fixture
def now(monkeypatch):
    time = [100.0]
    monkeypatch.setattr(clocks.time, "monotonic", lambda: time[0])
    return time


def test_every_is_due_after_its_pause_and_begins_anew(now):
    every = clocks.Every(10)
    assert not every.due()
    now[0] += 10
    assert every.due() and not every.due()


def test_speed_is_the_mean_of_steps(now):
    speed = clocks.Speed()
    for _ in range(4):
        now[0] += 3
        speed.tick()
    assert speed.measured_for() == 12 and speed.seconds_per_step() == 3 and speed.measured_for() == 0
