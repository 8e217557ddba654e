"""Mistakes of precision: what is rounded, and to which digits."""
import numpy as np
import pytest
from plain_convolution import bent, framed
from wrong_calls import drawn, made_in, possible, right, shows

from refvr.verify.mistakes import precision
from refvr.verify.mistakes.precision import to_bfloat16, to_bytes, to_half, to_tf32

STEP = {to_half: 2.0 ** -10, to_bfloat16: 2.0 ** -7, to_tf32: 2.0 ** -10}    # from 1 to the next one


@pytest.mark.parametrize("rounded", STEP, ids=lambda rounded: rounded.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rounded_to_the_nearest_and_halves_to_even(rounded, dtype):
    step = STEP[rounded]
    given = np.array([1, 1 + step, 1 + step / 2, 1 + 3 * step / 2, 1 + 0.51 * step, 1 + 0.49 * step, -4 - 2 * step, 0])
    right = np.array([1, 1 + step, 1, 1 + 2 * step, 1 + step, 1, -4, 0])
    found = rounded(given.astype(dtype))
    assert found.dtype == dtype and np.array_equal(found, right)


def test_the_ranges_of_the_formats():
    big = np.array([70_000.0, 1e30])
    assert np.isinf(to_half(big)).all()
    assert np.allclose(to_bfloat16(big), big, rtol=2.0 ** -8) and np.allclose(to_tf32(big), big, rtol=2.0 ** -11)


def test_bytes():
    given = np.array([-0.5, 0.0, 0.4 / 255, 0.6 / 255, 1.0, 1.5])
    assert np.array_equal(to_bytes(given), np.array([0, 0, 0, 1, 255, 255]) / 255)


X, W, B = 4 * drawn(1, 4, 5, 2, seed=1), drawn(3, 3, 2, 2, seed=2), drawn(2, seed=3)
CLIP, W3 = 4 * drawn(1, 3, 4, 5, 2, seed=1), drawn(3, 3, 3, 2, 2, seed=2)
OFFSET, MASK = drawn(1, 4, 5, 18, seed=4), drawn(1, 4, 5, 9, seed=5)
CALLS = {   # operation -> operands before the weights, and the weights; options
    "conv2d": ([X], [W, B], {}), "conv3d": ([CLIP], [W3, B], {"padding": 1}),
    "conv_transpose2d": ([X], [W, B], {}), "deform_conv2d": ([X, OFFSET, MASK], [W, B], {}),
    "linear": ([X[0, 0]], [W[0, 0], B], {}),
    "warp": ([X, drawn(1, 4, 5, 2, seed=6)], [], {}), "grid_sample": ([X, drawn(1, 4, 5, 2, seed=6)], [], {}),
    "resize_bilinear": ([X], [], {"scale": 1.7}), "fac": ([X, drawn(1, 4, 5, 9, 2, seed=6)], [], {}),
    "dynamic_upsample": ([X, drawn(1, 4, 5, 36, seed=6), drawn(1, 4, 5, 8, seed=7)], [], {"s": 2}),
}
WEIGHTED = ("conv2d", "conv3d", "conv_transpose2d", "deform_conv2d", "linear")
OPERANDS = {   # name -> (how the input is rounded, how the weights are)
    "weights_in_bfloat16": (None, to_bfloat16), "weights_in_float16": (None, to_half),
    "products_in_tf32": (to_tf32, to_tf32), "products_in_float16": (to_half, to_half),
    "input_in_float16": (to_half, None), "input_in_8_bits": (to_bytes, None),
}


@pytest.mark.parametrize("operation, name", [(operation, name) for operation in CALLS for name in OPERANDS
                                             if operation in WEIGHTED or name.startswith("input")])
def test_operands(operation, name):
    """The bias and what else there is keeps its digits."""
    (x, *rest), weights, options = CALLS[operation]
    of_x, of_w = OPERANDS[name]
    rounded = [of_w(weights[0]) if of_w else weights[0], *weights[1:]] if weights else []
    expected = right(operation, of_x(x) if of_x else x, *rest, *rounded, **options)
    shows(f"{operation}.{name}", expected, x, *rest, *weights, **options)


@pytest.mark.parametrize("operation", CALLS)
def test_the_result(operation):
    operands, weights, options = CALLS[operation]
    good = right(operation, *operands, *weights, **options)
    shows(f"{operation}.result_in_float16", good.astype(np.float16).astype(np.float64), *operands, *weights, **options)


def half_sums(x, weight):
    """Products rounded to float16, and the sum after each of them: rows of the kernel, then columns, then channels."""
    around, (h, w) = framed(x, "constant"), x.shape[1:3]
    total = np.zeros((1, h, w, weight.shape[3]), np.float16)
    for i, j, c in np.ndindex(weight.shape[:3]):
        product = around[:, i:i + h, j:j + w, c, None] * weight[i, j, c]
        total = (total.astype(np.float64) + product.astype(np.float16)).astype(np.float16)
    return total.astype(np.float64)


def test_sums():
    residual = drawn(1, 4, 5, 2, seed=8)
    sums = half_sums(X, W)
    shows("conv2d.sums_in_float16", sums + B, X, W, B)
    shows("conv2d.sums_in_float16", bent(sums + B + residual, 0.2), X, W, B, residual, activation="leaky_relu",
          slope=0.2)
    assert not possible("conv2d.sums_in_float16", X, W[:, :, :1], groups=2)


def test_offsets_and_flows():
    shows("deform_conv2d.offsets_in_float16", right("deform_conv2d", X, to_half(OFFSET), MASK, W, B), X, OFFSET, MASK,
          W, B)
    (x, flow), _, _ = CALLS["warp"]
    shows("warp.flow_in_float16", right("warp", x, to_half(flow)), x, flow)


def test_every_mistake_of_the_file_is_here():
    names = {f"{operation}.{name}" for operation in CALLS for name in (*OPERANDS, "result_in_float16")
             if operation in WEIGHTED or not name.startswith(("weights", "products"))}
    assert made_in(precision) == names | {"conv2d.sums_in_float16", "deform_conv2d.offsets_in_float16",
                                          "warp.flow_in_float16"}
