"""Operation by operation: what ONNX Runtime makes of the exported model, against our own float64 answer."""
from __future__ import annotations

import numpy as np
import pytest

from refvr import ops
from refvr.errors import InputError
from refvr.ops.kernels.borders import BORDERS, PLACES
from refvr.plan import Like, capture
from refvr.plan.onnx import to_onnx

pytest.importorskip("onnx", reason="export needs onnx: pip install 'refvr[peers]'")
onnxruntime = pytest.importorskip("onnxruntime", reason="the other side of the comparison")
RNG = np.random.default_rng(0)
EPS = float(np.finfo(np.float32).eps)


def draw(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def exported(page, *xs):
    graph = capture(page, *(Like(x.shape, x.dtype) for x in xs))
    names = [f"x{k}" for k in range(len(xs))]
    model = to_onnx(graph, names, {"y": graph.result})
    return session(model).run(None, dict(zip(names, xs)))[0]


def exact(page, *xs):
    """In float64, constants of the page too: it is given `kind`, the type of its operands."""
    return page(*(x.astype(np.float64) for x in xs))


class Weights:
    """Constants of a page in the type of what they meet: w("weight", 3, 3, 5, 7)."""

    def __init__(self):
        self.arrays = {}

    def __call__(self, x, name, *shape):
        if name not in self.arrays:
            self.arrays[name] = draw(*shape)
        return self.arrays[name].astype(x.dtype)


def agree(page, *xs):
    want, ours, got = exact(page, *xs), page(*xs), exported(page, *xs)
    assert got.shape == want.shape and got.dtype == np.float32
    noise = max(np.abs(ours - want).max(), EPS * np.abs(want).max())
    assert np.abs(got - want).max() <= 8 * noise


X = draw(2, 7, 11, 6)
EVEN = draw(2, 8, 12, 6)
VOLUME = draw(2, 5, 7, 11, 4)


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


@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"activation": "relu"}])
def test_separable_conv2d(options):
    w = Weights()
    agree(lambda x: ops.separable_conv2d(x, w(x, "spatial", 5, 5, 1, 6), w(x, "pointwise", 1, 1, 6, 9), groups=6,
                                         **options), X)


@pytest.mark.parametrize("kernel, options", [((1, 1, 1), {}), ((3, 3, 3), {"padding": 1}),
                                             ((3, 3, 3), {"padding": (0, 1, 1), "activation": "relu"}),
                                             ((1, 3, 3), {"padding": (0, 1, 1), "activation": "leaky_relu"})])
def test_conv3d(kernel, options):
    w = Weights()
    agree(lambda x: ops.conv3d(x, w(x, "weight", *kernel, 4, 5), w(x, "bias", 5), **options), VOLUME)


@pytest.mark.parametrize("k, options", [(4, {}), (3, {"output_padding": 1}), (4, {"activation": "leaky_relu"}),
                                        (5, {"stride": 3, "padding": 2})])
def test_conv_transpose2d(k, options):
    w = Weights()
    agree(lambda x: ops.conv_transpose2d(x, w(x, "weight", k, k, 6, 5), w(x, "bias", 5), **options), X)


@pytest.mark.parametrize("groups, offsets, options", [(1, 1, {}), (1, 3, {}), (2, 2, {"stride": 2}),
                                                      (1, 2, {"dilation": 2})])
