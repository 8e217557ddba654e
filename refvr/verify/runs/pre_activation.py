"""What a layer computes before its activation and before what is added to it.

Our convolutions add a residual and apply the activation within the same operation. A hook on a layer of PyTorch sees
the sum alone, so a value of theirs may be ours at that stage; what is left to be done is then done to theirs.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from refvr.ops.core.operation import Operation, current_backend, watch

EARLY = "before its activation"
ACTIVATIONS = {"relu", "leaky_relu", "prelu", "sigmoid", "tanh"}


class Stage:
    """The latest operation, if there is a stage before its result."""

    def __init__(self) -> None:
        self._op: Operation | None = None
        self._operands: tuple[Any, ...] = ()
        self._options: dict[str, Any] = {}
        self._y: np.ndarray | None = None
        self._before: object = None

    def take(self, op: Operation, operands: tuple[Any, ...], options: dict[str, Any], y: np.ndarray) -> None:
        """Remember an operation; nothing is held of one that has no stages."""
        self._before = None
        residual = op.name == "conv2d" and operands[3] is not None
        if op.name in ACTIVATIONS or residual or options.get("activation", "none") != "none":
            self._op, self._operands, self._options, self._y = op, operands, options, y
        else:
            self._op, self._operands, self._y = None, (), None

    def rounded(self, y: np.ndarray, short: np.ndarray, before: np.ndarray | None) -> None:
        """The result `y` goes on as `short`: the port's arithmetic rounds it after the operation, or in its sums."""
        if self._y is y:
            self._y = short
            self._before = self._before if before is None else before

    def replaced(self, y: np.ndarray, before: object) -> None:
        """`before` stands at that stage now, and `y` came of it: a block's value is that of its last layer once more.

        before  an array, or what makes one when it is asked for
        """
        self._y, self._before = y, before

    def of(self, value: np.ndarray) -> bool:
        """Whether `value` is the result of that operation."""
        return self._y is value

    @property
    def name(self) -> str:
        """What the stage is, for people."""
        if self._op is None or self._op.name in ACTIVATIONS:
            return EARLY
        activation = self._options.get("activation", "none") != "none"
        residual = len(self._operands) > 3 and self._operands[3] is not None
        return "before " + " and ".join(["the sum"] * residual + ["its activation"] * activation)

    def _latest(self) -> Operation:
        if self._op is None:
            raise RuntimeError("Stage: the latest operation has none; ask `of` first")
        return self._op

    def before(self) -> np.ndarray:
        """The value at that stage."""
        if self._before is not None:
            return np.asarray(self._before)
        op, operands, options = self._latest(), self._operands, self._options
        if op.name in ACTIVATIONS:
            return operands[0]
        operands = (*operands[:3], None, *operands[4:]) if len(operands) > 3 else operands
        return op.forward[current_backend()](*operands, **{**options, "activation": "none"})

    def after(self, value: np.ndarray, part: object = ...) -> np.ndarray:
        """What the operation would have made of `value` at that stage; value: this part of all."""
        op, operands, options = self._latest(), self._operands, self._options
        if op.name in ACTIVATIONS:
            return op.forward[current_backend()](value, *operands[1:], **options)
        value = self.summed(value, part)
        slope = {"none": 1.0, "relu": 0.0, "leaky_relu": options.get("slope", 0.1)}[options.get("activation", "none")]
        return value if slope == 1 else np.where(value > 0, value, value * value.dtype.type(slope))

    def summed(self, value: np.ndarray, part: object = ...) -> np.ndarray:
        """`value` (this part of all) at that stage with what is added to it, still before the activation."""
        residual = self._latest().name not in ACTIVATIONS and len(self._operands) > 3 and self._operands[3] is not None
        return value + self._operands[3][part] if residual else value


_stage: ContextVar[Stage | None] = ContextVar("refvr_stage", default=None)


@contextmanager
def stages() -> Iterator[Stage]:
    """Inside, the Stage follows every operation."""
    stage = Stage()
    token = _stage.set(stage)
    try:
        with watch(stage.take):
            yield stage
    finally:
        _stage.reset(token)


def goes_on_as(y: np.ndarray, short: np.ndarray, before: np.ndarray | None = None) -> np.ndarray:
    """`short`, told to the Stage that follows, if there is one; before: its activation, where sums are rounded too."""
    stage = _stage.get()
    if stage is not None:
        stage.rounded(y, short, before)
    return short


def computed_apart(operation: str, operands: tuple[Any, ...], options: dict[str, Any], y: np.ndarray,
                   before: np.ndarray) -> np.ndarray:
    """`y`, which was computed in another way than by the operation; a Stage that follows is told of it all the same.

    before  its value at the stage;  operands: x, weight, bias and what is added, as the operation has them
    """
    stage = _stage.get()
    if stage is not None:
        stage.take(Operation(operation, np.asarray), operands, options, y)
        stage.rounded(y, y, before)
    return y
