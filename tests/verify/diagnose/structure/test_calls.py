"""Calls of modules and operations: recorded in order, and made with other operands or other weights, for a while."""
import numpy as np
import pytest
from small_ports import drawn

from refvr import ops
from refvr.errors import RefvrError
from refvr.nn import Module, scope, trace
from refvr.nn.layers import Conv2d
from refvr.verify.diagnose.structure.calls import other_operands, other_weights, own_parameters, recorded_calls

C = 3
X = np.random.default_rng(0).standard_normal((1, 4, 5, C)).astype(np.float32)


class Join(Module):
    """What two values have in common."""

    def __init__(self):
        self.mix = Conv2d(2 * C, C, 1)

    def forward(self, a, b, *, gain=1.0):
        return self.mix(ops.concat(a, b)) * gain


class Net(Module):
    """join(one(x), two(one(x))), and all of it once more in a scope."""

    def __init__(self):
        self.one, self.two, self.join = Conv2d(C, C, 3), Conv2d(C, C, 3), Join()
        self.name_parts()

    def forward(self, x):
        y = self.step(x)
        with scope("again"):
            return self.step(y)

    def step(self, x):
        a = self.one(x)
        return self.join(a, self.two(a), gain=2.0)


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


@pytest.fixture
def net():
    return drawn(Net())


@pytest.fixture
def calls(net):
    with trace(lambda name, value: None), recorded_calls() as calls:   # a run whose names somebody asks for
        net(X)
    return calls


def test_calls_come_in_the_order_in_which_they_begin(calls):
    once = ["one", "conv2d", "two", "conv2d", "join", "concat", "join.mix", "conv2d"]
    assert [call.name for call in calls] == ["", *once, *once]
    assert [call.number for call in calls if call.name == "conv2d"] == list(range(6))
    assert [call.number for call in calls if call.name == "one"] == [0, 1]
    assert [call.scope for call in calls if call.name == "one"] == ["", "again."]
    assert {call.scope for call in calls if call.name == "concat"} == {"join", "again.join"}


def test_operands_are_those_of_the_call_by_name_without_parameters_and_options(calls, net):
    one, conv = calls[1], calls[2]
    assert one.module is net.one and one.operands.keys() == {"x"} and one.operands["x"] is X
    assert conv.module is None and conv.operands.keys() == {"x"}   # weights and biases are none
    join, concat = calls[5], calls[6]
    assert join.operands.keys() == {"a", "b", "gain"} and join.operands["gain"] == 2.0
    assert list(concat.operands) == ["xs"] and len(concat.operands["xs"]) == 2


def test_of_modules_it_is_known_which_operations_they_had(calls):
    found = [(call.name, call.before, call.inside) for call in calls[:8] if call.module is not None]
    assert found == [("", 0, 8), ("one", 0, 1), ("two", 1, 1), ("join", 2, 2), ("join.mix", 3, 1)]


def test_a_module_that_is_left_on_the_way_has_no_inside(net):
    with pytest.raises(ValueError, match="stop"), recorded_calls() as calls:
        net.join.forward = lambda *_, **__: (_ for _ in ()).throw(ValueError("stop"))
        net(X)
    assert [(call.name, call.inside) for call in calls if call.module] == [("", None), ("one", 1), ("two", 1),
                                                                          ("join", None)]


def written_out(net, x, a=None, b=None):
    """One step with other operands of join."""
    one = net.one(x)
    return net.join(one if a is None else a(one), net.two(one) if b is None else b(one), gain=2.0)


def call_of(calls, name, number):
    return next(call for call in calls if call.name == name and call.number == number)


@pytest.mark.parametrize("number", [0, 1])
def test_a_module_gets_other_operands_in_that_call_alone(number, net, calls):
    for other in ({"b": 0 * X}, lambda given: {"b": 0 * given["b"]}):   # told, or made of what it is given
        with other_operands(call_of(calls, "join", number), other):
            found = net(X)
        steps = [None, None]
        steps[number] = lambda one: 0 * one
        want = written_out(net, written_out(net, X, b=steps[0]), b=steps[1])
        assert np.array_equal(found, want) and not np.array_equal(found, net(X))


def test_an_operation_gets_other_operands_in_that_call_alone(net, calls):
    """The fourth convolution is `one` of the second step."""
    with other_operands(call_of(calls, "conv2d", 3), lambda given: {"x": given["x"][:, ::-1].copy()}):
        found = net(X)
    y = written_out(net, X)
    assert np.array_equal(found, written_out(net, y[:, ::-1].copy())) and not np.array_equal(found, net(X))
    with other_operands(call_of(calls, "concat", 0), {"xs": (X, X)}):
        found = net(X)
    assert np.array_equal(found, written_out(net, net.join.mix(np.concatenate([X, X], -1)) * np.float32(2)))


def test_a_module_computes_with_the_weights_of_another_in_all_of_its_calls(net):
    one, two = net.one.weight, net.two.weight
    with other_weights("two", "one", net):
        found = net(X)
        assert net.two.weight is two and net.one.weight is one   # in its calls alone
    other = drawn(Net())
    other.two.weight, other.two.bias = one, net.one.bias
    assert np.array_equal(found, other(X)) and not np.array_equal(found, net(X))
    assert own_parameters(net.two) == {"weight": (3, 3, C, C), "bias": (C,)} and own_parameters(net.join) == {}


def test_afterwards_everything_is_as_it_was_whatever_happened(net, calls):
    before, call, conv = net(X), Module.__call__, ops.conv2d
    for planted in (lambda: other_weights("two", "one", net), recorded_calls,
                    lambda: other_operands(call_of(calls, "conv2d", 0), {"x": X[..., :2]}),
                    lambda: other_operands(call_of(calls, "join", 0), {"b": X[..., :2]})):
        with pytest.raises((ValueError, RefvrError)), planted():
            net(X)
            raise ValueError("stop")
        assert Module.__call__ is call and ops.conv2d is conv and np.array_equal(net(X), before)
