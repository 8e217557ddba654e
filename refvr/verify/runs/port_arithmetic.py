"""A run in the arithmetic of a port: operands, parameters and results of every operation rounded as it rounds them.

Sums are float32, as tensor cores and CPUs accumulate halves. Places that are sampled (warp, deformable convolution) are
rounded too: a port adds its offsets to coordinates in the same few digits, an eighth of a pixel at column 200.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from refvr.nn.trace import here
from refvr.verify.mistakes import SUBJECTS
from refvr.verify.runs.emulate import rounded
from refvr.verify.runs.layer_precision import Digits, Precision, digits_of
from refvr.verify.runs.planted import WRITTEN, instead
from refvr.verify.runs.pre_activation import goes_on_as
from refvr.verify.runs.short_sums import SUMMED, short_sums

PARAMETERS = {"kernel", "kernel3d", "kernel_transposed", "matrix", "vector"}
PLACES = {"warp": "flow_px", "deform_conv2d": "offset_px"}


@contextmanager
def arithmetic(precision: Precision) -> Iterator[None]:
    """Inside, every operation on float32 arrays computes as a port in this precision does; "" changes nothing."""
    def wrapper(name: str, right: Callable[..., Any]) -> Callable[..., Any]:
        subject = SUBJECTS[name]

        def call(*args: object, **named: object) -> Any:
            given, digits = subject.bind(*args, **named), digits_of(precision, here()[1])
            short = given.but(**{key: _operand(name, key, axes, given[key], digits)
                                 for key, axes in subject.layouts.items() if given.get(key) is not None})
            if digits.sums != "fp32" and name in SUMMED and short.weight.dtype == np.float32:
                y = short_sums(subject, short, right, digits.sums)
            else:
                y = subject.call(short, right)
            return goes_on_as(y, _short(y, digits.values))
        return call

    with instead(set(WRITTEN), [(name, wrapper) for name in WRITTEN] if precision else []):
        yield


def rounded_values(values: np.ndarray, precision: Precision, peak: float, layer: str = "") -> np.ndarray:
    """Some values of a layer as the port would store them; peak: the largest magnitude of all, for int8's scale."""
    precision = digits_of(precision, layer).values
    if precision == "fp32":
        return values
    return rounded(np.append(values, peak).astype(np.float32), precision)[:-1].astype(values.dtype)


def _operand(operation: str, name: str, axes: str, value: Any, digits: Digits) -> object:
    if isinstance(value, (tuple, list)):
        return type(value)(_short(part, digits.values) for part in value)
    if PLACES.get(operation) == name and digits.values != "fp32":
        return _places(value, digits.values, columns_first=operation == "warp")
    parameter = axes in PARAMETERS
    return _short(value, digits.weights if parameter else digits.values, parameter=parameter)


def _short(value: object, precision: str, *, parameter: bool = False) -> Any:
    if precision == "fp32" or not isinstance(value, np.ndarray) or value.dtype != np.float32 or not value.size:
        return value
    return rounded(value, precision, parameter=parameter)


def _places(offset: np.ndarray, precision: str, *, columns_first: bool) -> np.ndarray:
    """Offsets (n, h, w, 2 k) that, added to their row or column, are numbers of the precision."""
    n, h, w, c = offset.shape
    rows, columns = np.arange(h, dtype=offset.dtype)[:, None, None], np.arange(w, dtype=offset.dtype)[None, :, None]
    pairs = offset.reshape(n, h, w, c // 2, 2)
    grids = (columns, rows) if columns_first else (rows, columns)
    found = np.stack([rounded(pairs[..., k] + grid, precision) - grid for k, grid in enumerate(grids)], axis=-1)
    return found.reshape(offset.shape).astype(offset.dtype)
