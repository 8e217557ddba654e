"""Add, subtract, multiply, element by element.

    y = a + b        y = a - b        y = a * b

a, b  arrays or Tensors of one float type whose shapes broadcast (NumPy's rule: aligned at the last axis, size 1
      stretches); either may be a Python number, which takes the type of the other
Adjoint: dy, times the other operand for `mul`, summed over the axes along which the operand was stretched.
"""
from __future__ import annotations

from functools import partial

import numpy as np

from refvr.autodiff.tape import OPERATORS, Tensor
from refvr.errors import ShapeError
from refvr.ops.core.arena import empty
from refvr.ops.core.bands import broadcast_shape, each_row
from refvr.ops.core.operation import Deferred, Operation
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels.channel_rows import by_chunks, by_rows, scale_chunks, scale_rows
from refvr.ops.reduce import sum_fast
from refvr.types import Array


def add_plain(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The definition."""
    return np.asarray(a + b)


def sub_plain(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The definition."""
    return np.asarray(a - b)


def mul_plain(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The definition."""
    return np.asarray(a * b)


def _rows(start: int, stop: int, ufunc: np.ufunc, a: np.ndarray, b: np.ndarray, y: np.ndarray) -> None:
    ufunc(*(x[start:stop] if x.ndim else x for x in (a, b)), out=y[start:stop])


def on_threads(ufunc: np.ufunc, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`ufunc` over two arrays of one shape, or an array and a single value.

    NumPy's loops already run at the speed of memory and release the interpreter lock: a compiled kernel would bring
    nothing, a second thread does. Other broadcast shapes are rare and left to NumPy as a whole.
    """
    shape = a.shape or b.shape
    flat = [x.reshape(-1) if x.ndim else x for x in (a, b) if x.shape in ((), shape) and x.flags.c_contiguous]
    if not shape or len(flat) < 2:
        return np.asarray(ufunc(a, b, out=empty(np.broadcast_shapes(a.shape, b.shape), a.dtype)))
    y = empty(shape, a.dtype)
    run_rows(_rows, y.size, ufunc, *flat, y.reshape(-1), work=y.size)
    return y


def unbroadcast(dy: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sum `dy` over the axes along which an operand of `shape` was stretched."""
    lead = dy.ndim - len(shape)
    axes = tuple(k for k in range(dy.ndim) if k < lead or (shape[k - lead] == 1 and dy.shape[k] != 1))
    return sum_fast(dy, axis=axes, keepdims=True).reshape(shape) if axes else dy


def is_per_channel(w: np.ndarray, x: np.ndarray) -> bool:
    """Whether w (c,) belongs to the channels of x (..., c)."""
    return w.ndim == 1 < x.ndim and w.size == x.shape[-1] > 1 and x.size > 0


def mul_fast(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """By NumPy on all threads; a factor for each channel by kernels/channel_rows.py."""
    for w, x in ((a, b), (b, a)):
        if is_per_channel(w, x):
            return by_rows(scale_rows, x, w)
    return on_threads(np.multiply, a, b)


def add_adjoint(dy: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray, *,
                needs: tuple[bool, bool]) -> tuple[np.ndarray | None, ...]:
    """da = dy, db = dy."""
    return tuple(unbroadcast(dy, x.shape) if need else None for x, need in zip((a, b), needs))


def sub_adjoint(dy: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray, *,
                needs: tuple[bool, bool]) -> tuple[np.ndarray | None, ...]:
    """da = dy, db = -dy."""
    return (unbroadcast(dy, a.shape) if needs[0] else None), (unbroadcast(-dy, b.shape) if needs[1] else None)


def mul_adjoint(dy: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray, *,
                needs: tuple[bool, bool]) -> tuple[np.ndarray | None, ...]:
    """da = dy * b, db = dy * a."""
    if all(needs) and (is_per_channel(a, b) or is_per_channel(b, a)):
        dx, dw = by_chunks(scale_chunks, dy, *((b, a) if a.ndim == 1 else (a, b)))
        return (dw, dx) if a.ndim == 1 else (dx, dw)
    da = unbroadcast(on_threads(np.multiply, dy, b), a.shape) if needs[0] else None
    db = unbroadcast(on_threads(np.multiply, dy, a), b.shape) if needs[1] else None
    return da, db


_add = Operation("add", add_plain, fast=partial(on_threads, np.add), adjoint=add_adjoint, shape=broadcast_shape,
                 rows=each_row)
_sub = Operation("sub", sub_plain, fast=partial(on_threads, np.subtract), adjoint=sub_adjoint, shape=broadcast_shape,
                 rows=each_row)
_mul = Operation("mul", mul_plain, fast=mul_fast, adjoint=mul_adjoint, shape=broadcast_shape,
                 rows=each_row)
_ARRAYS = (Tensor, np.ndarray, Deferred)


def _pair(who: str, a: Array | float, b: Array | float) -> tuple[Array, Array]:
    """Both operands with a shape; a number takes the other's type."""
    dtype = next((x.dtype for x in (a, b) if isinstance(x, _ARRAYS)), np.dtype(np.float64))
    a, b = (x if isinstance(x, _ARRAYS) else np.asarray(x, dtype) for x in (a, b))
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise ShapeError(f"{who}: got shapes {a.shape} and {b.shape}, expected shapes that broadcast") from None
    return a, b


def add(a: Array | float, b: Array | float) -> Array:
    """a + b, element by element."""
    return _add(*_pair("add", a, b))


def sub(a: Array | float, b: Array | float) -> Array:
    """a - b, element by element."""
    return _sub(*_pair("sub", a, b))


def mul(a: Array | float, b: Array | float) -> Array:
    """a * b, element by element."""
    return _mul(*_pair("mul", a, b))


OPERATORS.update(add=add, sub=sub, mul=mul)
