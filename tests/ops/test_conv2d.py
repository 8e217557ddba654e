"""conv2d: the fast path against the definition, gradients, golden cases, and the promise of the same bits."""
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import GOLDEN, ROOT, TESTS

from refvr import ops
from refvr.autodiff.check import gradcheck
from refvr.autodiff.tape import Tensor, backward
from refvr.errors import InputError, ShapeError
from refvr.ops.conv2d import adjoint, conv2d, fast, plain, plain_adjoint

GOLDEN_CASES = sorted(GOLDEN.glob("op_conv2d_*.h5"))
NAMES = ("y", "dx", "dweight", "dbias", "dresidual")


def draw(rng, shape, kernel, *, groups=1, stride=1, dilation=1, padding=(0, 0), residual=True, dtype=np.float64):
    """Operands, dy and options of one convolution."""
    rows, columns = ((size + 2 * pad - dilation * (k - 1) - 1) // stride + 1
                     for size, pad, k in zip(shape[1:3], padding, kernel))
    y_shape = (shape[0], rows, columns, kernel[3])
    x, weight, bias, res, dy = (rng.standard_normal(s).astype(dtype)
                                for s in (shape, kernel, kernel[3:], y_shape, y_shape))
    options = {"groups": groups, "stride": stride, "dilation": dilation, "padding": padding}
    return (x, weight, bias, res if residual else None), dy, options


