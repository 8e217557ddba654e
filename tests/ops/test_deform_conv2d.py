"""deform_conv2d: the fast path against the definition, gradients, the border, and the promise of the same bits."""
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT, TESTS

from refvr import Tensor, backward, gradcheck, ops
from refvr.errors import InputError, ShapeError
from refvr.ops.deform_conv2d import adjoint, deform_conv2d, fast, plain, plain_adjoint
from refvr.ops.kernels.microkernel import vector_bytes

NAMES = ("y", "dx", "doffset_px", "dmask", "dweight", "dbias")
# groups, offset groups, channels per lcm of both, outputs per group; numbers that share no factor where they may
GROUPS = [(1, 1, 5, 7), (1, 3, 2, 5), (2, 3, 1, 3), (3, 2, 5, 1), (1, 8, 8, 17), (2, 8, 1, 11)]


def draw(seed, groups=(1, 3, 2, 5), size=(2, 7, 11), kernel=(3, 3), spread=2.0, dtype=np.float64, **options):
    """Operands, dy and options of one deformable convolution; offsets reach well beyond the image."""
    rng, (g, offset_groups, each, o), (n, h, w) = np.random.default_rng(seed), groups, size
    options = {"stride": 1, "dilation": 1, "padding": 1, **options, "groups": g}
    c, taps = np.lcm(g, offset_groups) * each, offset_groups * kernel[0] * kernel[1]
    y, x = ((s + 2 * options["padding"] - options["dilation"] * (k - 1) - 1) // options["stride"] + 1
            for s, k in zip((h, w), kernel))
    shapes = [(n, h, w, c), (n, y, x, 2 * taps), (n, y, x, taps), (*kernel, c // g, g * o), (g * o,), (n, y, x, g * o)]
    operands = [rng.standard_normal(shape) for shape in shapes]
    operands[1] *= spread
    *operands, dy = (a.astype(dtype) for a in operands)
    return operands, dy, options


def results(operands, dy, options, forward, back):
    y = forward(*operands, **options)
    return [y, *back(dy, y, *operands, needs=(True,) * 5, **options)]


def assert_close(got, want, unit):
    """Chains of at most 2^11 products, relative to the peak of each result."""
    for name, a, b in zip(NAMES, got, want):
        assert a.shape == b.shape and a.dtype == b.dtype, name
        np.testing.assert_allclose(a, b, rtol=0, atol=64 * unit * max(1, np.abs(b).max()), err_msg=name)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(GROUPS), st.sampled_from([(1, 1), (3, 3), (2, 5)]), st.integers(1, 3), st.integers(1, 2),
       st.integers(0, 2), st.sampled_from([(2, 7, 11), (1, 5, 13)]), st.sampled_from([0.3, 2.0, 40.0]),
       st.integers(0, 99))
def test_fast_equals_the_definition(groups, kernel, stride, dilation, padding, size, spread, seed):
    case = draw(seed, groups, size, kernel, spread, stride=stride, dilation=dilation, padding=padding)
    assert_close(results(*case, fast, adjoint), results(*case, plain, plain_adjoint), np.finfo(np.float64).eps)


def test_float32_stays_float32():
    case, exact = draw(3, dtype=np.float32), draw(3)
    assert_close(results(*case, fast, adjoint), [a.astype(np.float32) for a in results(*exact, plain, plain_adjoint)],
                 16 * np.finfo(np.float32).eps)  # 16: positions near 11 lose four bits of their fraction


@pytest.mark.parametrize("backend", ["fast", "plain"])
@pytest.mark.parametrize("groups", [(1, 3, 2, 5), (2, 3, 1, 3)])
def test_gradients(groups, backend):
    operands, _, options = draw(5, groups, (1, 5, 7), stride=2, dilation=2)
    near = np.abs(operands[1] - np.round(operands[1])) < 1e-3      # floor has no derivative on the grid
    operands[1][near] += 0.01
    with ops.backend(backend):
        gradcheck(lambda *a: deform_conv2d(*a, **options), operands, step=1e-6, tolerance=1e-7, elements=40)


def test_no_offset_and_no_mask_is_a_convolution():
    (x, offset, mask, weight, bias), _, options = draw(7, (2, 3, 2, 5), dilation=2, padding=2, stride=2)
    got = deform_conv2d(x, 0 * offset, np.ones_like(mask), weight, bias, **options)
    np.testing.assert_allclose(got, ops.conv2d(x, weight, bias, **options), rtol=0, atol=1e-13)


def sampled(row, column, x):
    """The value that a 1x1 kernel of weight 1 reads at (row, column); the stride leaves one output pixel."""
    offset = np.array([row, column], float).reshape(1, 1, 1, 2)
    one = np.ones((1, 1, 1, 1))
    return deform_conv2d(x, offset, one, one, padding=0, stride=9).item()


@pytest.mark.parametrize("backend", ["fast", "plain"])
def test_the_border(backend):
    x = np.arange(1.0, 16).reshape(1, 3, 5, 1)
    with ops.backend(backend):
        assert sampled(0, 3, x) == 4 and sampled(2, 0, x) == 11             # rows come before columns
        assert sampled(-0.25, 0, x) == 0.75 and sampled(2.75, 4, x) == 15 * 0.25   # fades to zero outside
        assert sampled(-1, 0, x) == 0 and sampled(3, 0, x) == 0
        for outside in (np.nan, np.inf, -np.inf, 1e10, -1e30):
            assert sampled(outside, 1, x) == 0 and sampled(1, outside, x) == 0


@pytest.mark.parametrize("backend", ["fast", "plain"])
def test_a_corner_outside_hides_whatever_lies_at_the_edge(backend):
    x = np.full((1, 3, 5, 1), np.inf)
    x[0, 0, 0, 0] = 2
    with ops.backend(backend):
        assert sampled(-0.5, -0.5, x) == 0.5


@pytest.mark.parametrize("backend", ["fast", "plain"])
def test_the_gradient_at_whole_positions_looks_right(backend):
    x = np.array([1.0, 4, 9, 16, 25]).reshape(1, 1, 5, 1)
    with ops.backend(backend):
        for position, slope in ((0, 3.0), (2, 7.0), (4, -25.0), (-1, 0.0), (5, 0.0)):
            offset = Tensor(np.array([0.0, position] + [0.0] * 8).reshape(1, 1, 5, 2))
            y = deform_conv2d(x, offset, np.ones((1, 1, 5, 1)), np.ones((1, 1, 1, 1)))
            backward(y, np.eye(1, 5).reshape(1, 1, 5, 1))
            assert offset.grad[0, 0, 0, 1] == slope, position


def test_threads_change_no_bit():
    operands, dy, options = draw(11, (1, 8, 8, 64), (2, 37, 61), dtype=np.float32)
    answers = []
    for count in (1, 2, 3):
        with ops.threads(count):
            answers.append([a.tobytes() for a in results(operands, dy, options, fast, adjoint)])
    assert answers[0] == answers[1] == answers[2]


def digest():
    """Of a forward and backward pass in both precisions."""
    total = hashlib.sha256()
    for dtype in (np.float32, np.float64):
        for result in results(*draw(13, (2, 8, 1, 19), (1, 11, 17), dtype=dtype), fast, adjoint):
            total.update(result.tobytes())
    return total.hexdigest()


@pytest.mark.long
@pytest.mark.parametrize("name, features, width", [("haswell", "+avx,+avx2,+fma", "32"), ("nehalem", "+sse4.2", "16")])
def test_narrower_vectors_change_no_bit(name, features, width, tmp_path):
    if vector_bytes() != 64:
        pytest.skip("needs a processor with AVX-512, to compare with narrower ones")
    path = os.pathsep.join(map(str, (Path(__file__).parent, TESTS / "support", ROOT)))
    environment = os.environ | {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features, "PYTHONPATH": path,
                                "REFVR_CACHE": str(tmp_path)}
    code = "import test_deform_conv2d as t; print(t.vector_bytes(), t.digest())"
    answer = subprocess.run([sys.executable, "-c", code], env=environment, text=True, check=True, capture_output=True)
    assert answer.stdout.split() == [width, digest()]


@pytest.mark.parametrize("change, error, words", [
    (lambda a: a.update(mask=a["mask"][..., :-1]), ShapeError, "mask of 26 channels for 9 taps"),
    (lambda a: a.update(offset_px=a["mask"]), ShapeError, "k = 54"),
    (lambda a: a.update(weight=a["weight"][:, :, 1:]), ShapeError, "groups dividing"),
    (lambda a: a.update(x=a["x"][:, :, 1:]), ShapeError, "x = 10"),
    (lambda a: a.update(bias=a["bias"][1:]), ShapeError, "o = 5"),
    (lambda a: a.update(stride=0), InputError, "stride 0"),
    (lambda a: a.update(dilation=9), ShapeError, "at least the extent 19x19"),
])
def test_bad_input(change, error, words):
    operands, _, options = draw(1)
    given_ = dict(zip(("x", "offset_px", "mask", "weight", "bias"), operands)) | options
    change(given_)
    with pytest.raises(error, match=words.replace("(", r"\(")):
        deform_conv2d(**given_)
