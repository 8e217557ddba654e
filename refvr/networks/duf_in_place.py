"""DUF in place: the network of duf.py in one growing volume, for windows that nobody watches.

What a page that reads like the paper leaves to its operations, and what that costs at 7x180x320, 16 layers: a copy of
all features for every concatenation, a pass over memory for every batch norm, 92 MB of filters. Here every block reads
channels of the volume and writes its own behind them (ops/_volume.py), a frame has room only for the blocks that it
takes part in, and the filters are made and used by bands of rows. A trace, a tape, float64, precision "exact" and an
unfolded network go by duf.py; the difference is the rounding of Winograd's sums.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from refvr import ops
from refvr.ops import _volume
from refvr.ops.dynamic_upsample import upsample_rows

_BAND = 16  # rows whose filters exist at a time: 8 MB at 320 pixels and x4


def fits(growth: int) -> bool:
    """Whether a network of this growth can run here."""
    return growth % _volume.WIDTH == 0


def run(net: Any, window: np.ndarray) -> np.ndarray:
    """One window (7, h, w, 3) -> (s h, s w, 3), of a folded DUF in float32."""
    blocks, growth = net.blocks, net._config.growth
    kept = len(blocks) - 3  # blocks that keep all frames
    start = net.conv1.weight.shape[-1]
    frames, h, w, _ = window.shape
    x = _volume.volume(h, w, [start + growth * (kept + min(k, frames - 1 - k)) for k in range(frames)])
    _volume.enter(window, net.conv1.weight[0], net.conv1.bias, x)
    first, c = 0, start
    for r, block in enumerate(blocks):
        t = frames - 2 * first
        pad = int(r < kept)
        first += 1 - pad
        weight, bias = block._folded
        _volume.run_block(x, (first - 1 + pad, t), c, block.norm_a.affine(), (weight.reshape(c, c), bias),
                          block.conv_b.weight, block.conv_b.bias, x, (first, frames - 2 * first), c, pad=pad)
        c += growth
    y = _volume.volume(h, w, [net.conv2.weight.shape[-1]])
    _volume.run_block(x, (first, 1), c, net.norm.affine(), None, net.conv2.weight, net.conv2.bias, y, (0, 1), 0,
                      pad=0, slope=0.0)
    return _head(net, y.frame(0, 0, int(y.room[0])), window[frames // 2])


def _head(net: Any, x: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Features (1, h, w, 256) and the middle frame (h, w, 3) -> (s h, s w, 3), by bands of rows."""
    _, h, w, _ = x.shape
    s = net._config.scale
    y = np.empty((s * h, s * w, 3), np.float32)
    for top in range(0, h, _BAND):
        band = x[:, top:top + _BAND]
        residual = _pointwise(net.residual2, _pointwise(net.residual1, band, "relu"))   # (1, rows, w, 3 s s)
        logits = _pointwise(net.filters2, _pointwise(net.filters1, band, "relu"))       # (1, rows, w, 25 s s)
        upsample_rows(centre, top, logits[0], residual[0], y, s=s)
    return y


def _pointwise(layer: Any, x: np.ndarray, activation: str = "none") -> np.ndarray:
    return ops.conv2d(x, layer.weight[0], layer.bias, activation=activation)
