"""What no float32 implementation of an operation can exceed, if it follows the formula: running error bounds.

    u = 2^-24          one rounding                g(k) = k u / (1 - k u)          k roundings, one after another
    sums               g(K + few) max sum of |products|, K products: no order of the sum is worse; the few are the
                       roundings of the operands to float32, of bias, residual and activation
    places             a place that is off by e pixels changes a bilinear sample by at most e times the largest
                       difference of neighbours, along each axis; e is that of a port with float32 places throughout
    exp, tanh, sigmoid 4 ulp (ours: 2), and their slope times the rounding of x
    what only moves    the rounding of the operands, u

The operation runs on absolute values, in float64, so a bound is that of these data. Sums of fewer products (Winograd)
follow another formula: their error is in the noise that is measured, not in this bound.
`bound_of` answers with a number, or with a sentence that says why there is none.
Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, sections 3.1, 3.5 and 3.8.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from refvr.ops.core.operation import Operation
from refvr.ops.imresize import taps as imresize_taps
from refvr.ops.kernels import taps as _taps
from refvr.ops.resize_cubic import taps as cubic_taps

UNIT = 2.0 ** -24
FUNCTION = 8 * UNIT   # 4 ulp of a value, at most 2 u of it each

Operands = tuple[Any, ...]
Options = dict[str, Any]
Rule = Callable[[Operation, Operands, Options, np.ndarray], float]


def bound_of(op: Operation, operands: Operands, options: Options, y: np.ndarray) -> float | str:
    """The largest error that float32 may have in y = op(operands), all float64; or why that is not known."""
    rule = RULES.get(op.name)
    if rule is None:
        return WITHOUT.get(op.name, f"no rule for {op.name}")
    with np.errstate(all="ignore"):
        found = rule(op, operands, options, y)
    return found if np.isfinite(found) else f"{op.name} of values that are not finite, or of 2^24 and more in one sum"


def _g(k: float) -> float:
    """k roundings."""
    return k * UNIT / (1 - k * UNIT) if k * UNIT < 1 else float("inf")


def _most(x: np.ndarray) -> float:
    return float(np.abs(x).max(initial=0.0))


def _absolute(op: Operation, operands: Operands, options: Options, keep: tuple[int, ...] = ()) -> float:
    """The largest value of the operation on absolute values; operands in `keep` are places or logits, no factors."""
    positive = (np.abs(x) if isinstance(x, np.ndarray) and k not in keep else x for k, x in enumerate(operands))
    return _most(op.forward["fast"](*positive, **options))


def _sum(terms: Callable[[Operands, np.ndarray], int]) -> Rule:
    """Sums of products; `terms`: how many, with the roundings of the operands among them."""
    return lambda op, operands, options, y: _g(terms(operands, y)) * _absolute(op, operands, options)


def _products(operands: Operands, at: int, count: int = 1) -> int:
    """Products in a sum of a convolution with weights (..., c, o); operands, bias, residual and slope round as well."""
    return sum(prod(w.shape[:-1]) for w in operands[at:at + count]) + 8


def _moved(op: Operation, operands: Operands, options: Options, y: np.ndarray) -> float:
    return UNIT * _most(y)


def _slope(op: Operation, operands: Operands, options: Options, y: np.ndarray) -> float:
    """x, the slope, their product."""
    return _g(3) * _most(y)


def _difference(op: Operation, operands: Operands, options: Options, y: np.ndarray) -> float:
    return _g(2) * _most(np.abs(operands[0]) + np.abs(operands[1]))


def _function(slope: Callable[[np.ndarray], np.ndarray]) -> Rule:
    """A function whose slope is slope(y)."""
    return lambda op, operands, options, y: _most(FUNCTION * np.abs(y) + UNIT * np.abs(operands[0] * slope(y)))


def _weights(logits: np.ndarray, axis: int) -> np.ndarray:
    """Relative error of a softmax: x, its maximum and their difference round; exp, the sum and the division follow."""
    top = logits.max(axis, keepdims=True)
    exponent = UNIT * (np.abs(logits) + np.abs(top) + np.abs(logits - top))
    worst = exponent.max(axis, keepdims=True)
    return np.expm1(exponent + worst) + 2 * FUNCTION + _g(logits.shape[axis] + 2)


def _softmax(op: Operation, operands: Operands, options: Options, y: np.ndarray) -> float:
    return _most(y * _weights(operands[0], -1))


def _by_tap(logits: np.ndarray, s: int) -> np.ndarray:
    return logits.reshape(*logits.shape[:3], -1, s * s)


def _filters(op: Operation, operands: Operands, options: Options, y: np.ndarray) -> float:
    return _most(y * _weights(_by_tap(operands[0], options["s"]), 3))


def _upsample(op: Operation, operands: Operands, options: Options, y: np.ndarray) -> float:
    """The filters' error and that of the sum over their taps."""
    by_tap = _by_tap(operands[1], options["s"])
    factor = _most(_weights(by_tap, 3)) + _g(by_tap.shape[3] + 4)
    return factor * _absolute(op, operands, options, keep=(1,))


