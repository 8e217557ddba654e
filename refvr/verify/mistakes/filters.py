"""Mistakes in filters that are computed per pixel: filter-adaptive convolution and dynamic upsampling."""
from __future__ import annotations

from math import isqrt

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.verify.mistakes._catalogue import Border, Given, Op, mistake, subject, unless

subject("fac", ops.fac, x="image", kernel="taps")
subject("dynamic_upsample", ops.dynamic_upsample, x="image", logits="image", residual="image")
subject("dynamic_filters", ops.dynamic_filters, logits="image", result="any")


def taps_in(a: Given, order: np.ndarray) -> Given:
    """fac whose tap t is the one that the grid `order` has there."""
    return a.but(kernel=np.ascontiguousarray(a.kernel[:, :, :, order.ravel()]))


def grid(a: Given) -> np.ndarray:
    """The indices of the taps of fac, (k, k)."""
    k = isqrt(a.kernel.shape[3])
    return np.arange(k * k).reshape(k, k)


@mistake("order", "fac")
def taps_transposed(op: Op, a: Given) -> np.ndarray:
    """the rows and columns of the taps exchanged."""
    return op(taps_in(a, grid(a).T))


@mistake("order", "fac")
def taps_flipped(op: Op, a: Given) -> np.ndarray:
    """the taps flipped (a true convolution in place of a correlation)."""
    return op(taps_in(a, grid(a)[::-1, ::-1]))


@mistake("order", "fac")
def kernel_channels_tap_by_tap(op: Op, a: Given) -> np.ndarray:
    """the kernel's channels taken as tap-major although they are channel-major (c k k + t)."""
    n, y, w, taps, c = a.kernel.shape
    wrong = a.kernel.swapaxes(3, 4).reshape(n, y, w, taps, c)  # c k k + t, read as t c + c
    return op(a.but(kernel=np.ascontiguousarray(wrong)))


@mistake("border", "fac")
def border_of_zeros(op: Op, a: Given) -> np.ndarray:
    """zeros outside in place of the nearest pixel."""
    unless(a.border == "zero")
    return op(a.but(border="zero"))


@mistake("border", "fac")
def border_repeats_the_edge(op: Op, a: Given) -> np.ndarray:
    """the nearest pixel outside in place of zeros."""
    unless(a.border == "replicate")
    return op(a.but(border="replicate"))


