"""How a program is fed where its shape leaves a choice: what it computes first decides, not a wrong answer."""
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.compare.nearness import Place, sample_of
from refvr.verify.compare.ports import chosen_way as chosen
from refvr.verify.compare.ports.chosen_way import chosen_way
from refvr.verify.compare.ports.feeding import Given, Wanted
from refvr.verify.compare.ports.values import RunValues
from refvr.verify.runs.tracing import Named

X = np.random.default_rng(0).random((1, 3, 4, 6, 3)).astype(np.float32)   # as many frames as colours


def first(x):
    """What ours computes of the window first: (n, h, w, c), of every frame and colour something else."""
    return np.tensordot(x.transpose(0, 2, 3, 1, 4).reshape(1, 4, 6, 9), np.arange(45.0).reshape(9, 5) % 7, 1)


def answer(x):
    return x[:, 1] + first(x)[..., :3] / 60


OURS = [Place(Named(name, name, "", 0), y.shape, sample_of(y))
        for name, y in (("conv", first(X)), ("output", answer(X)))]
USUAL, OTHER = X.transpose(0, 1, 4, 2, 3), X.transpose(0, 4, 1, 2, 3)


class Port:
    """A program that takes frames first, or colours; `first_is` and `answer_is` may be wrong."""

    wanted = [Wanted("x", (1, 3, 3, 4, 6))]

    def __init__(self, axes, first_is=first, answer_is=answer, stops=False):
        self.axes, self.first_is, self.answer_is, self.stops = axes, first_is, answer_is, stops

    def results(self, feeds):
        if self.stops:
            raise InputError("stopped")
        return [np.moveaxis(self.answer_is(feeds["x"].transpose(self.axes)), -1, 1)]

    def values(self, feeds, title):
        found = RunValues(title)
        found.add("conv", np.moveaxis(self.first_is(feeds["x"].transpose(self.axes)), -1, 1))
        if not self.stops:
            found.add("output", self.results(feeds)[0])
        return found


FRAMES_FIRST, COLOURS_FIRST = (0, 1, 3, 4, 2), (0, 2, 3, 4, 1)


def wrong(x):
    """An answer that is far likelier to be ours when frames and colours are exchanged."""
    return answer(x.transpose(0, 4, 2, 3, 1)) * 0.9


@pytest.mark.parametrize("port, right", [
    (Port(FRAMES_FIRST), USUAL), (Port(COLOURS_FIRST), OTHER),                       # healthy
    (Port(FRAMES_FIRST, answer_is=wrong), USUAL), (Port(COLOURS_FIRST, answer_is=wrong), OTHER),
    (Port(FRAMES_FIRST, stops=True), USUAL), (Port(COLOURS_FIRST, stops=True), OTHER),
])
def test_first_values_decide(port, right):
    feeds, note = chosen_way(port, Given("remonet", {"x": X}), "port", lambda: OURS)
    assert np.array_equal(feeds["x"], right) and not note


def test_where_nothing_is_right_the_usual_way_is_taken_and_that_is_said():
    port = Port(FRAMES_FIRST, first_is=lambda x: first(x)[:, ::-1], answer_is=wrong)
    feeds, note = chosen_way(port, Given("remonet", {"x": X}), "port", lambda: OURS)
    assert np.array_equal(feeds["x"], USUAL)
    assert "x as n t c h w" in note and "may also want x as n c t h w" in note


def test_a_way_must_be_better_than_each_of_the_others():
    near, far = [1e-6, 0.5], [0.9, 0.5]
    assert chosen._better(near, [far]) == 1 and chosen._better(far, [near]) == -1
    assert chosen._better(near, [far, near]) == 0 == chosen._better(near, [])
