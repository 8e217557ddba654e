"""Mistakes of structure in stages: other operands of operations, of modules, weights of other layers."""
import numpy as np
import pytest
from small_ports import drawn, dumped, paired, subject_with, values_of

from refvr import ops
from refvr.nn import Module
from refvr.nn.layers import Conv2d
from refvr.verify.diagnose.port_target import SpanTarget
from refvr.verify.diagnose.structure import variants
from refvr.verify.diagnose.structure.variants import structural

C = 3


class Join(Module):
    def __init__(self):
        self.mix = Conv2d(2 * C, C, 1)

    def forward(self, a, b):
        return self.mix(ops.concat(a, b))


class Net(Module):
    def __init__(self):
        self.one, self.two, self.three, self.wide = (Conv2d(C, C, 3), Conv2d(C, C, 3), Conv2d(C, C, 3), Conv2d(C, C, 1))
        self.join = Join()
        self.name_parts()

    def forward(self, x):
        a = self.one(x)
        b = self.two(a)
        return self.three(self.wide(self.join(a, b)))


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


@pytest.fixture(scope="module")
def subject():
    return subject_with(drawn(Net()), shape=(1, 5, 6, C))


@pytest.fixture(scope="module")
def ours(subject):
    with ops.threads(1):
        return values_of(subject)


def target_of(subject, theirs, name):
    return SpanTarget(subject, paired(subject, dumped(theirs)), dumped(theirs), name, "")


@pytest.fixture
def target(subject, ours):
    """From `two` to `wide`: of the module with two operands in between they have nothing."""
    return target_of(subject, {name: x for name, x in ours.items() if not name.startswith("join")}, "wide")


def by_words(stages, words):
    return [(k, each) for k, stage in enumerate(stages) for each in stage if words in each.says]


def test_the_operands_of_a_module_are_exchanged(target, subject, ours):
    stages = list(structural(target))
    ((k, one),) = by_words(stages, "`a` and `b` exchanged in join")
    assert (one.kind, one.name, one.reaches_back) == ("other operands", "structure.operands_exchanged", False)
    a, b = (ours[name].astype(np.float64) for name in ("one", "two"))
    net = subject.net.astype(np.float64)
    np.testing.assert_allclose(target.run(one), net.wide(net.join(b, a)), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(target.run(), net.wide(net.join(a, b)), rtol=1e-9, atol=1e-12)
    assert k == 1 and target.on_value is None   # after those of operations


def test_the_operands_of_an_operation_come_first_and_say_which_it_is(target):
    first = next(structural(target))
    assert {each.kind for each in first} == {"other operands"}
    places = {each.says.rpartition(" in ")[2] for each in first}
    assert places == {"join (concat)", "join.mix (conv2d)", "wide (conv2d)"}
    assert not any(" in one" in each.says or " in two" in each.says for each in first)   # of the span alone


def test_values_of_the_run_and_what_was_given_may_have_been_taken_for_one_another(target, subject, ours):
    ((_, one),) = by_words(list(structural(target))[1:2], "the input x in place of `b` (two) in join")
    net = subject.net.astype(np.float64)
    want = net.wide(net.join(ours["one"].astype(np.float64), subject.operands["x"].astype(np.float64)))
    np.testing.assert_allclose(target.run(one), want, rtol=1e-9, atol=1e-12)


def test_a_module_that_is_its_operation_is_not_tried_twice(subject, ours):
    """The operand of a single convolution is that of its module."""
    stages = list(structural(target_of(subject, ours, "three")))
    assert any(each.says.endswith(" in three (conv2d)") for each in stages[0])
    assert not any(each.says.endswith(" in three") for each in stages[1])


def test_weights_of_layers_like_it_the_nearest_first(subject, ours, monkeypatch):
    target = target_of(subject, ours, "three")
    weights = [each for stage in structural(target) for each in stage if each.kind == "weights of other layers"]
    assert [each.says for each in weights] == ["the weights of two in three", "the weights of one in three"]
    assert {each.name for each in weights} == {"structure.weights_exchanged"}
    net = subject.net.astype(np.float64)
    want = ops.conv2d(ours["wide"].astype(np.float64), net.two.weight, net.two.bias)
    np.testing.assert_allclose(target.run(weights[0]), want, rtol=1e-9, atol=1e-12)
    monkeypatch.setattr(variants, "BLOCKS", 1)
    assert sum(each.kind == "weights of other layers" for stage in structural(target) for each in stage) == 1


def test_modules_around_the_span_come_last_and_reach_back(subject, ours):
    """The network itself holds it: with another input, what came before is another, too."""
    *_, last = structural(target_of(subject, ours, "one"))
    assert last and all(each.reaches_back for each in last)
    assert any(each.says == "zeros in place of `x` (the input x)" for each in last)


class Sum(Module):
    """Without parameters."""

    def forward(self, x):
        return ops.relu(x) * 2.0


class Block(Module):
    """One operand, two operations."""

    def __init__(self):
        self.one, self.two = Conv2d(C, C, 1), Conv2d(C, C, 1)

    def forward(self, x):
        return self.two(self.one(x))


class Blocks(Module):
    def __init__(self):
        self.first, self.last = Conv2d(C, C, 3), Conv2d(C, C, 3)
        self.sum, self.again, self.block = Sum(), Sum(), Block()
        self.name_parts()

    def forward(self, x):
        return self.last(self.block(self.again(self.sum(self.first(x)))))


def test_a_block_of_several_operations_is_tried_as_a_whole_and_nothing_without_weights_exchanges_them():
    subject = subject_with(drawn(Blocks()), shape=(1, 4, 5, C))
    theirs = {name: x for name, x in values_of(subject).items() if name in ("first", "last")}
    operations, inner, weights, *_ = structural(target_of(subject, theirs, "last"))
    assert {each.says.rpartition(" in ")[2] for each in inner} == {"block"}   # others are their only operation
    assert {each.says for each in weights} >= {"the weights of block.two in block.one", "the weights of first in last"}
    assert not any(" in sum" in each.says or " in again" in each.says for each in weights)
    assert any(each.says.endswith(" in sum (relu)") for each in operations)
