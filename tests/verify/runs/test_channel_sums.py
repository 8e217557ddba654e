"""Sums channel by channel: the very chain, and a port that sums so is healthy."""
import numpy as np
import pytest

import refvr
from refvr import ops
from refvr.verify.compare.isolate import SAFETY
from refvr.verify.runs.channel_sums import channel_by_channel
from refvr.verify.runs.inputs import subject_of


def chain(x, weight, bias, groups=1, stride=1):
    """(h, w, c), already with its border: one sum per output, channels outermost, each step rounded once."""
    k, _, cg, c_out = weight.shape
    size = (np.array(x.shape[:2]) - k) // stride + 1
    y = np.zeros((*size, c_out), np.float32)
    for o in range(c_out):
        first = o // (c_out // groups) * cg
        for c, i, j in np.ndindex(cg, k, k):
            seen = x[i:i + size[0] * stride:stride, j:j + size[1] * stride:stride, first + c]
            seen = seen[:size[0], :size[1]].astype(np.float64)
            y[..., o] = (y[..., o] + seen * np.float64(weight[i, j, c, o])).astype(np.float32)   # fma, once rounded
    return y + bias


@pytest.mark.parametrize("options", [{}, {"groups": 2, "stride": 2}])
def test_the_chain_has_its_channels_outermost(options, monkeypatch):
    monkeypatch.setattr("refvr.verify.runs.channel_sums.AT_ONCE", 300)   # a few rows at a time
    rng = np.random.default_rng(0)
    x, bias = rng.random((2, 9, 8, 6), np.float32), rng.standard_normal(4, np.float32)
    weight = rng.standard_normal((3, 3, 6 // options.get("groups", 1), 4), np.float32)
    expected = np.stack([chain(np.pad(image, ((1, 1), (1, 1), (0, 0))), weight, bias, **options) for image in x])
    with channel_by_channel():
        np.testing.assert_array_equal(ops.conv2d(x, weight, bias, **options), expected)
        residual = np.full_like(expected, 0.5)
        np.testing.assert_array_equal(ops.conv2d(x, weight, bias, residual, activation="relu", **options),
                                      np.maximum(expected + residual, 0))
    assert not np.array_equal(ops.conv2d(x, weight, bias, **options), expected)


def test_frames_of_a_clip_too():
    rng = np.random.default_rng(0)
    x, weight = rng.random((1, 3, 6, 5, 4), np.float32), rng.standard_normal((3, 3, 3, 4, 2), np.float32)
    images = np.moveaxis(np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1), (0, 0)))[0], 0, -1)   # (h, w, c, t)
    y = np.zeros((6, 5, 2), np.float32)
    for c, f, i, j in np.ndindex(4, 3, 3, 3):
        tap = images[i:i + 6, j:j + 5, c, f, None].astype(np.float64) * weight[f, i, j, c].astype(np.float64)
        y = (y + tap).astype(np.float32)
    with channel_by_channel():
        np.testing.assert_array_equal(ops.conv3d(x, weight, padding=(0, 1, 1))[0, 0], y)


def test_a_port_that_sums_so_is_healthy_where_frames_cancel_one_another():
    """STFAN's first layer of motion was accused: its channels are three frames, nearly the same."""
    subject = subject_of("stfan-s", "scene:32x24", frame=1)
    with refvr.trace() as port, ops.precision("direct"), channel_by_channel():
        subject.run()
    report = refvr.compare("stfan-s", dict(port), source="scene:32x24", frame=1, seconds=0)
    report.assert_healthy()


