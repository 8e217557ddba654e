"""Arithmetic, sums, arranging, shuffling and padding against loops and NumPy, and what they refuse."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import refvr
from refvr import Tensor, backward, gradcheck, ops
from refvr.errors import ShapeError
from refvr.ops.pad import sources

BACKENDS = pytest.mark.parametrize("backend", ["plain", "fast"])


def numbers(*shape, dtype=np.float64):
    return np.random.default_rng(5).standard_normal(shape).astype(dtype)


# arithmetic


@BACKENDS
def test_python_numbers_take_the_arrays_type(backend):
    x = numbers(3, 5, dtype=np.float32)
    with refvr.backend(backend):
        for y in (ops.add(x, 0.1), ops.sub(0.1, x), ops.mul(2, x), ops.mul(x, np.float64(0.1))):
            assert y.dtype == np.float32
        assert np.array_equal(ops.sub(1, x), np.float32(1) - x)


@BACKENDS
def test_single_values_stay_arrays(backend):
    with refvr.backend(backend):
        y = ops.mul(ops.sum(numbers(3)), 2.0)
    assert type(y) is np.ndarray and y.shape == ()


def test_a_stretched_operand_gets_the_sum():
    x, b = Tensor(numbers(2, 3, 5)), Tensor(numbers(3, 1))
    backward(ops.sum(x * b))
    assert np.allclose(b.grad, x.data.sum(axis=(0, 2))[:, None], rtol=1e-14)
    assert np.array_equal(x.grad, np.broadcast_to(b.data, (2, 3, 5)))


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(ShapeError, match=r"add: got shapes \(2, 3\) and \(2,\)"):
        ops.add(np.ones((2, 3)), np.ones(2))


# sums


@given(shape=st.lists(st.integers(1, 7), min_size=1, max_size=5), data=st.data())
@settings(max_examples=60, deadline=None)
def test_sums_over_any_axes(shape, data):
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) % 97  # sums below 2**24: exact in every order
    axes = data.draw(st.none() | st.lists(st.integers(0, len(shape) - 1), unique=True))
    keepdims = data.draw(st.booleans())
    axis = None if axes is None else tuple(k - len(shape) for k in axes)
    y = ops.sum(x, axis, keepdims=keepdims)
    assert y.dtype == np.float32
    assert np.array_equal(y, x.sum(axis=axis, keepdims=keepdims))
    mean = x.mean(axis=axis, keepdims=keepdims, dtype=np.float64)
    np.testing.assert_allclose(ops.mean(x, axis, keepdims=keepdims), mean, rtol=np.finfo(np.float32).eps)


@pytest.mark.parametrize("size", [1, 63, 64, 65, 4095, 4096, 4097, 65_536, 70_001])
def test_long_sums_lose_nothing(size):
    x = numbers(size, dtype=np.float32)
    exact = np.sum(x.astype(np.longdouble))
    assert abs(ops.sum(x) - exact) <= abs(exact) * np.finfo(np.float32).eps / 2 + size * 1e-16
    tail = np.full((1, size, 1), 1.0)
    assert np.array_equal(ops.sum(np.concatenate([tail, tail * 3], axis=2), 1), [[size, 3 * size]])


def test_nothing_to_sum_is_zero_and_nothing_to_average_an_error():
    assert ops.sum(np.ones((0, 3))) == 0
    assert np.array_equal(ops.sum(np.ones((0, 3)), 0), np.zeros(3))
    with pytest.raises(ShapeError, match="expected at least one element"):
        ops.mean(np.ones((0, 3)), 0)


@pytest.mark.parametrize("axis", [3, -4, (0, 0), (0, -3)])
def test_axes_that_are_not_there(axis):
    with pytest.raises(ShapeError, match="expected different axes of an array with 3"):
        ops.sum(np.ones((2, 3, 5)), axis)


# arranging


def test_split_undoes_concat():
    parts = [numbers(2, k, 3) for k in (5, 1, 7)]
    for part, again in zip(parts, ops.split(ops.concat(*parts, axis=1), (5, 1, 7), axis=1)):
        assert np.array_equal(part, again) and again.flags.c_contiguous


def test_a_gradient_of_one_piece_leaves_the_others_zero():
    x = Tensor(numbers(2, 6))
    backward(ops.sum(ops.split(x, (1, 3, 2))[1]))
    assert np.array_equal(x.grad, [[0, 1, 1, 1, 0, 0]] * 2)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: ops.concat(np.ones((2, 3)), np.ones((3, 3))), "all equal but for the axis"),
    (lambda: ops.concat(), "got shapes none"),
    (lambda: ops.concat(np.ones((2, 3)), axis=2), "got axis 2, expected one of 2 axes"),
    (lambda: ops.stack([np.ones(2), np.ones(3)]), "expected at least one, all equal"),
    (lambda: ops.split(np.ones((2, 5)), (2, 2)), "expected them to add up to axis 1"),
    (lambda: ops.reshape(np.ones((2, 3)), (4, 2)), "expected 6 elements in"),
    (lambda: ops.reshape(np.ones((2, 3)), (4, -1)), "expected 6 elements in"),
    (lambda: ops.reshape(np.ones((2, 3)), (-1, -1)), "expected 6 elements in"),
    (lambda: Tensor(np.ones(3))[np.array([0, 0])], "expected integers, slices"),
    (lambda: Tensor(np.ones(3))[[True, False, True]], "expected integers, slices"),
])
def test_arrangements_that_do_not_fit(call, message):
    with pytest.raises(ShapeError, match=message):
        call()


# shuffling


@given(n=st.integers(1, 2), h=st.integers(1, 3), w=st.integers(1, 5), c=st.integers(1, 3), s=st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_shuffles_follow_their_formula(n, h, w, c, s):
    x = np.arange(n * h * w * c * s * s, dtype=np.float32).reshape(n, h, w, -1)
    for order, k in (("torch", lambda a, i, j: (a * s + i) * s + j), ("tf", lambda a, i, j: (i * s + j) * c + a)):
        y = ops.pixel_shuffle(x, s, order)
        for i, j, a in np.ndindex(s, s, c):
            assert np.array_equal(y[:, i::s, j::s, a], x[..., k(a, i, j)])
        assert np.array_equal(ops.pixel_unshuffle(y, s, order), x)


def test_the_two_orders_differ():
    x = numbers(1, 2, 3, 8)
    assert not np.array_equal(ops.pixel_shuffle(x, 2, "torch"), ops.pixel_shuffle(x, 2, "tf"))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: ops.pixel_shuffle(np.ones((1, 2, 3, 6)), 2), "got 6 channels, expected a multiple of 4"),
    (lambda: ops.pixel_unshuffle(np.ones((1, 4, 3, 6)), 2), "got 4 x 3 pixels, expected multiples of 2"),
    (lambda: ops.pixel_shuffle(np.ones((1, 2, 3, 4)), 2, "caffe"), "expected scale >= 1 and 'torch' or 'tf'"),
    (lambda: ops.pixel_shuffle(np.ones((2, 3, 4)), 2), r"expected \(n, h, w, k\)"),
])
def test_shuffles_that_do_not_fit(call, message):
    with pytest.raises(ShapeError, match=message):
        call()


# padding


def walk(size, before, after):
    """Reflection as a walk: step by step outwards, turning round at the first and the last pixel."""
    def steps(place, direction, count):
        for _ in range(count):
            if size > 1:
                direction = direction if 0 <= place + direction < size else -direction
                place += direction
            yield place
    return [*reversed([*steps(0, 1, before)]), *range(size), *steps(size - 1, -1, after)]


@given(size=st.integers(1, 7), before=st.integers(0, 20), after=st.integers(0, 20))
@settings(max_examples=100, deadline=None)
def test_reflection_goes_back_and_forth(size, before, after):
    assert sources(size, before, after, "reflect").tolist() == walk(size, before, after)


@given(h=st.integers(1, 7), w=st.integers(1, 5), top=st.integers(0, 9), bottom=st.integers(0, 9),
       left=st.integers(0, 9), right=st.integers(0, 9), mode=st.sampled_from(["zero", "edge", "reflect"]))
@settings(max_examples=60, deadline=None)
def test_padding_as_numpy_does_it(h, w, top, bottom, left, right, mode):
    if mode == "reflect":  # where NumPy's versions agree
        top, bottom, left, right = min(top, h - 1), min(bottom, h - 1), min(left, w - 1), min(right, w - 1)
    x = numbers(2, h, w, 3)
    want = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), {"zero": "constant"}.get(mode, mode))
    assert np.array_equal(ops.pad(x, ((top, bottom), (left, right)), mode), want)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros_have_the_type_of_their_model_and_give_it_no_gradient(dtype):
    y = ops.zeros((1, 3, 5, 7), np.ones((1, 3, 5, 2), dtype))
    assert y.dtype == dtype and y.shape == (1, 3, 5, 7) and not y.any()
    gradcheck(lambda x: ops.concat(x, ops.zeros((1, 2, 2, 3), x)), [numbers(1, 2, 2, 1)])


def test_the_gradient_of_padding_counts_the_copies():
    x = Tensor(np.ones((1, 3, 1, 1)))
    backward(ops.sum(ops.pad(x, ((4, 0), (0, 2)), "reflect")))  # rows 0 1 2 1 | 0 1 2, columns 0 | 0 0
    assert x.grad.ravel().tolist() == [6, 9, 6]


@pytest.mark.parametrize(("call", "message"), [
    (lambda x: ops.pad(x, ((1, 1), (1, 1)), "wrap"), "expected 'zero', 'edge' or 'reflect'"),
    (lambda x: ops.pad(x, ((-1, 1), (1, 1))), "none negative"),
    (lambda x: ops.pad(x[:, :0], ((1, 1), (1, 1)), "edge"), "expected at least one to repeat"),
])
def test_padding_that_is_refused(call, message):
    with pytest.raises(ShapeError, match=message):
        call(np.ones((1, 2, 3, 1)))
