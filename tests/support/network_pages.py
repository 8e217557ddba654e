"""Inputs of every network's page, and small pages of one operation."""
from __future__ import annotations

import numpy as np

from refvr import ops

H, W = 16, 32


def inputs_of(net, h=H, w=W):
    """Inputs of a single call, and options."""
    name, config = type(net).__name__, net.config
    like = {"ReMoNet": [(1, getattr(config, "frames", 0), h, w, 3)], "FastDVDnet": [(1, 5, h, w, 3), (1, h, w, 1)],
            "DUF": [(1, 7, h, w, 3)], "EDVR": [(1, getattr(config, "frames", 0), h, w, 3)],
            "STFAN": [(1, h, w, 3)] * 3, "STFANSeed": [(1, h, w, 3)] * 3, "SAFA": [(1, h, w, 3)] * 2}[name]
    if name.startswith("STFAN"):
        like.append((1, h // 4, w // 4, (2 if name == "STFAN" else 1) * config.widths[2]))
    if getattr(config, "noise_map", False):
        like.append((*like[0][:-1], 2))
    rest = ([0.25, 0.5],) if name == "SAFA" else ()
    rng = np.random.default_rng(5)
    return [rng.random(shape, np.float32) for shape in like], rest, {"routing": "half"} if rest else {}


def drawn(*shape):
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def filtered(x, k=3):
    """Filters made from x, used on x."""
    n, h, w, c = x.shape
    kernel = ops.conv2d(x, drawn(1, 1, c, k * k * c) * np.float32(0.1))
    return ops.fac(x, ops.reshape(kernel, (n, h, w, k * k, c)))


def upsampled(x, s=2):
    n, h, w, c = x.shape
    logits, residual = (ops.conv2d(x, drawn(1, 1, c, count * s * s)) for count in (9, c))
    return ops.dynamic_upsample(x, logits, residual, s=s)


def volume(x, taps=(3, 3, 3), pad=1):
    """Three times x as a clip."""
    clip = ops.stack([x, ops.relu(x), x * 0.5], axis=1)
    y = ops.conv3d(clip, drawn(*taps, x.shape[3], x.shape[3]) * np.float32(0.2), padding=(pad, taps[1] // 2, 1))
    return y[:, 0] + y[:, -1]


def conv(k, c=None, **options):
    def layer(x):
        c_in = x.shape[3] // options.get("groups", 1)
        return ops.conv2d(x, drawn(k, k, c_in, c or x.shape[3]) * np.float32(0.2), drawn(c or x.shape[3]), **options)
    return layer


STEPS = {  # (n, h, w, c) -> (n, y, x, o)
    "conv 3": conv(3), "conv 1": conv(1, activation="relu"), "conv 5": conv(5, activation="leaky_relu"),
    "conv 3, stride 2": conv(3, stride=2), "conv 4, stride 2": conv(4, 16, stride=2, padding=1),
    "conv 3, dilation 2": conv(3, dilation=2), "conv without padding": conv(3, padding=(0, 1)),
    "depthwise": lambda x: conv(3, groups=x.shape[3])(x),
    "residual": lambda x: ops.conv2d(ops.relu(x), drawn(3, 3, x.shape[3], x.shape[3]), None, x),
    "transposed 4": lambda x: ops.conv_transpose2d(x, drawn(4, 4, x.shape[3], 8)),
    "transposed 3": lambda x: ops.conv_transpose2d(x, drawn(3, 3, x.shape[3], 8), output_padding=1),
    "separable": lambda x: ops.separable_conv2d(x, drawn(5, 5, 1, x.shape[3]), drawn(1, 1, x.shape[3], 8),
                                                groups=x.shape[3], stride=1),
    "shuffle": lambda x: ops.pixel_shuffle(ops.concat(x, x, x, x), 2),
    "unshuffle": lambda x: ops.pixel_unshuffle(x, 2)[..., :12],
    "max pool": ops.max_pool,
    "mean pool": lambda x: ops.avg_pool(x, 3, stride=1),
    "twice": lambda x: ops.resize_bilinear(x, scale=2),
    "cubic, twice": lambda x: ops.imresize(x, 2), "cubic, 0.4": lambda x: ops.imresize(x, 0.4),
    "half": lambda x: ops.resize_bilinear(x, scale=0.5),
    "two thirds": lambda x: ops.resize_bilinear(x, size=(max(1, x.shape[1] * 2 // 3), x.shape[2])),
    "filters": filtered, "upsampled": upsampled, "volume": volume, "frames": lambda x: volume(x, (1, 3, 3), 0),
    "warp": lambda x: ops.warp(x, x[..., :2] * 3.0),
    "deform": lambda x: ops.deform_conv2d(
        x, x[..., :1] * drawn(18) * np.float32(4), ops.sigmoid(x[..., 1:2] * drawn(9)), drawn(3, 3, x.shape[3], 8)),
    "deform, stride 2": lambda x: ops.deform_conv2d(
        x, x[:, ::2, ::2, :1] * drawn(18), ops.relu(x[:, ::2, ::2, 1:2] * drawn(9)), drawn(3, 3, x.shape[3], 8),
        stride=2) if min(x.shape[1:3]) % 2 == 0 else x,
    "round trip": lambda x: ops.warp(x, x[..., 2:4], coordinates="round_trip"),
    "mean": lambda x: x * ops.sigmoid(ops.mean(x, axis=(1, 2), keepdims=True)),
    "softmax": ops.softmax,
    "dot": lambda x: ops.concat(x, *[ops.channel_dot(x, ops.tanh(x))] * 4),
    "zeros": lambda x: ops.concat(x, ops.zeros((*x.shape[:3], 4), like=x)),
    "prelu": lambda x: ops.prelu(x, drawn(x.shape[3])),
    "constant image": lambda x: x + np.broadcast_to(drawn(1, x.shape[1], 1, 1), (1, *x.shape[1:3], 1)),
    "turned": lambda x: ops.reshape(ops.reshape(x, (x.shape[0], -1, x.shape[3])), x.shape),
    "flat": lambda x: x[:, ::-1],
}
