"""The tape: what it records, in which order it adds, what it refuses and lets go of; and that gradcheck can fail."""
import gc
import weakref

import numpy as np
import pytest

from refvr import Tensor, backward, gradcheck, ops
from refvr.errors import GradientError, MissingGradientError, ShapeError
from refvr.ops.core.operation import Operation


def leaf(*values, dtype=np.float64):
    return Tensor(np.array(values, dtype))


def test_arrays_record_nothing():
    y = ops.mul(np.ones(3), np.ones(3))
    assert type(y) is np.ndarray


def test_the_operators_of_tensor():
    x, a = leaf(2.0, 3.0), np.array([5.0, 7.0])
    y = (1 - x) * 2 + a * x - (-x) + (x - a) + (a - x) + x[0]
    assert np.array_equal(y.data, (1 - x.data) * 2 + a * x.data + x.data + x.data[0])
    backward(ops.sum(y))
    assert np.array_equal(x.grad, -2 + a + 1 + [2.0, 0.0])


def test_a_value_used_twice_gets_both_gradients():
    x = leaf(3.0)
    y = x * x
    backward(ops.sum(y * y + y))  # x^4 + x^2
    assert x.grad[0] == 4 * 27 + 6


def test_gradients_of_several_calls_add_up():
    x = leaf(3.0)
    for _ in range(2):
        backward(ops.sum(x * 5.0))
    assert x.grad[0] == 10


def test_contributions_are_added_newest_first():
    terms = np.array([2.0 ** 24, 1.0, 1.0, 1.0, -2.0 ** 24], np.float32)  # float32 sums that depend on the order
    newest_first = oldest_first = np.float32(0)
    for term in terms[::-1]:
        newest_first = newest_first + term
    for term in terms:
        oldest_first = oldest_first + term
    assert newest_first != oldest_first
    x = leaf(1.0, dtype=np.float32)
    products = [x * float(term) for term in terms]
    total = products[-1]
    for product in products[:-1]:  # the order of use is not the order of making
        total = total + product
    backward(ops.sum(total))
    assert x.grad[0] == newest_first


def test_twenty_thousand_nodes_need_no_recursion():
    x = leaf(1.0)
    y = x
    for _ in range(20_000):
        y = y + x
    backward(ops.sum(y))
    assert x.grad[0] == 20_001


def test_memory_is_let_go_as_backward_passes_and_without_the_collector():
    gc.disable()
    try:
        x = leaf(*range(7))
        middle = ops.exp(x)
        loss = ops.sum(middle * middle)
        values = weakref.ref(middle.data)
        del middle
        assert values() is not None
        backward(loss)
        assert values() is None  # though the loss still lives
        unused = ops.exp(x) * 2.0
        values = weakref.ref(unused.data)
        del unused
        assert values() is None
    finally:
        gc.enable()


def test_a_missing_gradient_raises_by_name():
    rounded = Operation("round_half_even", np.rint)
    y = ops.sum(rounded(leaf(1.5)))
    with pytest.raises(MissingGradientError, match="round_half_even"):
        backward(y)


def test_a_second_backward_through_one_tape_raises_by_name():
    y = ops.sum(leaf(1.5))
    backward(y)
    with pytest.raises(MissingGradientError, match="'sum' was used up"):
        backward(y)


def test_an_adjoint_of_the_wrong_shape_is_caught():
    bad = Operation("bad", np.copy, adjoint=lambda dy, y, x, *, needs: (dy[:1],))
    with pytest.raises(ShapeError, match=r"adjoint of 'bad': got a gradient of shape \(1,\), expected \(2,\)"):
        backward(ops.sum(bad(leaf(1.0, 2.0))))


def test_backward_wants_a_single_value_or_a_weight():
    y = leaf(1.0, 2.0) * 3.0
    with pytest.raises(ShapeError, match="expected a single value"):
        backward(y)
    with pytest.raises(ShapeError, match=r"got dy of shape \(3,\), expected \(2,\)"):
        backward(y, np.ones(3))


@pytest.mark.parametrize("values", [np.arange(3), np.ones(3, np.float16), np.ones(3, bool)])
def test_only_float32_and_float64_are_differentiated(values):
    with pytest.raises(ShapeError, match="expected float32 or float64"):
        Tensor(values)


def test_one_call_has_one_float_type():
    with pytest.raises(ShapeError, match="add: got float32 and float64"):
        ops.add(leaf(1.0), np.ones(1, np.float32))


def wrong_square(place, factor):
    """x^2 with an adjoint that is off by `factor` at one place."""
    def adjoint(dy, y, x, *, needs):
        dx = 2 * x * dy
        dx[place] *= factor
        return (dx,)
    return Operation("wrong_square", np.square, adjoint=adjoint)


def test_gradcheck_names_the_worst_index():
    x = np.random.default_rng(0).standard_normal((3, 5)) + 3
    with pytest.raises(GradientError, match=r"input 0 at index \(1, 3\)"):
        gradcheck(wrong_square((1, 3), 1.001), [x])
    assert gradcheck(wrong_square((1, 3), 1.0), [x]) < 1e-7


def test_gradcheck_sees_an_element_that_it_did_not_draw():
    x = np.random.default_rng(0).standard_normal((31, 37)) + 3
    with pytest.raises(GradientError, match="directional derivative over all inputs"):
        gradcheck(wrong_square((23, 29), 1.5), [x], elements=1)


def test_gradcheck_sees_an_input_without_gradient():
    half = Operation("half", np.multiply, adjoint=lambda dy, y, a, b, *, needs: (dy * b, None))
    with pytest.raises(GradientError, match=r"input 1 at index"):
        gradcheck(half, [np.ones(3), np.full(3, 2.0)])


def test_an_array_has_no_tape():
    with pytest.raises(MissingGradientError, match="got ndarray, expected a Tensor.*Tensor, or net.watch"):
        backward(np.float32([1.0]))
