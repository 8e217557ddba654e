"""Operators of installed peers, called with the operands of a vector: {operation: call(inputs, options) -> y}.

Inputs and results are channels last, as in the vectors; every call turns them into the layout of its peer.
"""
import numpy as np

from refvr.verify.vectors.run import NotThereError

__all__ = ["NotThereError", "activated", "border_name", "nchw", "nhwc", "oihw", "pixel_grid"]


def nchw(x):
    """(n, h, w, c) -> (n, c, h, w)."""
    return np.ascontiguousarray(np.moveaxis(x, -1, 1))


def nhwc(y):
    """(n, c, h, w) -> (n, h, w, c)."""
    return np.moveaxis(np.asarray(y), 1, -1)


def oihw(w):
    """(kh, kw, c, o) -> (o, c, kh, kw), also with frames in front."""
    return np.ascontiguousarray(np.moveaxis(np.moveaxis(w, -1, 0), -1, 1))


def activated(y, options, residual=None):
    """What our fused convolutions do after their sum."""
    y = y if residual is None else y + residual
    slope = {"none": 1.0, "relu": 0.0, "leaky_relu": options.get("slope", 0.1)}[options.get("activation", "none")]
    return np.where(y > 0, y, np.float32(slope) * y)


def border_name(o, default="replicate"):
    """What PyTorch and ONNX call the border of a sample."""
    border = o.get("border", default)
    return {"zero": "zeros", "replicate": "border"}.get(border, border)


def pixel_grid(flow):
    """A flow (n, h, w, 2: right, down) in pixels as places from -1 to 1, the corners: the form of SAFA."""
    h, w = flow.shape[1:3]
    columns = np.linspace(-1, 1, w, dtype=np.float32) + flow[..., 0] / np.float32((w - 1) / 2)
    rows = np.linspace(-1, 1, h, dtype=np.float32)[:, None] + flow[..., 1] / np.float32((h - 1) / 2)
    return np.stack([columns, rows], -1)
