"""dynamic_upsample: the fast path against the definition, gradients, orders of channels, the border, the same bits."""
import numpy as np
import pytest

from refvr import gradcheck, ops
from refvr.errors import ShapeError
from refvr.ops import dynamic_filters, dynamic_upsample
from refvr.ops.dynamic_upsample import adjoint, fast, filters_fast, filters_plain, plain, plain_adjoint

SIZES = [(2, 5, 7, 3, 2, 5), (1, 3, 11, 3, 3, 5), (1, 7, 2, 1, 4, 5), (1, 1, 1, 3, 4, 5), (2, 5, 3, 2, 1, 3)]


def draw(n=2, h=5, w=7, c=3, s=2, k=5, dtype=np.float64):
    """x, logits, residual and dy."""
    rng = np.random.default_rng([n, h, w, s])
    shapes = ((n, h, w, c), (n, h, w, k * k * s * s), (n, h, w, s * s * c), (n, s * h, s * w, c))
    x, logits, residual, dy = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    return [x, 4 * logits, residual], dy


def results(operands, dy, s, forward, back):
    y = forward(*operands, s=s)
    return [y, *back(dy, y, *operands, needs=(True,) * 3, s=s)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_fast_equals_the_definition(size, dtype):
    """A mean of 25 numbers, then sums of at most 25 * 16 products below the peak: 64 roundings are plenty."""
    operands, dy = draw(*size, dtype=dtype)
    got = results(operands, dy, size[4], fast, adjoint)
    want = results([a.astype(np.float64) for a in operands], dy.astype(np.float64), size[4], plain, plain_adjoint)
    got, want = got + [filters_fast(operands[1], s=size[4])], want + [filters_plain(operands[1], s=size[4])]
    for a, b in zip(got, want):
        assert a.dtype == dtype and a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=0, atol=64 * np.finfo(dtype).eps * max(1, np.abs(b).max()))


@pytest.mark.parametrize("backend", ["fast", "plain"])
@pytest.mark.parametrize("s, k", [(2, 3), (3, 3), (1, 5)])
def test_gradients(backend, s, k):
    (x, logits, residual), _ = draw(1, 3, 5, 2, s, k)
    with ops.backend(backend):
        gradcheck(lambda *a: dynamic_upsample(*a, s=s), [x, logits, residual], elements=20)
        gradcheck(lambda a: dynamic_filters(a, s), [logits], elements=20)


@pytest.mark.parametrize("backend", ["fast", "plain"])
def test_a_filter_that_is_all_one_tap_moves_the_picture(backend):
    """Logits of tap (1, 4) of cell pixel (1, 0) far above the rest: it shows x one row up, two columns right."""
    (x, logits, residual), _ = draw()
    logits = logits.reshape(2, 5, 7, 25, 4)
    logits[..., 1 * 5 + 4, 1 * 2 + 0] = 1000
    with ops.backend(backend):
        y = dynamic_upsample(x, logits.reshape(2, 5, 7, 100), s=2)
        shown = y[:, 1::2, 0::2]
        assert np.array_equal(shown[:, 1:, :-2], x[:, :-1, 2:])
        assert not shown[:, 0].any() and not shown[:, :, -2:].any()  # zeros beyond the border keep their weight
        with_residual = dynamic_upsample(x, logits.reshape(2, 5, 7, 100), residual, s=2)
    assert np.array_equal(with_residual[:, 1::2, 0::2, 1], shown[..., 1] + residual[..., 2 * 3 + 1])


def test_filters_are_positive_and_add_up_to_one():
    filters = dynamic_filters(50 * draw()[0][1], 2)
    assert filters.shape == (2, 5, 7, 25, 4) and filters.min() >= 0
    np.testing.assert_allclose(filters.sum(3), 1, rtol=0, atol=25 * np.finfo(float).eps)


def test_threads_do_not_change_a_bit():
    operands, dy = draw(2, 13, 37, 3, 4, 5, np.float32)
    found = set()
    for threads in (1, 2, 3):
        with ops.threads(threads):
            found.add(b"".join(np.ascontiguousarray(a).tobytes() for a in results(operands, dy, 4, fast, adjoint)))
    assert len(found) == 1


def test_views_are_as_good_as_copies():
    operands, _ = draw()
    views = [np.repeat(a, 2, axis=2)[:, :, ::2] for a in operands]
    assert np.array_equal(dynamic_upsample(*views, s=2), dynamic_upsample(*operands, s=2))


@pytest.mark.parametrize("changes, words", [
    ({"x": np.zeros((5, 7, 3))}, "input"),
    ({"logits": np.zeros((2, 5, 7, 99))}, "99 logits"),
    ({"logits": np.zeros((2, 5, 7, 64))}, "k odd"),
    ({"logits": np.zeros((2, 7, 5, 100))}, "h = 5"),
    ({"residual": np.zeros((2, 5, 7, 11))}, "k = 12"),
    ({"s": 3}, "scale 3"),
])
def test_errors_say_what_came(changes, words):
    x, logits, residual = draw()[0]
    with pytest.raises(ShapeError, match=words):
        dynamic_upsample(**{"x": x, "logits": logits, "residual": residual, "s": 2, **changes})