@pytest.mark.parametrize("padding, output_padding", [(1, 0), (0, 1), (3, 0)])
def test_transposed_convolutions_too(padding, output_padding, monkeypatch):
    monkeypatch.setattr("refvr.verify.runs.channel_sums.AT_ONCE", 300)
    rng = np.random.default_rng(0)
    x, bias = rng.random((2, 5, 4, 6), np.float32), rng.standard_normal(3, np.float32)
    weight = rng.standard_normal((3, 4, 6, 3), np.float32)
    canvas = np.zeros((2, 4 * 2 + 3 + output_padding, 3 * 2 + 4 + output_padding, 3), np.float32)
    for c, i, j in np.ndindex(6, 3, 4):   # an output is reached by taps from the last to the first, in its own order
        i, j = 2 - i, 3 - j
        at = (slice(None), slice(i, i + 9, 2), slice(j, j + 7, 2))
        product = x[..., c, None].astype(np.float64) * weight[i, j, c].astype(np.float64)
        canvas[at] = (canvas[at] + product).astype(np.float32)
    cut = slice(padding, canvas.shape[1] - padding), slice(padding, canvas.shape[2] - padding)
    given = {"stride": 2, "padding": padding, "output_padding": output_padding}
    with channel_by_channel():
        y = ops.conv_transpose2d(x, weight, bias, activation="relu", **given)
    np.testing.assert_array_equal(y, np.maximum(canvas[(slice(None), *cut)] + bias, 0))
    assert not np.array_equal(y, ops.conv_transpose2d(x, weight, bias, activation="relu", **given))


@pytest.mark.parametrize("options", [{}, {"groups": 2, "stride": 2}, {"dilation": 2, "padding": 1}])
def test_deformable_convolutions_too(options, monkeypatch):
    """Whole offsets and masks of one read pixels as they are; others read what the operation itself reads."""
    monkeypatch.setattr("refvr.verify.runs.channel_sums.AT_ONCE", 900)
    rng = np.random.default_rng(0)
    x, bias = rng.random((2, 9, 8, 12), np.float32), rng.standard_normal(4, np.float32)
    weight = rng.standard_normal((3, 3, 12 // options.get("groups", 1), 4), np.float32)
    shape = ops.conv2d(x, weight, **options).shape[:3]
    still, ones = np.zeros((*shape, 36), np.float32), np.ones((*shape, 18), np.float32)
    with channel_by_channel():
        np.testing.assert_array_equal(ops.deform_conv2d(x, still, ones, weight, bias, **options),
                                      ops.conv2d(x, weight, bias, **options))
    offset, mask = 3 * rng.standard_normal((*shape, 36), np.float32), rng.random((*shape, 18), np.float32)
    exact = ops.deform_conv2d(*(z.astype(np.float64) for z in (x, offset, mask, weight, bias)), **options)
    ours = ops.deform_conv2d(x, offset, mask, weight, bias, **options)
    with channel_by_channel():
        y = ops.deform_conv2d(x, offset, mask, weight, bias, **options)
    assert not np.array_equal(y, ours)
    assert np.abs(y - exact).max() < 4 * np.abs(ours - exact).max()


def test_where_channels_cancel_the_other_order_explains_what_a_right_port_is_off_by_and_no_mistake():
    """Half of the channels are the others once more, and count the other way round, large against what is left."""
    rng = np.random.default_rng(0)
    half, large = rng.random((1, 16, 20, 8), np.float32), rng.random((3, 3, 8, 4), np.float32)
    x = np.concatenate([half, np.nextafter(half, np.float32(1))], axis=-1)
    weight = np.concatenate([large, -large], axis=2) + rng.normal(0, 0.05, (3, 3, 16, 4)).astype(np.float32)
    mask, bias = rng.random((1, 16, 20, 9), np.float32), rng.random(4, np.float32)
    operands = x, np.zeros((1, 16, 20, 18), np.float32), mask, weight, bias
    exact = ops.deform_conv2d(*(z.astype(np.float64) for z in operands))
    bordered, port = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), np.zeros(exact.shape, np.float32)
    for c, i, j in np.ndindex(16, 3, 3):   # im2col and a matrix product, one sum after the other
        seen = bordered[:, i:i + 16, j:j + 20, c, None] * mask[..., 3 * i + j, None]
        port = (port + seen.astype(np.float64) * weight[i, j, c]).astype(np.float32)
    off = np.abs(port + bias - exact).max()
    ours = np.abs(ops.deform_conv2d(*operands) - exact).max()
    with channel_by_channel():
        other = np.abs(ops.deform_conv2d(*operands) - exact).max()
    assert SAFETY * ours < off <= SAFETY * other, "ours alone would not explain it"
    assert np.abs(port + 1.01 * bias - exact).max() > 100 * SAFETY * other
