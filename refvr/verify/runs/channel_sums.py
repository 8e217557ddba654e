"""Sums channel by channel, as programs whose channels come before rows and columns make them.

Our convolutions take all channels of a tap, then the next tap. Where channels nearly cancel one another, as those of a
frame and of the frame before it do, what is summed stays small so, and rounds little. With channels outermost it grows
to the sum of a whole frame before the other one is taken off, and rounds with that: on STFAN's first layer of motion,
errors are four times ours. ONNX Runtime and PyTorch sum so where a layer has few channels.

The taps of a pixel are laid side by side, channel by channel; then the chain of a 1x1 convolution is that sum.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.types import Array
from refvr.verify.mistakes import SUBJECTS, Given
from refvr.verify.mistakes.convolution import pads
from refvr.verify.runs.planted import instead
from refvr.verify.runs.short_sums import finished

AT_ONCE = 1 << 22   # values of taps that are laid side by side together


@contextmanager
def channel_by_channel(wanted: bool = True) -> Iterator[None]:
    """Convolutions of images and clips in float32 sum so inside, if wanted."""
    summed = ops.conv2d

    def wrapper(name: str, right: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        subject = SUBJECTS[name]

        def call(*args: object, **named: object) -> np.ndarray:
            given = subject.bind(*args, **named)
            if given.x.dtype != np.float32 or _order_is_ours(given.weight.shape):
                return right(*args, **named)
            return finished(subject, given, right, _sums(given, summed))
        return call

    names = ("conv2d", "conv3d")
    with instead(set(names), [(name, wrapper) for name in names] if wanted else []):
        yield


def _order_is_ours(kernel: tuple[int, ...]) -> bool:
    """A single tap, or a single channel of each: there are not two orders."""
    *taps, channels, _ = kernel
    return channels == 1 or max(taps) == 1


def _sums(a: Given, summed: Callable[..., Array]) -> np.ndarray:
    """The sums and the bias, without residual and activation, some rows at a time."""
    *kernel, channels, c_out = a.weight.shape
    taps = len(kernel)   # 2 of an image, 3 of a clip
    sides = pads(a) if taps == 2 else (a.padding,) * 3 if isinstance(a.padding, int) else a.padding
    stride, dilation = a.get("stride", 1), a.get("dilation", 1)
    x = np.pad(a.x, ((0, 0), *((side, side) for side in sides), (0, 0)))
    reach = tuple(dilation * (k - 1) + 1 for k in kernel)
    windows = sliding_window_view(x, reach, axis=tuple(range(1, 1 + taps)))   # (n, [t,] y, x, c, *reach)
    windows = windows[(slice(None), *(slice(None, None, stride),) * taps, slice(None),
                       *(slice(None, None, dilation),) * taps)]
    *leading, rows, columns = windows.shape[:1 + taps]
    k = int(np.prod(windows.shape[1 + taps:]))
    matrix = np.ascontiguousarray(np.moveaxis(a.weight, -2, 0)).reshape(1, 1, -1, c_out)   # (c, *kernel) in a row
    total = np.empty((*leading, rows, columns, c_out), np.float32)
    band = max(1, AT_ONCE // max(1, columns * k))
    for at in np.ndindex(*leading):
        for top in range(0, rows, band):
            side_by_side = windows[at][top:top + band].reshape(1, -1, columns, k)
            total[at][top:top + band] = array_of(summed(side_by_side, matrix, a.bias, groups=a.get("groups", 1)))[0]
    return total