def _steps(x: np.ndarray, outside: bool) -> tuple[np.ndarray, np.ndarray]:
    """Largest difference of neighbours in a column and in a row, (c,) each; outside: to the zeros around x as well."""
    x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))) if outside else x
    return tuple(np.abs(np.diff(x, axis=axis)).max((0, 1, 2), initial=0.0) for axis in (1, 2))


def _sampled(op: Operation, operands: Operands, options: Options, off: tuple[float, float]) -> float:
    """A bilinear sample at places that are off by so much, in rows and columns; 2 u more: the four weights round."""
    steps = _steps(operands[0], options.get("border") == "zero")
    down, across = ((error + 2 * UNIT) * step for error, step in zip(off, steps))
    return _g(8) * _absolute(op, operands, options, keep=(1,)) + _most(down + across)


def _warp(op: Operation, operands: Operands, options: Options, y: np.ndarray) -> float:
    """The flow and its sum with a place round; by way of [-1, 1], six roundings of half the image and the flow."""
    (_, h, w, _), flow = operands[0].shape, operands[1]
    straight = options["coordinates"] == "pixels"
    off = [UNIT * (2 * _most(flow[..., k]) + size) if straight else 6 * UNIT * (size + _most(flow[..., k]))
           for k, size in ((1, h), (0, w))]
    return _sampled(op, operands, options, tuple(off))


def _grid(op: Operation, operands: Operands, options: Options, y: np.ndarray) -> float:
    """Coordinates in half images: they round, + 1, times the size, - 1, and what reflection adds and subtracts."""
    (_, h, w, _), grid = operands[0].shape, operands[1]
    off = [6 * UNIT * ((1 + _most(grid[..., k])) * size / 2 + 1) for k, size in ((1, h), (0, w))]
    return _sampled(op, operands, options, tuple(off))


