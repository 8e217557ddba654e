"""Pools: values one can check by hand, borders, ties, bad input."""
import numpy as np
import pytest

from refvr import Tensor, backward, ops
from refvr.errors import InputError, ShapeError

BACKENDS = pytest.mark.parametrize("backend", ["fast", "plain"])


def image(rows):
    return np.array(rows, float)[None, :, :, None]


def gradient(f, x):
    leaf = Tensor(x)
    y = f(leaf)
    backward(y, np.arange(1.0, y.size + 1).reshape(y.shape))
    return leaf.grad[0, :, :, 0].tolist()


@BACKENDS
def test_the_border_never_wins(backend):
    with ops.backend(backend):
        assert ops.max_pool(image([[-3, -1, -2, -5]]))[0, 0, :, 0].tolist() == [-1, -1]
        y = ops.max_pool(image([[np.nan, 1, 2, 9, 9]]))[0, 0, :, 0]
        assert np.isnan(y[0]) and y[1:].tolist() == [9, 9]


@BACKENDS
def test_the_first_winner_takes_the_gradient(backend):
    with ops.backend(backend):
        assert gradient(ops.max_pool, image([[7, 7, 0], [7, 7, 0], [0, 0, 0]])) == [[1, 2, 0], [3, 4, 0], [0, 0, 0]]
        assert gradient(ops.max_pool, image([[0, 5, 5]])) == [[0, 3, 0]]


@BACKENDS
def test_what_an_average_is_divided_by(backend):
    x = image([[9, 18], [27, 36]])
    with ops.backend(backend):
        assert ops.avg_pool(x).item() == 10
        assert ops.avg_pool(x, count="inside").item() == 22.5
        assert gradient(lambda x: ops.avg_pool(9 * x), x) == [[1, 1], [1, 1]]


def test_adaptive_blocks_may_share_pixels():
    assert ops.adaptive_avg_pool(image([[1, 2, 4]]), (1, 2))[0, 0, :, 0].tolist() == [1.5, 3]
    assert gradient(lambda x: ops.adaptive_avg_pool(x, (1, 2)), image([[1, 2, 4]])) == [[0.5, 1.5, 1]]
    assert ops.global_avg_pool(image([[1, 2], [4, 9]])).item() == 4


@pytest.mark.parametrize("call, error", [
    (lambda x: ops.max_pool(x, 3, padding=2), InputError),
    (lambda x: ops.max_pool(x, 11, padding=0), ShapeError),
    (lambda x: ops.avg_pool(x, count="some"), InputError),
    (lambda x: ops.adaptive_avg_pool(x, (0, 1)), ShapeError),
    (lambda x: ops.linear(x, np.zeros((4, 2))), ShapeError),
    (lambda x: ops.channel_dot(x, x[..., :1]), ShapeError),
    (lambda x: ops.channel_dot(x, x[:, :2]), ShapeError),
])
def test_bad_input(call, error):
    with pytest.raises(error):
        call(np.zeros((1, 5, 7, 3)))
