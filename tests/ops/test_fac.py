"""fac: the fast path against the definition, gradients, borders, bands, and the same bits for threads."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refvr import gradcheck, ops
from refvr.errors import InputError, ShapeError
from refvr.ops.core.bands import Rows
from refvr.ops.fac import adjoint, fac, fast, plain, plain_adjoint, rows
from refvr.ops.kernels.borders import BORDERS


def draw(seed, size=(2, 7, 5, 3), k=3, rows=None, dtype=np.float64):
    """x, kernel and dy."""
    rng, (n, h, w, c) = np.random.default_rng(seed), size
    y = h if rows is None else rows
    return [rng.standard_normal(shape).astype(dtype) for shape in ((n, h, w, c), (n, y, w, k * k, c), (n, y, w, c))]


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([(2, 7, 5, 3), (1, 1, 1, 1), (1, 1, 2, 5), (3, 2, 13, 17), (1, 11, 3, 37)]),
       st.sampled_from([1, 3, 5, 7]), st.sampled_from(sorted(BORDERS)), st.sampled_from([np.float32, np.float64]),
       st.integers(0, 99))
def test_fast_equals_the_definition(size, k, border, dtype, seed):
    x, kernel, dy = draw(seed, size, k, dtype=dtype)
    options = {"border": border, "top": 0}
    y, unit = fast(x, kernel, **options), k * k * np.finfo(dtype).eps            # chains of k*k products
    bound = unit * plain(np.abs(x), np.abs(kernel), **options)
    assert y.dtype == dtype and (np.abs(y - plain(x, kernel, **options)) <= bound).all()
    dx, dkernel = adjoint(dy, y, x, kernel, needs=(True, True), **options)
    want_x, want_kernel = plain_adjoint(dy, y, x, kernel, needs=(True, True), **options)
    assert np.array_equal(dkernel, want_kernel)
    bound = 4 * unit * plain_adjoint(np.abs(dy), y, np.abs(x), np.abs(kernel), needs=(True, False), **options)[0]
    assert dx.dtype == dtype and (np.abs(dx - want_x) <= bound).all()   # 4: a corner stands for up to 4 pixels


@pytest.mark.parametrize("backend", ["fast", "plain"])
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("k, size, rows, top", [(3, (2, 7, 5, 3), None, 0), (5, (1, 2, 3, 2), None, 0),
                                                (5, (1, 11, 3, 2), 5, 4), (1, (2, 3, 5, 2), None, 0)])
def test_gradients(border, k, size, rows, top, backend):
    x, kernel, _ = draw(5, size, k, rows)
    with ops.backend(backend):
        gradcheck(lambda *a: fac(*a, border=border, top=top), [x, kernel], elements=30)


@pytest.mark.parametrize("backend", ["fast", "plain"])
def test_taps_and_borders_by_hand(backend):
    x = np.arange(1.0, 16).reshape(1, 3, 5, 1)
    with ops.backend(backend):
        for t, (row, column) in enumerate([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]):
            kernel = np.zeros((1, 3, 5, 9, 1))
            kernel[..., t, :] = 1
            for border, mode in (("zero", "constant"), ("replicate", "edge"), ("reflection", "reflect")):
                want = np.pad(x[0, ..., 0], 1, mode=mode)[1 + row:4 + row, 1 + column:6 + column]
                assert np.array_equal(fac(x, kernel, border=border)[0, ..., 0], want)
            assert np.array_equal(fac(x, kernel), fac(x, kernel, border="replicate"))


def test_the_same_kernel_everywhere_is_a_depthwise_convolution():
    x, kernel, _ = draw(7, (2, 7, 11, 3), 5)
    kernel[:] = kernel[:1, :1, :1]
    weight = kernel[0, 0, 0].reshape(5, 5, 1, 3)
    np.testing.assert_allclose(fac(x, kernel, border="zero"), ops.conv2d(x, weight, groups=3), rtol=0, atol=1e-13)


@pytest.mark.parametrize("border", BORDERS)
def test_bands_are_the_whole(border):
    x, kernel, _ = draw(9, (2, 11, 5, 3), 5)
    whole = fac(x, kernel, border=border)
    bands = [fac(x, kernel[:, a:b], border=border, top=a) for a, b in ((0, 1), (1, 7), (7, 11))]
    assert np.concatenate(bands, axis=1).tobytes() == whole.tobytes()


def test_threads_change_no_bit():
    x, kernel, dy = draw(11, (2, 19, 31, 37), 5, dtype=np.float32)
    answers = []
    for count in (1, 2, 3):
        with ops.threads(count):
            y = fast(x, kernel, border="replicate", top=0)
            parts = [y, *adjoint(dy, y, x, kernel, needs=(True, True), border="replicate", top=0)]
            answers.append([a.tobytes() for a in parts])
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("change, error, words", [
    ({"kernel": np.zeros((2, 7, 5, 4, 3))}, ShapeError, "4 taps"),
    ({"kernel": np.zeros((2, 7, 5, 12, 3))}, ShapeError, "12 taps"),
    ({"kernel": np.zeros((2, 7, 5, 9, 2))}, ShapeError, "c = 3"),
    ({"kernel": np.zeros((2, 7, 6, 9, 3))}, ShapeError, "w = 5"),
    ({"kernel": np.zeros((2, 8, 5, 9, 3))}, ShapeError, "at most the 7 rows"),
    ({"top": 1}, ShapeError, "7 rows of kernels from row 1"),
    ({"x": np.zeros((2, 7, 5, 0)), "kernel": np.zeros((2, 7, 5, 9, 0))}, ShapeError, "0 channels"),
    ({"border": "mirror"}, InputError, "expected one of zero, replicate, reflection"),
    ({"border": "mirror", "kernel": np.zeros((2, 7, 5, 4, 3))}, InputError, "got border 'mirror'"),
])
def test_bad_input(change, error, words):
    x, kernel, _ = draw(1)
    with pytest.raises(error, match=words):
        fac(**{"x": x, "kernel": kernel, **change})


def test_a_rule_that_the_table_gets_is_one_of_every_part(monkeypatch):
    """Definition, kernels, gradient and the rule of rows ask the table alone; and this one shows rows from far away."""
    monkeypatch.setitem(BORDERS, "circular", lambda p, size: p % size)
    x, kernel, dy = draw(13, (1, 7, 5, 3), 5)
    around = ((0, 0), (2, 2), (2, 2), (0, 0))
    wide = np.pad(x, around, mode="wrap"), np.pad(kernel, (*around, (0, 0)))
    want = fac(*wide, border="zero")[:, 2:-2, 2:-2]
    for backend in ("fast", "plain"):
        with ops.backend(backend):
            np.testing.assert_allclose(fac(x, kernel, border="circular"), want, rtol=0, atol=1e-13)
            gradcheck(lambda *a: fac(*a, border="circular"), [x, kernel], elements=30)
    shapes = Rows(x.shape, 1), Rows(kernel.shape, 1)
    assert rows(*shapes, border="circular", top=0) is None and rows(*shapes, border="replicate", top=0) is not None
