"""Sums channel by channel: the very chain, and a port that sums so is healthy."""
import numpy as np
import pytest

import refvr
from refvr import ops
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
