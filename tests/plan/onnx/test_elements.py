"""What looks at each element or pixel alone, and sums over axes, as ONNX."""
import pytest
from exported_pages import Weights, X, agree, draw, model_of, operators

from refvr import ops


@pytest.mark.parametrize("page", [
    ops.relu, ops.sigmoid, ops.tanh, ops.exp, ops.softmax,
    lambda x: ops.leaky_relu(x, 0.2), lambda x: ops.clip(x, -0.5, 0.25),
    lambda x: -x * 3.0 + 1.0 - x, lambda x: 1.0 - x, lambda x: x[..., 1:3] * x[..., :1],
    lambda x: x[:, 2, None] + x[:, 3:4], lambda x: x[1] - x[0, ..., :1],
    lambda x: ops.mean(x, axis=(1, 2)), lambda x: ops.mean(x, axis=(0, 3), keepdims=True),
    lambda x: ops.sum(x, axis=(1,)), lambda x: ops.sum(ops.max_pool(x), axis=(0, 3)),
    lambda x: ops.channel_dot(x, x[:1]),
])
def test_pages_of_one_operation(page):
    agree(page, X)


@pytest.mark.parametrize("page", [ops.softmax, lambda x: ops.channel_dot(x, x), lambda x: ops.mean(x, axis=(1, 3))])
def test_our_last_axis_is_the_channels_wherever_they_lie(page):
    """After a pool the channels are second in the model, and only a result is brought back."""
    agree(lambda x: page(ops.max_pool(x)), X)


def test_bounds_are_scalars_as_the_standard_has_them():
    """ONNX Runtime would take arrays of one element too."""
    model = model_of(lambda x: ops.clip(x, -0.5, 0.25), X)
    assert [list(x.dims) for x in model.graph.initializer] == [[], []]


@pytest.mark.parametrize("shape", [(2, 5, 7, 11, 4), (2, 7, 11, 4), (3, 4)])
def test_a_factor_and_a_slope_for_every_channel(shape):
    w = Weights()
    agree(lambda x: ops.prelu(x, w(x, "slope", 4)), draw(*shape))
    agree(lambda x: ops.relu(x) * w(x, "factor", 4), draw(*shape))


def test_what_looks_at_each_element_alone_moves_no_axes():
    """So between two convolutions nothing is transposed: once in, once out."""
    def page(x):
        y = ops.max_pool(x)
        return ops.max_pool(1.0 - ops.leaky_relu(ops.clip(ops.tanh(y * 2.0), -0.5, 0.5), 0.1))

    assert operators(page, X).count("Transpose") == 2
    agree(page, X)
