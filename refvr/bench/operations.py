"""Arithmetic, traffic and time of every operation of a run: the dots of a roofline.

Operations count as the direct definition needs them, a multiply-add as two: the effective rate of a convolution done
with fewer products can so exceed the processor's limit. Bytes are those of operands and result, each moved once.

What a whole network needs, `flop_of`, is counted where nothing is fused or skipped: in a run of the plain definitions
on a few pixels, with somebody listening to every module. It belongs to the network, not to how we compute it.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from refvr import ops
from refvr.nn.trace import trace
from refvr.ops._operation import watch


def _taps(x: np.ndarray, weight: np.ndarray, y: np.ndarray) -> float:
    return 2.0 * y.size * float(np.prod(weight.shape[:-1]))


def _separable(spatial: np.ndarray, pointwise: np.ndarray, y: np.ndarray) -> float:
    """Both convolutions: the first has as many pixels as the second."""
    pixels = y.size / y.shape[-1]
    return 2.0 * pixels * (spatial.size + pointwise.size)


FLOP: dict[str, Callable[[tuple[Any, ...], np.ndarray], float]] = {  # operation -> (operands, y) -> operations
    "conv2d": lambda o, y: _taps(o[0], o[1], y),
    "conv3d": lambda o, y: _taps(o[0], o[1], y),
    "conv_transpose2d": lambda o, y: 2.0 * o[0].size * float(np.prod(o[1].shape)) / o[1].shape[2],
    "deform_conv2d": lambda o, y: _taps(o[0], o[3], y),
    "separable_conv2d": lambda o, y: _separable(o[1], o[2], y),
    "fac": lambda o, y: 2.0 * o[1].size,
    "dynamic_upsample": lambda o, y: 2.0 * o[1].size * o[0].shape[-1],
    "linear": lambda o, y: 2.0 * y.size * o[0].shape[-1],
}


class Listener:
    """`with Listener() as heard:` counts what runs inside; the time since the operation before is an operation's."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], list[float]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Listener:
        self._stack.enter_context(watch(self._hear))
        self._last = time.perf_counter()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stack.close()

    def _hear(self, operation: Any, operands: tuple[Any, ...], options: dict[str, Any], y: Any) -> None:
        now = time.perf_counter()
        arrays = [a for a in (*operands, y) if isinstance(a, np.ndarray)]
        count = FLOP.get(operation.name)
        shapes = " ".join("x".join(map(str, a.shape)) for a in arrays[:2])
        sums = self._sums.setdefault((operation.name, shapes), [0.0, 0.0, 0.0, 0.0])
        for k, value in enumerate((1, now - self._last, count(operands, y) if count else 0.0,
                                   sum(a.nbytes for a in arrays))):
            sums[k] += value
        self._last = time.perf_counter()

    @property
    def flop(self) -> float:
        """Of all together."""
        return sum(sums[2] for sums in self._sums.values())

    def rows(self) -> list[dict[str, Any]]:
        """One for each operation and shape, the longest first."""
        return [{"operation": name, "shapes": shapes, "calls": int(calls), "seconds": seconds, "flop": flop,
                 "bytes": moved}
                for (name, shapes), (calls, seconds, flop, moved) in
                sorted(self._sums.items(), key=lambda item: -item[1][1])]


def flop_of(net: Any, inputs: Sequence[Any], **options: Any) -> float:
    """Operations that `net(*inputs, **options)` needs by its definition; use few pixels, they grow with them."""
    with ops.backend("plain"), trace(lambda name, value: None), Listener() as heard:
        net(*inputs, **options)
    return heard.flop