def _deform(op: Operation, operands: Operands, options: Options, y: np.ndarray) -> float:
    """A sum of samples; an offset that is huge reads nothing but zeros, however it rounds."""
    x, offset, mask, weight = operands[:4]
    reach = max(x.shape[1:3]) + weight.shape[0] * options["dilation"] + 1
    off = UNIT * (min(_most(offset), 2 * reach) + 2 * reach + 2)
    steps = off * sum(_steps(x, True))                                                    # (c,)
    (kh, kw, each, _), groups = weight.shape, options["groups"]
    taps = np.abs(weight).reshape(kh * kw, each, groups, -1)                              # (k, c, group, o)
    masks = np.abs(mask).max((0, 1, 2), initial=0.0).reshape(-1, kh * kw)                 # (offset group, k)
    masks = np.repeat(masks, len(steps) // len(masks), 0)                                 # (c of x, k)
    reads = (masks * steps[:, None]).reshape(groups, each, -1)                            # (group, c, k)
    away = _most(np.einsum("gck,kcgo->go", reads, taps))
    return _g(_products(operands, 3) + 8) * _absolute(op, operands, options, keep=(1,)) + away


def _resized(op: Operation, operands: Operands, options: Options, y: np.ndarray) -> float:
    """Places within the image round three times."""
    off = [UNIT * (3 * size + 3) for size in operands[0].shape[1:3]]
    down, across = (error * step for error, step in zip(off, _steps(operands[0], False)))
    return _g(8) * _absolute(op, operands, options) + _most(down + across)


def _cubic(taps_of: Callable[..., _taps.Taps]) -> Rule:
    """Two sums with weights of any sign; the weights are those of the definition, rounded once."""
    def rule(op: Operation, operands: Operands, options: Options, y: np.ndarray) -> float:
        x, terms = np.abs(operands[0]), 4
        for axis in (1, 2):
            taps = taps_of(x.shape[axis], options)
            terms += taps.weight.shape[1] + 2
            x = _taps.apply(x, replace(taps, weight=np.abs(taps.weight)), axis)
        return _g(terms) * _most(x)
    return rule


def _batch_norm(op: Operation, operands: Operands, options: Options, y: np.ndarray) -> float:
    """Whether the mean is subtracted before or, folded, after the factor."""
    x, gamma, beta, mean, var = operands
    scale = np.abs(gamma) / np.sqrt(var + options["eps"])
    return _g(10) * _most((np.abs(x) + np.abs(mean)) * scale + np.abs(beta))


def _window(operands: Operands, y: np.ndarray) -> int:
    """Values in a mean, at most, with the division."""
    return prod(a // b + 2 for a, b in zip(operands[0].shape[1:3], y.shape[1:3])) + 2


RULES: dict[str, Rule] = {
    "add": _difference, "sub": _difference, "mul": _slope,
    **dict.fromkeys(("pad", "concat", "stack", "slice", "reshape", "pixel_shuffle", "pixel_unshuffle", "relu", "clip",
                     "max_pool", "zeros"), _moved),
    "leaky_relu": _slope, "prelu": _slope,
    "sigmoid": _function(lambda y: y * (1 - y)), "tanh": _function(lambda y: (1 - y) * (1 + y)),
    "exp": _function(lambda y: y), "softmax": _softmax, "dynamic_filters": _filters, "dynamic_upsample": _upsample,
    **dict.fromkeys(("conv2d", "conv3d", "conv_transpose2d"), _sum(lambda operands, y: _products(operands, 1))),
    "separable_conv2d": _sum(lambda operands, y: _products(operands, 1, 2)),
    "deform_conv2d": _deform, "warp": _warp, "grid_sample": _grid, "resize_bilinear": _resized,
    "resize_cubic": _cubic(lambda size, options: cubic_taps(size, options["scale"], np.float64)),
    "imresize": _cubic(lambda size, options: imresize_taps(size, options["scale"], options["antialias"])),
    "fac": _sum(lambda operands, y: operands[1].shape[3] + 2),
    "channel_dot": _sum(lambda operands, y: operands[0].shape[-1] + 2),
    "avg_pool": _sum(lambda operands, y: _window(operands, y)),
    "adaptive_avg_pool": _sum(lambda operands, y: _window(operands, y)),
    **dict.fromkeys(("sum", "mean"), _sum(lambda operands, y: operands[0].size // max(1, y.size) + 2)),
    "batch_norm": _batch_norm,
}

WITHOUT = {
    "route": "the branch depends on a threshold, on whose other side a rounded value may fall",
    "batch_norm_train": "statistics of the data itself: used in training alone",
    **dict.fromkeys(("mse_loss", "l1_loss", "huber_loss", "charbonnier_loss", "similarity_loss"),
                    "a loss: used in training alone"),
}
