"""Convolutions, norms and pools as ONNX: each is one operator, with what follows it."""
import numpy as np
import pytest
from exported_pages import VOLUME, Weights, X, agree, draw, operators, refusal

from refvr import ops


@pytest.mark.parametrize("options", [
    {}, {"stride": 2}, {"dilation": 2}, {"groups": 2}, {"groups": 6}, {"padding": (0, 2)}, {"activation": "relu"},
    {"activation": "leaky_relu", "slope": 0.3}, {"stride": 2, "groups": 3, "padding": 1}])
@pytest.mark.parametrize("whole", [True, False])
def test_conv2d(options, whole):
    w, groups = Weights(), options.get("groups", 1)
    plain = ops.conv2d(X, np.zeros((3, 3, 6 // groups, 12), np.float32), **options)
    residual = draw(*plain.shape)
    agree(lambda x, r: ops.conv2d(x, w(x, "weight", 3, 3, 6 // groups, 12), w(x, "bias", 12) if whole else None,
                                  r if whole else None, **options) + r, X, residual)


@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"activation": "relu"}, {"padding": (0, 1)}])
def test_separable_conv2d(options):
    w = Weights()
    agree(lambda x: ops.separable_conv2d(x, w(x, "spatial", 5, 5, 1, 6), w(x, "pointwise", 1, 1, 6, 9), groups=6,
                                         **options), X)


def test_the_activation_of_a_separable_convolution_is_not_between_its_two():
    w = Weights()
    found = operators(lambda x: ops.separable_conv2d(x, w(x, "spatial", 5, 5, 1, 6), w(x, "pointwise", 1, 1, 6, 9),
                                                     groups=6, activation="relu"), X)
    assert [name for name in found if name != "Transpose"] == ["Conv", "Conv", "Relu"]


@pytest.mark.parametrize("kernel, options", [((1, 1, 1), {}), ((3, 3, 3), {"padding": 1}),
                                             ((3, 3, 3), {"padding": (0, 1, 1), "activation": "relu"}),
                                             ((1, 3, 3), {"padding": (0, 1, 1), "activation": "leaky_relu"})])
def test_conv3d(kernel, options):
    w = Weights()
    agree(lambda x: ops.conv3d(x, w(x, "weight", *kernel, 4, 5), w(x, "bias", 5), **options), VOLUME)


def test_frames_before_and_after_a_convolution_of_a_volume():
    w = Weights()
    agree(lambda x: ops.concat(x[:, 1:-1], ops.conv3d(x, w(x, "weight", 3, 3, 3, 4, 2), padding=(0, 1, 1))), VOLUME)


@pytest.mark.parametrize("k, options", [(4, {}), (3, {"output_padding": 1}), (4, {"activation": "leaky_relu"}),
                                        (5, {"stride": 3, "padding": 2})])
def test_conv_transpose2d(k, options):
    w = Weights()
    agree(lambda x: ops.conv_transpose2d(x, w(x, "weight", k, k, 6, 5), w(x, "bias", 5), **options), X)


@pytest.mark.parametrize("groups, offsets, options", [(1, 1, {}), (1, 3, {}), (2, 2, {"stride": 2}),
                                                      (1, 2, {"dilation": 2})])
@pytest.mark.parametrize("biased", [True, False])
def test_deform_conv2d(groups, offsets, options, biased):
    w = Weights()
    y = ops.conv2d(X, np.zeros((3, 3, 6, 1), np.float32), **options).shape[:3]
    agree(lambda x, o, m: ops.deform_conv2d(x, o, m, w(x, "weight", 3, 3, 6 // groups, 8),
                                            w(x, "bias", 8) if biased else None, groups=groups, **options),
          X, draw(*y, 18 * offsets), np.abs(draw(*y, 9 * offsets)))


@pytest.mark.parametrize("shape", [(2, 5, 7, 11, 4), (2, 7, 11, 4), (3, 4)])
def test_batch_norm(shape):
    w = Weights()
    agree(lambda x: ops.batch_norm(x, w(x, "gamma", 4), w(x, "beta", 4), w(x, "mean", 4), np.abs(w(x, "var", 4)) + 1,
                                   1e-3), draw(*shape))


@pytest.mark.parametrize("page", [
    ops.max_pool, lambda x: ops.max_pool(x, 4, stride=3, padding=2), ops.avg_pool,
    lambda x: ops.avg_pool(x, count="inside"), lambda x: ops.avg_pool(x, k=5, stride=1, padding=2, count="inside")])
def test_pools(page):
    agree(page, X)


def test_weights_that_the_page_computes_are_refused():
    said = refusal(lambda x: ops.conv2d(x[..., :3], x[:, :3, :3]), (3, 7, 11, 6))
    assert "its weight is computed, expected a constant" in said and "test_convolution.py:" in said
