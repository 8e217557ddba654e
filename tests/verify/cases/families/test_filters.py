"""Transposed and filter-adaptive convolution as cases have them, channels first: by their formulas."""
import numpy as np
import pytest
from made_cases import answered, made, same
from wrong_calls import drawn


def laid_down(x, weight, *, stride=1, padding=0, output_padding=0):
    """Every pixel times the kernel (c, o, u, v), added up where they lie, and `padding` cut off on each side."""
    (n, _, h, w), (_, o, k, _) = x.shape, weight.shape
    y = np.zeros((n, o, (h - 1) * stride + k + output_padding, (w - 1) * stride + k + output_padding))
    for i, j in np.ndindex(h, w):
        y[:, :, i * stride:i * stride + k, j * stride:j * stride + k] += np.einsum("nc,couv->nouv", x[:, :, i, j],
                                                                                   weight)
    return y[:, :, padding:y.shape[2] - padding, padding:y.shape[3] - padding]


@pytest.mark.parametrize("config", [{}, {"stride": 2, "padding": 1}, {"stride": 2, "padding": 1, "output_padding": 1}])
def test_a_transposed_convolution(config):
    """It is linear in x and in the weights, so that sum(dx * v) = sum(f(v) * dy)."""
    x, weight, bias = drawn(2, 3, 4, 5, seed=1), drawn(3, 2, 3, 3, seed=2), drawn(2, seed=3)
    y = laid_down(x, weight, **config) + bias[:, None, None]
    dy, v, w = drawn(*y.shape, seed=4), drawn(*x.shape, seed=5), drawn(*weight.shape, seed=6)
    inputs = {"x": x, "weight": weight, "dy": dy}
    found = answered(made("op.conv_transpose2d", inputs | {"bias": bias}, config=config)).outputs
    assert found.keys() == {"y", "dx", "dweight", "dbias"} and np.allclose(found["y"], y)
    assert np.isclose((found["dx"] * v).sum(), (laid_down(v, weight, **config) * dy).sum())
    assert np.isclose((found["dweight"] * w).sum(), (laid_down(x, w, **config) * dy).sum())
    assert np.allclose(found["dbias"], dy.sum((0, 2, 3)))
    assert answered(made("op.conv_transpose2d", inputs, config=config)).outputs.keys() == {"y", "dx", "dweight"}


@pytest.mark.parametrize("border, mode", [("replicate", "edge"), ("zero", "constant")])
def test_a_kernel_for_every_pixel(border, mode):
    """Channel c k k + t of the kernels is tap t of channel c; what is read twice at the border gets both gradients."""
    x, kernel, dy = drawn(2, 2, 4, 5, seed=1), drawn(2, 18, 4, 5, seed=2), drawn(2, 2, 4, 5, seed=3)

    def filtered(x, kernel):
        around = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode)
        return sum(kernel.reshape(2, 2, 9, 4, 5)[:, :, 3 * i + j] * around[:, :, i:i + 4, j:j + 5]
                   for i, j in np.ndindex(3, 3))

    v, w = drawn(*x.shape, seed=4), drawn(*kernel.shape, seed=5)
    case = made("op.fac", {"input": x, "kernel": kernel, "grad_output": dy}, padding=border)
    found = answered(case).outputs
    assert np.isclose((found.pop("grad_input") * v).sum(), (filtered(v, kernel) * dy).sum())
    assert np.isclose((found.pop("grad_kernel") * w).sum(), (filtered(x, w) * dy).sum())
    same(found, {"output": filtered(x, kernel)})
