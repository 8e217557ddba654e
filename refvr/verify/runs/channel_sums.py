"""Sums channel by channel, as programs whose channels come before rows and columns make them.

Our convolutions take all channels of a tap, then the next tap. Where channels nearly cancel one another, as those of a
frame and of the frame before it do, what is summed stays small so, and rounds little. With channels outermost it grows
to the sum of a whole frame before the other one is taken off, and rounds with that: on STFAN's first layer of motion,
errors are four times ours. ONNX Runtime and PyTorch sum so where a layer has few channels, and every deformable
convolution, whose samples they lay side by side channel by channel (im2col) for one matrix product.

The taps of a pixel are laid side by side, channel by channel; then the chain of a 1x1 convolution is that sum.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.ops.kernels.deform_forward import Sampling, deform
from refvr.types import Array
from refvr.verify.mistakes import SUBJECTS, Given
from refvr.verify.mistakes.convolution import pads
from refvr.verify.runs.planted import instead
from refvr.verify.runs.short_sums import finished

AT_ONCE = 1 << 22   # values of taps that are laid side by side together
_RUN = 8            # channels that are sampled as one vector

Conv2d = Callable[..., Array]


@contextmanager
def channel_by_channel(wanted: bool = True) -> Iterator[None]:
    """Convolutions in float32, transposed and deformable ones too, sum so inside, if wanted."""
    summed = ops.conv2d

    def wrapper(name: str, right: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        subject = SUBJECTS[name]

        def call(*args: object, **named: object) -> np.ndarray:
            given = subject.bind(*args, **named)
            if given.x.dtype != np.float32 or _order_is_ours(given.weight.shape):
                return right(*args, **named)
            return finished(subject, given, SUMS[name](given, summed))
        return call

    with instead(set(SUMS), [(name, wrapper) for name in SUMS] if wanted else []):
        yield


def _order_is_ours(kernel: tuple[int, ...]) -> bool:
    """A single tap, or a single channel of each: there are not two orders."""
    *taps, channels, _ = kernel
    return channels == 1 or max(taps) == 1


def _of_convolution(a: Given, summed: Conv2d) -> np.ndarray:
    """The sums of conv2d and conv3d and their bias, without residual and activation."""
    sides = pads(a) if a.weight.ndim == 4 else (a.padding,) * 3 if isinstance(a.padding, int) else a.padding
    x = np.pad(a.x, ((0, 0), *((side, side) for side in sides), (0, 0)))
    return _of_taps(x, a.weight, a.bias, summed, a.get("stride", 1), a.get("dilation", 1), a.get("groups", 1))


def _of_transposed(a: Given, summed: Conv2d) -> np.ndarray:
    """Those of conv_transpose2d: a convolution of the image with zeros between its pixels, by the flipped kernel.

    A product with such a zero adds nothing, so the others are summed in the same order.
    """
    n, h, w, c = a.x.shape
    spread = np.zeros((n, (h - 1) * a.stride + 1, (w - 1) * a.stride + 1, c), a.x.dtype)
    spread[:, ::a.stride, ::a.stride] = a.x
    sides = [(k - 1 - a.padding, k - 1 - a.padding + a.output_padding) for k in a.weight.shape[:2]]
    spread = np.pad(spread, ((0, 0), *((max(0, low), max(0, high)) for low, high in sides), (0, 0)))
    (top, bottom), (left, right) = ((max(0, -low), max(0, -high)) for low, high in sides)
    spread = spread[:, top:spread.shape[1] - bottom, left:spread.shape[2] - right]
    return _of_taps(spread, a.weight[::-1, ::-1], a.bias, summed)


def _of_taps(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, summed: Conv2d, stride: int = 1,
             dilation: int = 1, groups: int = 1) -> np.ndarray:
    """The sums over the taps of an image or a clip that has its border already, some rows at a time."""
    *kernel, _, c_out = weight.shape
    taps = len(kernel)   # 2 of an image, 3 of a clip
    reach = tuple(dilation * (k - 1) + 1 for k in kernel)
    windows = sliding_window_view(x, reach, axis=tuple(range(1, 1 + taps)))   # (n, [t,] y, x, c, *reach)
    windows = windows[(slice(None), *(slice(None, None, stride),) * taps, slice(None),
                       *(slice(None, None, dilation),) * taps)]
    *leading, rows, columns = windows.shape[:1 + taps]
    k, matrix = int(np.prod(windows.shape[1 + taps:])), _matrix(weight)
    total = np.empty((*leading, rows, columns, c_out), np.float32)
    band = max(1, AT_ONCE // max(1, columns * k))
    for at in np.ndindex(*leading):
        for top in range(0, rows, band):
            side_by_side = windows[at][top:top + band].reshape(1, -1, columns, k)
            total[at][top:top + band] = array_of(summed(side_by_side, matrix, bias, groups=groups))[0]
    return total


def _matrix(weight: np.ndarray) -> np.ndarray:
    """(1, 1, c * taps, o), the taps of a channel next to each other."""
    return np.ascontiguousarray(np.moveaxis(weight, -2, 0)).reshape(1, 1, -1, weight.shape[-1])


def _of_deformable(a: Given, summed: Conv2d) -> np.ndarray:
    """Those of deform_conv2d, whose taps lie where offsets say."""
    kh, kw, c_each, c_out = a.weight.shape
    n, rows, columns, maps = a.mask.shape
    c, taps = c_each * a.groups, kh * kw
    padding = a.dilation * (kh // 2) if a.padding is None else a.padding
    total = np.empty((n, rows, columns, c_out), np.float32)
    band = max(1, AT_ONCE // max(1, columns * c * taps))
    for image, top in np.ndindex(n, -(-rows // band)):
        part = slice(image, image + 1), slice(top * band, (top + 1) * band)
        mask = a.mask[part]
        offset = a.offset_px[part].reshape(*mask.shape[:3], maps // taps, taps, 2)
        mask = mask.reshape(*mask.shape[:3], maps // taps, taps)
        side_by_side = np.stack([_sampled(a, image, top * band, offset[..., k, :], mask[..., k], (
            k // kw * a.dilation - padding, k % kw * a.dilation - padding)) for k in range(taps)], axis=-1)
        side_by_side = side_by_side.reshape(*mask.shape[:3], c * taps)
        total[part] = array_of(summed(side_by_side, _matrix(a.weight), a.bias, groups=a.groups))
    return total


def _sampled(a: Given, image: int, top: int, offset: np.ndarray, mask: np.ndarray, tap: tuple[int, int]) -> np.ndarray:
    """What one tap reads, times its mask, from row `top` of the result on: (1, rows, x, c).

    offset  (1, rows, x, G, 2);  mask (1, rows, x, G);  tap: its rows and columns from the pixel
    The place is rounded as the layer itself rounds it, row and tap together before the offset.
    """
    _, rows, columns, groups = mask.shape
    x = a.x[image:image + 1]
    at = (np.arange(top, top + rows, dtype=np.float32)[:, None, None] * a.stride,
          np.arange(columns, dtype=np.float32)[:, None] * a.stride)
    moved = np.stack([((grid + np.float32(step)) + offset[..., axis]) - grid
                      for axis, (grid, step) in enumerate(zip(at, tap))], axis=-1).reshape(1, rows, columns, 2 * groups)
    run = gcd(x.shape[3], _RUN)
    runs, mask = x.shape[3] // run, np.ascontiguousarray(mask)
    as_it_is = np.tile(np.eye(run, dtype=np.float32), runs)[None, None]   # each channel to itself
    return deform(x, moved, mask, as_it_is, None, Sampling.of(x, mask, as_it_is, a.stride, 1, runs, 0, top))


SUMS = {"conv2d": _of_convolution, "conv3d": _of_convolution, "conv_transpose2d": _of_transposed,
        "deform_conv2d": _of_deformable}
