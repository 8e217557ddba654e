"""Depthwise and separable convolution: the runs against the definition and the general tiles, fused against apart."""
import hashlib
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT, TESTS

from refvr import ops
from refvr.autodiff.check import gradcheck
from refvr.errors import InputError, ShapeError
from refvr.networks.remonet import SepConv
from refvr.nn.trace import trace
from refvr.ops.conv2d import conv2d
from refvr.ops.kernels import depthwise
from refvr.ops.kernels.conv_forward import correlate
from refvr.ops.separable_conv2d import separable_conv2d

GROUPS = {"depthwise": (32, 32), "one input, four outputs": (16, 64), "four inputs, one output": (64, 16)}


def draw(c, o, k, shape, stride, dtype=np.float32, seed=0):
    """Input, weights within groups, weights across channels, residual."""
    rng = np.random.default_rng(seed)
    n, h, w = shape
    shapes = (n, h, w, c), (k, k, c // min(c, o), o), (1, 1, o, o), (n, -(-h // stride), -(-w // stride), o)
    return [rng.standard_normal(each).astype(dtype) for each in shapes]


def apart(x, spatial, pointwise, residual, stride, activation):
    """The two convolutions by the general tiles, one after the other."""
    k, groups, size = spatial.shape[0], min(x.shape[3], spatial.shape[3]), residual.shape[1:3]
    z = correlate(x, spatial, size, (-(k // 2), -(k // 2)), stride=stride, groups=groups)
    slope = {"none": 1.0, "relu": 0.0, "leaky_relu": 0.1}[activation]
    return z, correlate(z, pointwise, size, (0, 0), residual=residual, slope=slope)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(GROUPS)), st.sampled_from([3, 5]), st.sampled_from([1, 2]),
       st.tuples(st.sampled_from([1, 2]), st.sampled_from([1, 2, 7, 13]), st.sampled_from([1, 3, 5, 14, 17, 61, 131])),
       st.sampled_from(["none", "relu", "leaky_relu"]), st.sampled_from([np.float32, np.float64]))
def test_fused_equals_one_after_the_other_byte_for_byte(kind, k, stride, shape, activation, dtype):
    c, o = GROUPS[kind]
    x, spatial, pointwise, residual = draw(c, o, k, shape, stride, dtype)
    assert depthwise.fuses(c, spatial.shape, pointwise.shape, stride, min(c, o), x.itemsize)
    z, y = apart(x, spatial, pointwise, residual, stride, activation)
    options = {"stride": stride, "groups": min(c, o)}
    assert conv2d(x, spatial, **options).tobytes() == z.tobytes()
    assert separable_conv2d(x, spatial, pointwise, residual, **options, activation=activation).tobytes() == y.tobytes()


@pytest.mark.parametrize("kind", GROUPS)
@pytest.mark.parametrize("k, stride", [(3, 1), (5, 2)])
def test_runs_equal_the_definition(kind, k, stride):
    c, o = GROUPS[kind]
    x, spatial, pointwise, residual = (a.astype(np.float64) for a in draw(c, o, k, (2, 11, 37), stride))
    for call in (lambda: conv2d(x, spatial, np.arange(o) - 7.0, residual, stride=stride, groups=min(c, o),
                                activation="leaky_relu"),
                 lambda: separable_conv2d(x, spatial, pointwise, residual, stride=stride, groups=min(c, o))):
        with ops.backend("plain"):
            expected = call()
        np.testing.assert_allclose(call(), expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("padding", [0, 1, 4, (7, 0)])
def test_any_border(padding):
    x, spatial, _, _ = draw(32, 32, 5, (1, 6, 9), 1)
    y = conv2d(x, spatial, groups=32, padding=padding)
    pads = padding if isinstance(padding, tuple) else (padding, padding)
    assert y.tobytes() == correlate(x, spatial, y.shape[1:3], (-pads[0], -pads[1]), groups=32).tobytes()


@pytest.mark.parametrize("c, o", [(16, 64), (5, 15)])
def test_rows_cut_out_with_those_above_and_below_have_the_bits_of_the_whole(c, o):
    x, spatial, pointwise, residual = draw(c, o, 5, (1, 13, 9), 1)
    whole = separable_conv2d(x, spatial, pointwise, residual, groups=min(c, o))
    part = separable_conv2d(x[:, 2:11], spatial, pointwise, residual[:, 4:9], groups=min(c, o), padding=(0, 2))
    assert part.tobytes() == whole[:, 4:9].tobytes()


def test_gradients_with_another_border():
    x, spatial, pointwise, residual = draw(16, 16, 3, (1, 6, 7), 1, np.float64)
    gradcheck(lambda *a: separable_conv2d(*a, groups=16, padding=(0, 1)),
              [x, spatial, pointwise, residual[:, :4]], elements=12)


@pytest.mark.parametrize("c, o, k, stride", [(16, 16, 3, 1), (16, 64, 3, 2), (64, 16, 5, 1), (5, 15, 3, 2)])
def test_gradients(c, o, k, stride):
    operands = draw(c, o, k, (1, 5, 7), stride, np.float64)
    gradcheck(lambda *a: separable_conv2d(*a, stride=stride, groups=min(c, o), activation="leaky_relu"), operands,
              elements=12)


def test_nan_infinity_and_minus_zero():
    x, spatial, pointwise, residual = draw(32, 32, 3, (1, 9, 31), 1)
    x[0, 3, 5], x[0, 7, 20, 3], x[0, 0] = np.nan, np.inf, -0.0
    with np.errstate(invalid="ignore"):
        expected = apart(x, spatial, pointwise, residual, 1, "relu")[1]
    assert separable_conv2d(x, spatial, pointwise, residual, groups=32, activation="relu").tobytes() == \
        expected.tobytes()


def test_a_trace_sees_the_value_between_and_changes_no_bit():
    net = SepConv(16, 64, 5, activation="relu").init(np.random.default_rng(3))
    net.name_parts()   # as a network does at the end of its constructor
    x, *_ = draw(16, 64, 5, (1, 19, 23), 1)
    silent = net(x)
    with trace() as seen:
        loud = net(x)
    assert silent.tobytes() == loud.tobytes()
    assert list(seen) == ["spatial", "pointwise"] and seen["spatial"].shape == loud.shape


CASES = [(32, 32, 3, 1), (16, 64, 5, 1), (64, 16, 5, 2), (16, 64, 3, 2)]


def digest():
    """A hash of every bit of the fused results."""
    found = hashlib.sha256()
    for (c, o, k, stride), dtype in product(CASES, (np.float32, np.float64)):
        operands = draw(c, o, k, (2, 41, 67), stride, dtype)
        found.update(separable_conv2d(*operands, stride=stride, groups=min(c, o), activation="relu").tobytes())
    return found.hexdigest()


def test_threads_do_not_change_a_bit():
    found = set()
    for threads in (1, 2, 3, 4):
        with ops.threads(threads):
            found.add(digest())
    assert len(found) == 1


def test_narrower_vectors_do_not_change_a_bit():
    from refvr.ops.kernels.microkernel import vector_bytes
    if vector_bytes() != 64:
        pytest.skip("needs a processor with AVX-512, to compare with its narrower half")
    narrow = {**os.environ, "NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma"}
    code = ("import numpy as np; from test_separable_conv2d import digest; "
            "from refvr.ops.kernels.microkernel import vector_bytes; print(vector_bytes(), digest())")
    path = os.pathsep.join(map(str, (Path(__file__).parent, TESTS / "support", ROOT)))
    answer = subprocess.run([sys.executable, "-c", code], env={**narrow, "PYTHONPATH": path}, text=True, check=True,
                            capture_output=True).stdout.split()
    assert answer == ["32", digest()]


@pytest.mark.parametrize("changes, error, words", [
    ({"x": np.zeros((5, 7, 8))}, ShapeError, "separable_conv2d input"),
    ({"pointwise": np.zeros((1, 1, 7, 8))}, ShapeError, "pointwise"),
    ({"groups": 4}, ShapeError, "groups = 4"),
    ({"spatial": np.zeros((2, 3, 1, 8))}, ShapeError, "odd"),
    ({"residual": np.zeros((1, 5, 6, 8))}, ShapeError, "residual"),
    ({"activation": "gelu"}, InputError, "gelu"),
    ({"x": np.zeros((1, 2, 7, 8)), "padding": (0, 1)}, ShapeError, "raise the padding"),
])
def test_errors_say_what_came(changes, error, words):
    call = {"x": np.zeros((1, 5, 7, 8)), "spatial": np.zeros((3, 3, 1, 8)), "pointwise": np.zeros((1, 1, 8, 8)),
            "groups": 8, **changes}
    with pytest.raises(error, match=words):
        separable_conv2d(**call)


def test_a_padding_is_one_number_or_two_and_never_negative():
    x, spatial, pointwise = np.ones((1, 5, 6, 16)), np.ones((3, 3, 1, 16)), np.ones((1, 1, 16, 2))
    assert np.array_equal(separable_conv2d(x, spatial, pointwise, groups=16, padding=1),
                          separable_conv2d(x, spatial, pointwise, groups=16, padding=(1, 1)))
    for wrong in (-1, (0, -1), (1, 1, 1)):
        with pytest.raises(InputError, match="separable_conv2d: got padding"):
            separable_conv2d(x, spatial, pointwise, groups=16, padding=wrong)