def bounds(operands, dy, options, unit):
    """What rounding can do to each result: a chain of k products errs by at most k * unit * sum of |products|."""
    size = [None if a is None else np.abs(a).astype(np.float64) for a in operands]
    kh, kw, cg, o = operands[1].shape
    options = {**options, "activation": "none", "slope": 1.0}
    y = plain(*size, **options)
    dx, dw, db, dr = plain_adjoint(np.abs(dy).astype(np.float64), y, *size, needs=(True,) * 4, **options)
    terms = (kh * kw * cg, kh * kw * o // options["groups"], *[y.size // o] * 2, 1)
    return [(k + 4) * unit * sums for k, sums in zip(terms, (y, dx, dw, db, dr))]  # 4: what follows


def results(operands, dy, options, functions, y=None):
    """y and all gradients; the sign of z, which decides the activation's slope, from `y` where given."""
    forward, back = functions
    out = forward(*operands, **options)
    return [out, *back(dy, out if y is None else y, *operands, needs=(True,) * 4, **options)]


def assert_close(got, expected, allowed):
    for name, a, b, bound in zip(NAMES, got, expected, allowed):
        excess = np.abs(a - b) - bound
        worst = np.unravel_index(np.argmax(excess), excess.shape)
        assert a.shape == b.shape and excess[worst] <= 0, f"{name}{worst}: {a[worst]} against {b[worst]}"


@st.composite
def convolutions(choose):
    """Shapes, groups and options; odd sizes, sides of one pixel, kernels larger than the image."""
    groups, cg, og = choose(st.sampled_from([(1, 1, 1), (1, 3, 5), (1, 19, 37), (1, 7, 13), (3, 1, 1), (17, 1, 1),
                                             (5, 1, 4), (5, 3, 1), (3, 2, 11), (2, 5, 33), (16, 1, 1)]))
    kernel = choose(st.sampled_from([(1, 1), (3, 3), (5, 5), (2, 4), (1, 3), (5, 1), (7, 7)]))
    stride, dilation = choose(st.integers(1, 3)), choose(st.integers(1, 3))
    padding = tuple(choose(st.integers(0, 4)) for _ in "hw")
    extent = [dilation * (k - 1) + 1 - 2 * p for k, p in zip(kernel, padding)]
    size = [max(1, need) + choose(st.sampled_from([0, 1, 2, 11, 29])) for need in extent]
    return {"shape": (choose(st.sampled_from([1, 2])), *size, cg * groups), "kernel": (*kernel, cg, og * groups),
            "groups": groups, "stride": stride, "dilation": dilation, "padding": padding,
            "residual": choose(st.booleans())}


@settings(max_examples=60, deadline=None)
@given(convolutions(), st.sampled_from(["none", "relu", "leaky_relu"]), st.sampled_from([np.float32, np.float64]),
       st.integers(0, 1000))
def test_fast_equals_the_definition(case, activation, dtype, seed):
    operands, dy, options = draw(np.random.default_rng(seed), dtype=dtype, **case)
    options |= {"activation": activation, "slope": 0.2}
    with ops.precision("direct"):   # the Winograd algorithm has bounds of its own, in tests/ops/kernels
        got = results(operands, dy, options, (fast, adjoint))
    wide = [None if a is None else a.astype(np.float64) for a in operands]
    expected = results(wide, dy.astype(np.float64), options, (plain, plain_adjoint), y=got[0])
    unit = np.finfo(dtype).eps / 2 * (1 if dtype == np.float32 else 2)  # in float64 both sides round
    allowed = bounds(operands, dy, options, unit)
    assert_close(got[:4], expected[:4], allowed)
    if operands[3] is not None:
        assert_close(got[4:], expected[4:], allowed[4:])


def test_the_comparison_rejects_a_flipped_kernel_and_swapped_axes():
    operands, dy, options = draw(np.random.default_rng(1), (2, 7, 11, 5), (3, 3, 5, 13), padding=(1, 1),
                                 dtype=np.float32)
    options |= {"activation": "none", "slope": 0.0}
    allowed = bounds(operands, dy, options, np.finfo(np.float32).eps / 2)
    expected = results(operands, dy, options, (plain, plain_adjoint))
    for wrong in (operands[1][::-1], operands[1].transpose(1, 0, 2, 3)):
        with pytest.raises(AssertionError):
            assert_close([fast(operands[0], wrong, *operands[2:], **options)], expected[:1], allowed[:1])


@pytest.mark.parametrize("path", GOLDEN_CASES, ids=lambda path: path.stem)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("backend", ["fast", "plain"])
def test_golden(path, dtype, backend):
    with h5py.File(path) as file:
        config = {"padding": 0, **json.loads(file.attrs["meta"])["config"]}
        given_ = {k: v[()].astype(dtype) for k, v in file["inputs"].items()}
        expected = {k: v[()] for k, v in file["outputs64"].items()}
    to_last = {"x": (0, 2, 3, 1), "dx": (0, 2, 3, 1), "y": (0, 2, 3, 1), "dy": (0, 2, 3, 1), "weight": (2, 3, 1, 0),
               "dweight": (2, 3, 1, 0)}
    given_, expected = ({k: v.transpose(to_last.get(k, range(v.ndim))) for k, v in group.items()}
                        for group in (given_, expected))
    leaves = {k: Tensor(v) for k, v in given_.items() if k != "dy"}
    with ops.backend(backend):
        y = conv2d(leaves["x"], leaves["weight"], leaves.get("bias"), **config)
        backward(y, given_["dy"])
    options = {"groups": 1, "stride": 1, "dilation": 1, **config, "padding": (config["padding"],) * 2}
    operands = (given_["x"], given_["weight"], given_.get("bias"), None)
    # 4: numpy's sums round once more per block, and in float64 the expected values are rounded too
    allowed = dict(zip(NAMES, bounds(operands, given_["dy"], options, np.finfo(dtype).eps / 2 * 4)))
    got = {"y": y.data, **{f"d{k}": leaf.grad for k, leaf in leaves.items()}}
    assert set(got) >= set(expected)
    for name, value in expected.items():
        assert got[name].dtype == dtype
        assert np.all(np.abs(got[name] - value) <= allowed[name]), name


@pytest.mark.parametrize("activation", ["none", "relu", "leaky_relu"])
@pytest.mark.parametrize("case", [
    {"shape": (2, 5, 7, 3), "kernel": (3, 3, 3, 11), "padding": (1, 1)},
    {"shape": (1, 7, 5, 6), "kernel": (3, 2, 1, 6), "groups": 6, "padding": (1, 0), "stride": 2},
    {"shape": (1, 7, 5, 6), "kernel": (2, 3, 2, 3), "groups": 3, "padding": (2, 3), "dilation": 2, "stride": 3},
], ids=["plain", "depthwise", "groups"])
def test_gradients(case, activation):
    operands, _, options = draw(np.random.default_rng(2), **case)
    gradcheck(lambda *a: conv2d(*a, activation=activation, slope=0.3, **options), operands, elements=40)
    with ops.backend("plain"):
        gradcheck(lambda *a: conv2d(*a, activation=activation, slope=0.3, **options), operands, elements=10)


def test_only_what_is_asked_for_gets_a_gradient():
    operands, dy, options = draw(np.random.default_rng(3), (1, 5, 7, 3), (3, 3, 3, 5), padding=(1, 1))
    for k in range(4):
        leaves = [Tensor(a) if k == at else a for at, a in enumerate(operands)]
        y = conv2d(*leaves, **options)
        backward(y, dy)
        full = adjoint(dy, y.data, *operands, needs=(True,) * 4, activation="none", slope=0.1, **options)
        assert np.array_equal(leaves[k].grad, full[k])


def test_the_kink():
    zero, dy, weight = np.zeros((1, 1, 1, 1)), np.ones((1, 1, 1, 1)), np.ones((1, 1, 1, 1))
    for backend in ("fast", "plain"):
        for activation, slope in (("relu", 0.0), ("leaky_relu", 0.25), ("none", 1.0)):
            x = Tensor(zero)
            with ops.backend(backend):
                backward(conv2d(x, weight, activation=activation, slope=0.25), dy)
            assert x.grad.item() == slope


def test_nan_and_infinity_are_not_hidden():
    x = np.ones((1, 5, 7, 3), np.float32)
    x[0, 2, 3, 1] = np.nan
    y = conv2d(x, np.ones((3, 3, 3, 5), np.float32), activation="relu")
    assert np.isnan(y[0, 1:4, 2:5]).all() and np.isnan(y).sum() == 9 * 5


CASES = [{"shape": (3, 13, 61, 19), "kernel": (3, 3, 19, 37), "padding": (1, 1)},
         {"shape": (2, 17, 23, 19), "kernel": (5, 5, 1, 19), "groups": 19, "padding": (2, 2)},
         {"shape": (2, 17, 23, 10), "kernel": (3, 3, 2, 20), "groups": 5, "padding": (1, 1), "stride": 2}]


def digest(dtype):
    """A hash of every bit of results and gradients."""
    found = hashlib.sha256()
    for case in CASES:
        operands, dy, options = draw(np.random.default_rng(4), dtype=dtype, **case)
        for result in results(operands, dy, options | {"activation": "leaky_relu", "slope": 0.1}, (fast, adjoint)):
            found.update(np.ascontiguousarray(result).tobytes())
    return found.hexdigest()


def test_threads_do_not_change_a_bit():
    found = set()
    for threads in (1, 2, 3):
        with ops.threads(threads):
            found.add(digest(np.float32))
    assert len(found) == 1


def test_narrower_vectors_do_not_change_a_bit():
    from refvr.ops.kernels.microkernel import vector_bytes
    if vector_bytes() != 64:
        pytest.skip("needs a processor with AVX-512, to compare with its narrower half")
    narrow = {**os.environ, "NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma"}
    code = ("import numpy as np; from test_conv2d import digest; "
            "from refvr.ops.kernels.microkernel import vector_bytes; print(vector_bytes(), digest(np.float32))")
    path = os.pathsep.join(map(str, (Path(__file__).parent, TESTS / "support", ROOT)))
    answer = subprocess.run([sys.executable, "-c", code], env={**narrow, "PYTHONPATH": path}, text=True, check=True,
                            capture_output=True).stdout.split()
    assert answer == ["32", digest(np.float32)]


@pytest.mark.parametrize("changes, error, words", [
    ({"x": np.zeros((5, 7, 3))}, ShapeError, "conv2d input"),
    ({"weight": np.zeros((3, 3, 3))}, ShapeError, "conv2d weight"),
    ({"weight": np.zeros((3, 3, 2, 5))}, ShapeError, "3 channels of input"),
    ({"groups": 2}, ShapeError, "groups = 2"),
    ({"bias": np.zeros(7)}, ShapeError, "o = 5"),
    ({"residual": np.zeros((1, 5, 7, 3))}, ShapeError, "residual"),
    ({"x": np.zeros((1, 5, 7, 3), np.float32)}, ShapeError, "float32 and float64"),
    ({"padding": 0, "dilation": 3}, ShapeError, "7x7 of the kernel"),
    ({"padding": -1}, InputError, "padding -1"),
    ({"stride": 0}, InputError, "stride 0"),
    ({"activation": "gelu"}, InputError, "gelu"),
    ({"slope": -1.0}, InputError, "slope -1.0"),
])
def test_errors_say_what_came(changes, error, words):
    call = {"x": np.zeros((1, 5, 7, 3)), "weight": np.zeros((3, 3, 3, 5)), **changes}
    with pytest.raises(error, match=words):
        conv2d(**call)


def test_read_only_and_strided_arrays():
    rng = np.random.default_rng(5)
    x, weight = rng.standard_normal((1, 5, 14, 3)), rng.standard_normal((3, 3, 3, 5))
    view = x[:, :, ::2]
    view.flags.writeable = False
    assert np.array_equal(conv2d(view, weight), conv2d(view.copy(), weight))


def test_no_images_give_no_result():
    x, weight = Tensor(np.zeros((0, 5, 7, 3))), Tensor(np.ones((3, 3, 3, 5)))
    y = conv2d(x, weight)
    backward(y, y.data)
    assert y.shape == (0, 5, 7, 5) and x.grad.shape == x.shape and not weight.grad.any()


@pytest.mark.parametrize("mode", ["plain", "fast"])
@pytest.mark.parametrize("c_out", [3, 16, 67])
def test_relu_of_minus_infinity_is_zero_and_of_nan_is_nan(mode, c_out):
    x, w = np.zeros((1, 1, 3, 1), np.float32), np.ones((1, 1, 1, c_out), np.float32)
    x[0, 0, :, 0] = -np.inf, np.nan, np.inf
    with ops.backend(mode):
        y = ops.conv2d(x, w, activation="relu")
    np.testing.assert_array_equal(y[0, 0], np.repeat([[0], [np.nan], [np.inf]], c_out, axis=1))
