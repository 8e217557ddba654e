"""Sums in few digits: a convolution that rounds what it has after every tap of its kernel.

The channels of one tap are summed in float32, as tensor cores do; then the accumulator is rounded.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refvr.verify.mistakes import Given, Subject
from refvr.verify.runs.emulate import rounded
from refvr.verify.runs.pre_activation import computed_apart

SUMMED = {"conv2d", "conv3d", "conv_transpose2d", "deform_conv2d"}


def short_sums(subject: Subject, given: Given, right: Callable[..., np.ndarray], precision: str) -> np.ndarray:
    """The result of the convolution, its sums rounded."""
    bare: dict[str, str | None] = {name: None for name in ("bias", "residual") if given.get(name) is not None}
    bare |= {"activation": "none"} if "activation" in given else {}
    total = np.zeros((), np.float32)
    for tap in np.ndindex(given.weight.shape[:-2]):
        one = np.zeros_like(given.weight)
        one[tap] = given.weight[tap]
        total = rounded(total + subject.call(given.but(weight=one, **bare), right), precision)
    before = total if given.get("bias") is None else rounded(total + given.bias, precision)
    return finished(subject, given, before)


def finished(subject: Subject, given: Given, before: np.ndarray) -> np.ndarray:
    """What the convolution makes of its sums, bias among them, where they were made in another way."""
    residual = given.get("residual")
    y = before if residual is None else before + residual
    slope = {"relu": 0.0, "leaky_relu": given.get("slope", 0.0)}.get(given.get("activation", "none"), 1.0)
    y = np.where(y > 0, y, np.float32(slope) * y)
    return computed_apart(subject.name, (given.x, given.weight, given.get("bias"), residual),
                          {key: given[key] for key in ("activation", "slope") if key in given}, y, before)
