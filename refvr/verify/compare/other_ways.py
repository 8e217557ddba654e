"""Ways in which other float32 programs are as right as ours, for the noise that isolate.py measures.

warps   by coordinates in [-1, 1], as grid_sample has them, where ours go by pixels
means   summed in float32, one after the other, where ours are summed in float64 and rounded once
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from refvr.verify.runs import planted


@contextmanager
def warps(coordinates: str) -> Iterator[list[int]]:
    """Warps go by these coordinates inside; the list grows with each. A side of one pixel has pixels alone."""
    calls: list[int] = []

    def wrapper(name: str, right: Callable[..., Any]) -> Callable[..., Any]:
        def call(x: np.ndarray, flow: np.ndarray, *args: object, **named: object) -> object:
            calls.append(1)
            if coordinates != "pixels" and min(x.shape[1:3]) > 1:
                named["coordinates"] = coordinates
            return right(x, flow, *args, **named)
        return call

    with planted.instead({"warp"}, [("warp", wrapper)]):
        yield calls


@contextmanager
def means(in_float32: bool) -> Iterator[list[int]]:
    """Means of float32 arrays are sums in float32 inside, over the count, if so; the list grows with each mean."""
    calls: list[int] = []

    def wrapper(name: str, right: Callable[..., Any]) -> Callable[..., Any]:
        def call(x: object, axis: Any = None, *, keepdims: bool = False) -> object:
            calls.append(1)
            if not in_float32 or not isinstance(x, np.ndarray) or x.dtype != np.float32:
                return right(x, axis, keepdims=keepdims)
            axes = range(x.ndim) if axis is None else [k % x.ndim for k in np.atleast_1d(axis)]
            kept = [k for k in range(x.ndim) if k not in axes]
            rows = x.transpose([*axes, *kept]).reshape(-1, *(x.shape[k] for k in kept))
            y = np.zeros(rows.shape[1:], np.float32)
            for row in rows:
                y = y + row
            y = np.asarray(y / np.float32(len(rows)))
            return y.reshape([1 if k in axes else size for k, size in enumerate(x.shape)]) if keepdims else y
        return call

    with planted.instead({"mean"}, [("mean", wrapper)]):
        yield calls
