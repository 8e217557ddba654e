"""What makes a function over arrays one operation for arrays and Tensors, on either backend.

An operation has up to seven parts, all over plain arrays, operands positional (None where absent), options by keyword:

    plain(*operands, **options) -> y                                      the definition, NumPy
    fast(*operands, **options) -> y                                       the same, Numba; default: plain
    short(*operands, **options) -> y                                      fast by fewer sums; None where it is not
    adjoint(dy, y, *operands, needs, **options) -> one gradient each      Numba or NumPy; None: no gradient
    plain_adjoint(...)                                                    the same, NumPy; default: adjoint
    shape(*shapes, **options) -> shape                                    of the result, without computing it
    rows(*operands, **options) -> Bands                                   which rows need which; default: all need all

`short` is for the precision "winograd" alone, on the tape too: values have the same bits with and without gradients.
`needs[k]` says whether operand k is on the tape; an adjoint may return None where it is not. The last two are in
core/bands.py: with them a network can be laid out before it runs. An operand that is `Deferred` is not there yet; then
nothing is computed, and the operand is told instead.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from refvr.autodiff.tape import Arithmetic, Tensor, array_of, record
from refvr.errors import InputError, ShapeError
from refvr.ops.core.bands import Bands, Shape
from refvr.ops.core.precision import current_precision

Watcher = Callable[["Operation", "tuple[Any, ...]", "dict[str, Any]", np.ndarray], None]

_backend: ContextVar[str] = ContextVar("refvr_backend", default="fast")
_watcher: ContextVar[Watcher | None] = ContextVar("refvr_watcher", default=None)


@contextmanager
def backend(name: str) -> Iterator[None]:
    """`with refvr.backend("plain"):` runs every operation by its plain definition; "fast" is the default."""
    if name not in ("plain", "fast"):
        raise InputError(f"backend: got {name!r}, expected 'plain' or 'fast'")
    token = _backend.set(name)
    try:
        yield
    finally:
        _backend.reset(token)


def current_backend() -> str:
    """The name of the backend in force, "plain" or "fast"."""
    return _backend.get()


@contextmanager
def watch(watcher: Watcher) -> Iterator[None]:
    """Inside, `watcher(operation, operands, options, y)` hears of every operation on arrays when it is done."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


class Deferred(Arithmetic):
    """An operand that is still to be computed: operations on it are told to it instead of being done."""

    shape: Shape
    dtype: np.dtype

    def recorded(self, operation: Operation, operands: tuple[Any, ...], options: dict[str, Any]) -> Deferred:
        """What stands for the result of the call `operation(*operands, **options)`, of which this is an operand."""
        raise NotImplementedError(type(self).__name__)


class Operation:
    """One operation; calling it dispatches on the backend and records on the tape when an operand is a Tensor."""

    def __init__(self, name: str, plain: Callable[..., np.ndarray], *, fast: Callable[..., np.ndarray] | None = None,
                 short: Callable[..., np.ndarray | None] | None = None, adjoint: Callable[..., Any] | None = None,
                 plain_adjoint: Callable[..., Any] | None = None, shape: Callable[..., Shape] | None = None,
                 rows: Callable[..., Bands | None] = lambda *operands, **options: None) -> None:
        self.name = name
        self.shape, self.rows = shape, rows
        self.forward = {"plain": plain, "fast": fast or plain}
        self.short = short
        self.adjoint = {"plain": plain_adjoint or adjoint, "fast": adjoint}

    def __call__(self, *operands: Any, **options: Any) -> Any:
        """Run it, or record it where an operand is a value that is not there yet."""
        arrays = tuple(array_of(x) for x in operands)
        self._check_dtypes(arrays)
        for x in arrays:
            if isinstance(x, Deferred):
                return x.recorded(self, arrays, options)
        mode = _backend.get()
        needs, watcher = tuple(isinstance(x, Tensor) for x in operands), _watcher.get()
        short = self.short if mode == "fast" and current_precision() == "winograd" else None
        y = short(*arrays, **options) if short else None
        y = self.forward[mode](*arrays, **options) if y is None else y
        if watcher is not None:
            watcher(self, arrays, options, y)
        if not any(needs):
            return y
        adjoint = self.adjoint[mode]
        vjp = adjoint and (lambda dy: adjoint(dy, y, *arrays, needs=needs, **options))
        return record(self.name, y, operands, vjp)

    def _check_dtypes(self, arrays: tuple[Any, ...]) -> None:
        """One float type per call: a mixed call would silently cost half the digits or twice the time."""
        dtypes = {a.dtype for a in arrays if a is not None}
        if len(dtypes) > 1 or not dtypes <= {np.dtype(np.float32), np.dtype(np.float64)}:
            raise ShapeError(f"{self.name}: got {' and '.join(sorted(map(str, dtypes)))}, "
                             "expected all float32 or all float64", fix="convert with .astype")
