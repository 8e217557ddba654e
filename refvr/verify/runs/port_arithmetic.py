"""A run in the arithmetic of a port: operands, parameters and results of every operation rounded as it rounds them.

Sums are float32, as tensor cores and CPUs accumulate halves. Places that are sampled (warp, deformable convolution) are
rounded too: a port adds its offsets to coordinates in the same few digits, an eighth of a pixel at column 200.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from refvr.verify.mistakes import SUBJECTS
from refvr.verify.runs.emulate import rounded
from refvr.verify.runs.planted import WRITTEN, instead
from refvr.verify.runs.pre_activation import goes_on_as

PRECISIONS = ("fp16", "bf16", "tf32", "int8")
PARAMETERS = {"kernel", "kernel3d", "kernel_transposed", "matrix", "vector"}
PLACES = {"warp": "flow_px", "deform_conv2d": "offset_px"}


@contextmanager
def arithmetic(precision: str) -> Iterator[None]:
    """Inside, every operation on float32 arrays computes as a port in this precision does; "" changes nothing."""
    def wrapper(name: str, right: Callable[..., Any]) -> Callable[..., Any]:
        subject = SUBJECTS[name]

        def call(*args: Any, **named: Any) -> Any:
            given = subject.bind(*args, **named)
            short = {key: _operand(name, key, axes, given[key], precision) for key, axes in subject.layouts.items()
                     if given.get(key) is not None}
            y = subject.call(given.but(**short), right)
            return goes_on_as(y, _short(y, precision))
        return call

    with instead(set(WRITTEN), [(name, wrapper) for name in WRITTEN] if precision else []):
        yield


def rounded_values(values: np.ndarray, precision: str, peak: float) -> np.ndarray:
    """Some values of an array as the port would store them; peak: the largest magnitude of all, for int8's scale."""
    if not precision:
        return values
    return rounded(np.append(values, peak).astype(np.float32), precision)[:-1].astype(values.dtype)


def _operand(operation: str, name: str, axes: str, value: Any, precision: str) -> Any:
    if isinstance(value, (tuple, list)):
        return type(value)(_short(part, precision) for part in value)
    if PLACES.get(operation) == name:
        return _places(value, precision, columns_first=operation == "warp")
    return _short(value, precision, parameter=axes in PARAMETERS)


def _short(value: Any, precision: str, *, parameter: bool = False) -> Any:
    if not isinstance(value, np.ndarray) or value.dtype != np.float32 or not value.size:
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
