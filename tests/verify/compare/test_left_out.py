"""A layer whose activation was left out: its value is right as a hook sees it, and what follows says that it is not."""
import numpy as np
import pytest
from small_ports import C, Chain, drawn, dumped, paired, subject_with

from refvr import ops
from refvr.nn import Module
from refvr.nn.layers import Conv2d
from refvr.verify.compare.isolate import isolate
from refvr.verify.compare.left_out import without_activation
from refvr.verify.runs.pre_activation import EARLY

SLOPE = np.float32(0.1)


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


def leaky(x):
    return np.where(x > 0, x, SLOPE * x)


def conv(layer, x):
    return ops.conv2d(x, layer.weight, layer.bias)


def ported(subject, *, first=leaky, middle=leaky, late=False):
    """The chain as a port with activations of its own, whose hooks see the sums; `late`: of middle, what follows."""
    net, x = subject.net, subject.operands["x"]
    a = conv(net.first, x)
    b = conv(net.middle, first(a))
    last = conv(net.last, middle(b))
    return {"first": a, "middle": middle(b) if late else b, "last": last, "output": last}


def found(subject, theirs):
    arrays = dumped(theirs)
    alignment = paired(subject, arrays)
    owns = isolate(subject, alignment, arrays)
    return without_activation(subject, alignment, arrays, owns), [own.name for own in owns if own.times > 1]


@pytest.fixture
def subject():
    return subject_with(drawn(Chain("leaky_relu")))


def left_as_it_is(x):
    return x


def test_a_right_port_whose_hooks_see_sums_leaves_nothing_out(subject):
    assert found(subject, ported(subject)) == ({}, [])


@pytest.mark.parametrize("late, stage", [(False, EARLY), (True, "")])
def test_the_layer_before_the_wrong_value_ends_too_early(late, stage, subject):
    """What was computed from its sum as it stands is right then, and at which stage that is itself is found as well."""
    said, wrong = found(subject, ported(subject, first=left_as_it_is, late=late))
    assert wrong[0] == "middle" and said == {"first": "", "middle": stage}


def test_of_the_last_activation_too(subject):
    assert found(subject, ported(subject, middle=left_as_it_is))[0] == {"middle": "", "last": ""}


@pytest.mark.parametrize("change", [np.abs, lambda x: np.maximum(x, 0), lambda x: x * np.float32(1.01)])
def test_another_mistake_is_no_activation_that_is_missing(change, subject):
    said, wrong = found(subject, ported(subject, first=lambda x: change(leaky(x))))
    assert wrong and said == {}


def test_where_the_value_before_has_no_stage_nothing_was_left_out(subject):
    theirs = ported(subject)
    theirs = {"first": leaky(theirs["first"]), **{name: theirs[name] for name in ("middle", "last", "output")}}
    theirs["middle"] = theirs["middle"] * np.float32(1.1)
    assert found(subject, theirs)[0] == {}


class Twice(Module):
    """Two layers that run twice each, with a different picture."""

    def __init__(self):
        self.one, self.two, self.end = (Conv2d(C, C, 3, activation="leaky_relu") for _ in range(3))
        self.name_parts()

    def forward(self, x):
        return self.end(self.two(self.one(x)) + self.two(self.one(x[:, ::-1])))


def of_twice(subject, *activations):
    """one, two; one#1, two#1: with the activation of `one` in each of its calls."""
    net, x = subject.net.astype(np.float32), subject.operands["x"]
    theirs, total = {}, 0
    for k, (picture, act) in enumerate(zip((x, x[:, ::-1]), activations)):
        a = conv(net.one, np.ascontiguousarray(picture))
        b = conv(net.two, act(a))
        theirs |= {f"one#{k}" if k else "one": a, f"two#{k}" if k else "two": b}
        total = total + leaky(b)
    end = conv(net.end, total)
    return {**theirs, "end": end, "output": leaky(end)}


def test_other_calls_of_both_modules_are_the_same_where_what_follows_says_so():
    subject = subject_with(drawn(Twice()))
    both, _ = found(subject, of_twice(subject, left_as_it_is, left_as_it_is))
    assert both == {"one": "", "two": EARLY, "one#1": "", "two#1": EARLY}
    alone, wrong = found(subject, of_twice(subject, left_as_it_is, leaky))
    assert alone == {"one": "", "two": EARLY} and wrong[0] == "two"
