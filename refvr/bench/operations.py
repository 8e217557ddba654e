"""Arithmetic, traffic and time of every operation of a run: the dots of a roofline.

Operations count as the direct definition needs them, a multiply-add as two: the effective rate of a convolution done
with fewer products can so exceed the processor's limit. Bytes are those of operands and result, each moved once.

What a whole network needs, `flop_of`, is counted where nothing is fused or skipped: in a run of the plain definitions
on a few pixels, with a listener on every module. It belongs to the network, not to how we compute it.
"""
from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from refvr import ops
from refvr.nn.module import Module
from refvr.nn.trace import trace
from refvr.ops.core.operation import Operation, watch
from refvr.plan.cost import multiply_adds


class Listener:
    """`with Listener() as heard:` counts what runs inside; the time since the operation before is an operation's."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], list[float]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Listener:
        self._stack.enter_context(watch(self._hear))
        self._last = time.perf_counter()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def _hear(self, operation: Operation, operands: tuple[Any, ...], options: dict[str, Any], y: np.ndarray) -> None:
        now = time.perf_counter()
        arrays = [a for a in (*operands, y) if isinstance(a, np.ndarray)]
        given = [() if a is None else a.shape for a in operands]
        shapes = " ".join("x".join(map(str, a.shape)) for a in arrays[:2])
        sums = self._sums.setdefault((operation.name, shapes), [0.0, 0.0, 0.0, 0.0])
        for k, value in enumerate((1, now - self._last, 2 * multiply_adds(operation.name, given, y.shape),
                                   sum(a.nbytes for a in arrays))):
            sums[k] += value
        self._last = time.perf_counter()

    @property
    def flop(self) -> float:
        """Multiplications and additions of all operations so far: two for each product in the sums that define them."""
        return sum(sums[2] for sums in self._sums.values())

    def rows(self) -> list[dict[str, Any]]:
        """One for each operation and shape, the longest first."""
        return [{"operation": name, "shapes": shapes, "calls": int(calls), "seconds": seconds, "flop": flop,
                 "bytes": moved}
                for (name, shapes), (calls, seconds, flop, moved) in
                sorted(self._sums.items(), key=lambda item: -item[1][1])]


def flop_of(net: Module, inputs: Sequence[Any], **options: object) -> float:
    """Operations that `net(*inputs, **options)` needs by its definition; use few pixels, they grow with them."""
    with ops.backend("plain"), trace(lambda name, value: None), Listener() as heard:
        net(*inputs, **options)
    return heard.flop