def test_deform_conv2d(groups, offsets, options):
    w = Weights()
    y = ops.conv2d(X, np.zeros((3, 3, 6, 1), np.float32), **options).shape[:3]
    agree(lambda x, o, m: ops.deform_conv2d(x, o, m, w(x, "weight", 3, 3, 6 // groups, 8), w(x, "bias", 8),
                                            groups=groups, **options),
          X, draw(*y, 18 * offsets), np.abs(draw(*y, 9 * offsets)))


@pytest.mark.parametrize("page", [
    ops.relu, ops.sigmoid, ops.tanh, ops.exp, ops.softmax, ops.max_pool, ops.avg_pool,
    lambda x: ops.leaky_relu(x, 0.2), lambda x: ops.clip(x, -0.5, 0.25), lambda x: ops.avg_pool(x, count="inside"),
    lambda x: -x * 3.0 + 1.0 - x, lambda x: 1.0 - x, lambda x: x[..., 1:3] * x[..., :1],
    lambda x: x[:, 2, None] + x[:, 3:4],
    lambda x: x[:, ::-2, 3:9:2], lambda x: x[1] - x[0, ..., :1], lambda x: ops.concat(x, x * 2.0, axis=1),
    lambda x: ops.concat(x[..., :2], x, x[..., 5:]), lambda x: ops.stack([x, x + 1.0], axis=1),
    lambda x: ops.stack([x[0], x[1]], axis=2), lambda x: ops.reshape(x, (2, 77, 2, 3)),
    lambda x: ops.reshape(x, (14, 11, 6)), lambda x: ops.reshape(ops.relu(x), (-1, 3)),
    lambda x: ops.mean(x, axis=(1, 2)), lambda x: ops.mean(x, axis=(0, 3), keepdims=True),
    lambda x: ops.sum(x, axis=(1,)), lambda x: ops.channel_dot(x, x[:1]),
    lambda x: ops.pad(x, ((1, 2), (3, 0))), lambda x: ops.pad(x, ((1, 2), (3, 0)), "edge"),
    lambda x: ops.pad(x, ((9, 2), (3, 12)), "reflect"),
    lambda x: ops.zeros((2, 7, 11, 3), x) + x[..., :3],
    lambda x: ops.pixel_shuffle(ops.concat(x, x[..., :2]), 2), lambda x: ops.pixel_shuffle(x[..., :4], 2, "tf"),
    lambda x: ops.resize_bilinear(x, scale=2), lambda x: ops.resize_bilinear(x, scale=0.5),
    lambda x: ops.resize_bilinear(x, scale=4), lambda x: ops.resize_bilinear(x, (5, 19)),
    lambda x: ops.resize_bilinear(x, scale=0.3),
    lambda x: ops.resize_bilinear(x, (5, 19), align_corners=True), lambda x: ops.resize_cubic(x, 4),
    lambda x: ops.imresize(x, 4), lambda x: ops.imresize(x, 0.5), lambda x: ops.imresize(x, 2, antialias=False),
])
def test_pages_of_one_operation(page):
    agree(page, X)


@pytest.mark.parametrize("page", [
    lambda x: ops.pixel_unshuffle(x, 2), lambda x: ops.pixel_unshuffle(x, 4, "tf"), lambda x: ops.pixel_unshuffle(x, 1),
    lambda x: ops.pixel_shuffle(ops.pixel_unshuffle(x, 2), 2), lambda x: ops.resize_bilinear(x, scale=0.25)])
def test_even_sides(page):
    agree(page, EVEN)


@pytest.mark.parametrize("shape", [(2, 5, 7, 11, 4), (2, 7, 11, 4), (3, 4)])
def test_norms_and_slopes(shape):
    w = Weights()
    agree(lambda x: ops.prelu(ops.batch_norm(x, w(x, "gamma", 4), w(x, "beta", 4), w(x, "mean", 4),
                                             np.abs(w(x, "var", 4)) + 1, 1e-3), w(x, "slope", 4)), draw(*shape))
    agree(lambda x: ops.relu(x) * w(x, "factor", 4), draw(*shape))


def test_volumes():
    w = Weights()
    agree(lambda x: ops.concat(x[:, 1:-1], ops.conv3d(x, w(x, "weight", 3, 3, 3, 4, 2), padding=(0, 1, 1))), VOLUME)
    agree(lambda x: ops.reshape(x, (10, 7, 11, 4))[::5], VOLUME)
    agree(lambda x: ops.reshape(ops.relu(ops.reshape(x, (10, 7, 11, 4))), (2, 5, 7, 11, 4))[:, 3], VOLUME)


@pytest.mark.parametrize("border", PLACES)
def test_places_that_a_flow_points_to(border):
    """At 700 columns a grid in float32 would be off by more than rounding explains."""
    x = draw(1, 7, 700, 6)
    flow = 4 * draw(1, 7, 700, 2)
    agree(lambda x, f: ops.warp(x, f, border=border), x, flow)
    agree(lambda x, f: ops.grid_sample(x, f * 0.25, border=border), x, flow)


@pytest.mark.parametrize("k, border", [*((3, border) for border in BORDERS), (5, "zero"), (1, "zero"),
                                       (7, "reflection")])
def test_fac(k, border):
    agree(lambda x, kernel: ops.fac(x, ops.reshape(kernel, (2, 7, 11, k * k, 6)), border=border), X,
          draw(2, 7, 11, k * k * 6))


@pytest.mark.parametrize("s, with_residual", [(2, True), (3, True), (4, False)])
def test_dynamic_upsample(s, with_residual):
    agree(lambda x, logits, r: ops.dynamic_upsample(x, logits, r if with_residual else None, s=s)
          + ops.pixel_shuffle(r, s, "tf"), draw(1, 5, 7, 3), draw(1, 5, 7, 25 * s * s), draw(1, 5, 7, 3 * s * s))
    agree(lambda logits: ops.dynamic_filters(logits, s), draw(1, 5, 7, 9 * s * s))


@pytest.mark.parametrize("page, what", [
    (lambda x: ops.mse_loss(x, x), "'mse_loss' has no standard ONNX operators"),
    (lambda x: ops.conv2d(x[..., :3], x[:, :3, :3]), "expected a constant"),
    (lambda x: ops.warp(x[:, :1], x[:, :1, :, :2]), "a side of one has no coordinates"),
])
def test_what_cannot_be_expressed_is_named(page, what):
    graph = capture(page, Like((3, 7, 11, 6)))
    with pytest.raises(InputError, match=what) as found:
        to_onnx(graph, ["x"], {"y": graph.result})
    assert "test_operations.py:" in str(found.value)


def test_a_rule_that_the_table_of_borders_gets_is_exported(monkeypatch):
    monkeypatch.setitem(BORDERS, "circular", lambda p, size: p % size)
    test_fac(5, "circular")


@pytest.mark.parametrize("table, rule, page, words", [
    (BORDERS, lambda p, size: np.where(p < size, np.maximum(p, 0), -1),
     lambda x: ops.fac(x[..., :1], ops.reshape(ops.concat(x, x[..., :3]), (1, 6, 6, 9, 1)), border="other"),
     "border 'other' cannot be exported: in places no pixel stands outside"),
    (PLACES, PLACES["replicate"], lambda x: ops.warp(x, x[..., :2], border="other"),
     "GridSample: got border 'other', expected one of zero, replicate, reflection"),
])
def test_a_border_that_the_export_lacks_is_no_other_one(table, rule, page, words, monkeypatch):
    """One that an operation has, and ONNX's operator has not."""
    monkeypatch.setitem(table, "other", rule)
    graph = capture(page, Like((1, 6, 6, 6)))
    with pytest.raises(InputError, match=words):
        to_onnx(graph, ["x"], {"y": graph.result})