@mistake("border", "fac")
def border_is_mirrored(op: Op, a: Given) -> np.ndarray:
    """a mirrored border (reflect)."""
    unless(a.border == "reflection" or min(a.x.shape[1:3]) <= isqrt(a.kernel.shape[3]) // 2)
    return op(a.but(border="reflection"))


@mistake("border", "fac")
def border_wraps(op: Op, a: Given) -> np.ndarray:
    """a border that wraps around."""
    p = isqrt(a.kernel.shape[3]) // 2
    unless(a.kernel.shape[1] != a.x.shape[1])
    return _grown(op, a, "wrap", p)


def _grown(op: Op, a: Given, mode: Border, p: int) -> np.ndarray:
    around = ((0, 0), (p, p), (p, p), (0, 0))
    y = op(a.but(x=np.pad(a.x, around, mode), kernel=np.pad(a.kernel, (*around[:3], (0, 0), (0, 0)))))
    return y[:, p:-p, p:-p] if p else y


@mistake("number", "fac")
def kernels_normalised(op: Op, a: Given) -> np.ndarray:
    """kernels divided by their sum."""
    return op(a.but(kernel=a.kernel / a.kernel.sum(3, keepdims=True)))


@mistake("number", "fac")
def kernels_through_a_softmax(op: Op, a: Given) -> np.ndarray:
    """kernels through a softmax over the taps."""
    e = np.exp(a.kernel - a.kernel.max(3, keepdims=True))
    return op(a.but(kernel=e / e.sum(3, keepdims=True)))


@mistake("order", "fac")
def one_kernel_for_all_channels(op: Op, a: Given) -> np.ndarray:
    """the kernel of the first channel used for all channels."""
    return op(a.but(kernel=np.repeat(a.kernel[..., :1], a.kernel.shape[4], axis=4)))


def cells(a: Given) -> np.ndarray:
    """Logits as (n, h, w, taps, s s)."""
    return a.logits.reshape(*a.logits.shape[:3], -1, a.s * a.s)


def with_logits(a: Given, logits: np.ndarray) -> Given:
    """The call with logits given as cells."""
    return a.but(logits=np.ascontiguousarray(logits).reshape(a.logits.shape))


@mistake("order", "dynamic_upsample")
def softmax_over_the_cell(op: Op, a: Given) -> np.ndarray:
    """a softmax over the s x s pixels of a cell in place of the taps."""
    e = np.exp(cells(a) - cells(a).max(-1, keepdims=True))
    return _filtered(a, e / e.sum(-1, keepdims=True))


@mistake("activation", "dynamic_upsample")
def softmax_missing(op: Op, a: Given) -> np.ndarray:
    """filters that did not go through their softmax."""
    return _filtered(a, cells(a))


@mistake("border", "dynamic_upsample")
def border_repeats_the_nearest_pixel(op: Op, a: Given) -> np.ndarray:
    """a border of the small picture that repeats its edge in place of zeros."""
    k = isqrt(cells(a).shape[3]) // 2
    around = ((0, 0), (k, k), (k, k), (0, 0))
    big = {name: None if a[name] is None else np.pad(a[name], around, "edge") for name in ("x", "logits", "residual")}
    return op(a.but(**big))[:, k * a.s:-k * a.s, k * a.s:-k * a.s]


@mistake("border", "dynamic_upsample")
def weights_normalised_at_the_border(op: Op, a: Given) -> np.ndarray:
    """filters normalised again where some of their taps lie outside."""
    ones = op(a.but(x=np.ones_like(a.x), residual=None))
    y = op(a.but(residual=None)) / ones
    return y if a.residual is None else y + _residual(a)


def _filtered(a: Given, filters: np.ndarray) -> np.ndarray:
    """dynamic_upsample with given filters (n, h, w, taps, s s)."""
    k, (h, w) = isqrt(filters.shape[3]), a.x.shape[1:3]
    patches = np.pad(a.x, ((0, 0), (k // 2,) * 2, (k // 2,) * 2, (0, 0)))
    seen = np.stack([patches[:, i:i + h, j:j + w] for i in range(k) for j in range(k)], 3)
    found = np.einsum("nhwtu,nhwtc->nhwuc", filters, seen).reshape(*a.x.shape[:3], -1)
    return array_of(ops.pixel_shuffle(found if a.residual is None else found + a.residual, a.s, "tf"))


def _residual(a: Given) -> np.ndarray:
    return array_of(ops.pixel_shuffle(a.residual, a.s, "tf"))


@mistake("order", "dynamic_upsample")
def residual_in_the_order_of_pytorch(op: Op, a: Given) -> np.ndarray:
    """the residual spread in the order of torch.nn.PixelShuffle (all pixels of a colour together)."""
    unless(a.residual is None)
    return op(a.but(residual=None)) + ops.pixel_shuffle(a.residual, a.s, "torch")


@mistake("order", "dynamic_upsample", flagged=False)
def residual_of_pytorch_in_the_order_of_tensorflow(op: Op, a: Given) -> np.ndarray:
    """a residual made by weights in PyTorch's order spread in that of TensorFlow (all colours of a pixel together)."""
    unless(a.residual is None)
    by_colour = a.residual.reshape(*a.residual.shape[:3], a.s * a.s, -1).swapaxes(3, 4)
    return op(a.but(residual=np.ascontiguousarray(by_colour).reshape(a.residual.shape)))


@mistake("number", "dynamic_upsample")
def residual_of_the_upsampling_missing(op: Op, a: Given) -> np.ndarray:
    """the residual missing."""
    unless(a.residual is None)
    return op(a.but(residual=None))


@mistake("order", "dynamic_upsample")
def filter_channels_pixel_after_pixel(op: Op, a: Given) -> np.ndarray:
    """filter channels read as u * taps + t in place of t * s * s + u."""
    by_pixel = a.logits.reshape(*a.logits.shape[:3], a.s * a.s, -1).swapaxes(3, 4)
    return op(with_logits(a, by_pixel))


@mistake("order", "dynamic_upsample")
def filters_flipped(op: Op, a: Given) -> np.ndarray:
    """the filters flipped."""
    return op(with_logits(a, cells(a)[:, :, :, ::-1]))


@mistake("order", "dynamic_upsample")
def filters_transposed(op: Op, a: Given) -> np.ndarray:
    """the rows and columns of the filters exchanged."""
    k = isqrt(cells(a).shape[3])
    return op(with_logits(a, cells(a).reshape(*a.logits.shape[:3], k, k, -1).swapaxes(3, 4)))


@mistake("order", "dynamic_upsample")
def pixels_of_a_cell_transposed(op: Op, a: Given) -> np.ndarray:
    """the rows and columns of the s x s pixels of a cell exchanged."""
    unless(a.s == 1)
    y = op(a)
    n, rows, columns, c = y.shape
    by_cell = y.reshape(n, rows // a.s, a.s, columns // a.s, a.s, c).transpose(0, 1, 4, 3, 2, 5)
    return by_cell.reshape(y.shape)


@mistake("order", "dynamic_filters")
def filters_softmax_over_the_cell(op: Op, a: Given) -> np.ndarray:
    """a softmax over the s x s pixels of a cell in place of the taps."""
    e = np.exp(cells(a) - cells(a).max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
