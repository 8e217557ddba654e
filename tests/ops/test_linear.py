"""The fully connected layer."""
import numpy as np

from refvr import gradcheck, ops


def test_it_is_a_matrix_product_with_its_gradient():
    rng = np.random.default_rng(0)
    x, weight, bias = rng.standard_normal((3, 5)), rng.standard_normal((5, 7)), rng.standard_normal(7)
    np.testing.assert_allclose(ops.linear(x, weight, bias), x @ weight + bias, rtol=1e-12)
    gradcheck(ops.linear, [x, weight, bias])
