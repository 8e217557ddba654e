"""Putting arrays together and taking them apart: nothing is computed, only places change.

    concat   y = the xs one after the other along `axis`              adjoint: cut dy the same way
    stack    y = the xs one after the other along a new axis          adjoint: take dy apart along it
    split    the pieces of x along `axis`, of the given sizes         adjoint: each gradient in its place, 0 elsewhere
    slice    y = x[index], basic indexing only                        adjoint: the same
    reshape  the same elements in the same order, another shape       adjoint: shape back
    zeros    y = 0, of any shape, in the type of `like`               adjoint: none

Basic indexing (integers, slices, None, ...) names every element at most once, so the adjoint is an assignment; index
arrays could name one twice and are refused.
The plain definitions serve both backends: these are copies, which NumPy makes at the speed of memory. Only channels put
together, a few elements at a time, have a kernel.
"""
from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from refvr.autodiff.tape import OPERATORS
from refvr.errors import ShapeError
from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.bands import Band, Bands, Reach, Rows, Shape
from refvr.ops.core.copies import copy_to
from refvr.ops.core.jit import kernel
from refvr.ops.core.operation import Operation
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels.conv_plan import copy
from refvr.types import Array

_BLOCK = 512  # rows
_TOGETHER = 8  # arrays; the kernel is compiled for each number of them


def concat_plain(*xs: np.ndarray, axis: int) -> np.ndarray:
    """The definition."""
    return np.concatenate(xs, axis)


@kernel
def _put_channels(start: int, stop: int, xs: tuple[np.ndarray, ...], y: np.ndarray, first: int) -> None:
    """Copy rows of each x (rows, c) into y (rows, channels), from channel `first` on.

    A block of rows of each x in turn: so y is in the cache until its rows are full.
    """
    for top in range(start, stop, _BLOCK):
        at = first
        for x in xs:
            for row in range(top, min(top + _BLOCK, stop)):
                copy(x[row], y[row, at:])
            at += x.shape[1]


def _put_rows(start: int, stop: int, xs: Sequence[np.ndarray], y: np.ndarray, axis: int) -> None:
    """Elements start to stop of y along `axis`."""
    lead, at = (builtins.slice(None),) * axis, 0
    for x in xs:
        first, last = max(start - at, 0), min(stop - at, x.shape[axis])
        if first < last:
            y[(*lead, builtins.slice(at + first, at + last))] = x[(*lead, builtins.slice(first, last))]
        at += x.shape[axis]


def concat_fast(*xs: np.ndarray, axis: int) -> np.ndarray:
    """Channels row by row, other axes in few large copies, on all threads."""
    shape = concat_shape(*(x.shape for x in xs), axis=axis)
    y = empty(shape, xs[0].dtype)
    if axis != xs[0].ndim - 1 or axis == 0 or not y.size:
        run_rows(_put_rows, shape[axis], xs, y, axis, work=y.size)
        return y
    rows, at = [as_kernels_want(x).reshape(y.size // shape[-1], x.shape[-1]) for x in xs], 0
    for k in range(0, len(rows), _TOGETHER):
        some = tuple(rows[k:k + _TOGETHER])
        run_rows(_put_channels, len(rows[0]), some, y.reshape(len(rows[0]), -1), at, work=y.size)
        at += builtins.sum(x.shape[1] for x in some)
    return y


def concat_adjoint(dy: np.ndarray, y: np.ndarray, *xs: np.ndarray, needs: tuple[bool, ...],
                   axis: int) -> list[np.ndarray | None]:
    """dx_k = the part of dy that came from x_k."""
    parts = np.split(dy, np.cumsum([x.shape[axis] for x in xs])[:-1], axis)
    return [np.ascontiguousarray(part) if need else None for part, need in zip(parts, needs)]


def stack_plain(*xs: np.ndarray, axis: int) -> np.ndarray:
    """The definition."""
    return np.stack(xs, axis, out=empty((*xs[0].shape[:axis], len(xs), *xs[0].shape[axis:]), xs[0].dtype))


def stack_adjoint(dy: np.ndarray, y: np.ndarray, *xs: np.ndarray, needs: tuple[bool, ...],
                  axis: int) -> list[np.ndarray | None]:
    """dx_k = dy[..., k, ...]."""
    return [np.ascontiguousarray(part) if need else None for part, need in zip(np.moveaxis(dy, axis, 0), needs)]


def slice_plain(x: np.ndarray, *, index: tuple[Any, ...]) -> np.ndarray:
    """The definition; contiguous, because kernels want it so."""
    part = np.asarray(x[index])
    if part.flags.c_contiguous:
        return part
    y = empty(part.shape, part.dtype)
    copy_to(y, part)
    return y


def slice_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool],
                  index: tuple[Any, ...]) -> tuple[np.ndarray]:
    """dx[index] = dy, 0 elsewhere."""
    dx = np.zeros_like(x)
    dx[index] = dy
    return (dx,)


def reshape_plain(x: np.ndarray, *, shape: tuple[int, ...]) -> np.ndarray:
    """The definition."""
    return x.reshape(shape)


def reshape_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool],
                    shape: tuple[int, ...]) -> tuple[np.ndarray]:
    """dx = dy in the shape of x."""
    return (dy.reshape(x.shape),)


def zeros_plain(like: np.ndarray, *, shape: tuple[int, ...]) -> np.ndarray:
    """The definition."""
    y = empty(shape, like.dtype)
    y[...] = 0
    return y


def concat_shape(*xs: Shape, axis: int) -> Shape:
    """As long along `axis` as all together."""
    return *xs[0][:axis], builtins.sum(x[axis] for x in xs), *xs[0][axis + 1:]


def concat_rows(*xs: Rows, axis: int) -> Bands | None:
    """Row by row, unless it is rows that are put together."""
    own = next(x.axis for x in xs if x.axis is not None)
    return None if axis == own else Bands(own, tuple(Reach(own) for _ in xs))


def stack_rows(*xs: Rows, axis: int) -> Bands:
    """Row by row."""
    own = next(x.axis for x in xs if x.axis is not None)
    return Bands(own + (axis <= own), tuple(Reach(own) for _ in xs))


def slice_rows(x: Rows, *, index: tuple[Any, ...]) -> Bands | None:
    """Row by row where all rows are taken."""
    kept, rows = sliced_axes(x.shape, index), x.axis
    at = next((k for k, (axis, _) in enumerate(kept) if axis == rows), None)
    if at is None or rows is None or kept[at][1] != range(x.shape[rows]):
        return None
    return Bands(at, (Reach(rows),))


def sliced_axes(shape: Shape, index: tuple[Any, ...]) -> list[tuple[int | None, range]]:
    """For each axis of x[index]: the axis of x that it comes from, None for a new one, and what is taken of it."""
    named = builtins.sum(part is not None and part is not Ellipsis for part in index)
    index = index if Ellipsis in [part for part in index if part is Ellipsis] else (*index, Ellipsis)
    found: list[tuple[int | None, range]] = []
    axis = 0
    for part in index:
        if part is None:
            found.append((None, range(1)))
        elif part is Ellipsis:
            rest = len(shape) - named
            found += [(k, range(shape[k])) for k in range(axis, axis + rest)]
            axis += rest
        else:
            if isinstance(part, builtins.slice):
                found.append((axis, range(shape[axis])[part]))
            axis += 1
    return found


def slice_shape(x: Shape, *, index: tuple[Any, ...]) -> Shape:
    """Of x[index]."""
    return tuple(len(taken) for _, taken in sliced_axes(x, index))


def reshape_shape(x: Shape, *, shape: Shape) -> Shape:
    """`shape`, with what -1 stands for."""
    rest = math.prod(x) // max(1, math.prod(size for size in shape if size != -1))
    return tuple(rest if size == -1 else size for size in shape)


def reshape_rows(x: Rows, *, shape: Shape) -> Bands | None:
    """Row by row where the rows stay an axis with as many elements after each."""
    full, rows = reshape_shape(x.shape, shape=shape), x.axis
    if rows is None:
        return None
    after = math.prod(x.shape[rows + 1:])
    for at, size in enumerate(full):
        if size == x.shape[rows] and math.prod(full[at + 1:]) == after:
            def compute(band: Band, part: np.ndarray, *, shape: Shape, at: int = at) -> np.ndarray:
                return part.reshape(*full[:at], part.shape[rows], *full[at + 1:])

            return Bands(at, (Reach(rows),), compute=compute)
    return None


def zeros_rows(like: Rows, *, shape: Shape) -> Bands | None:
    """As many as are asked for, where the result has the rows of `like`."""
    rows = like.axis
    if rows is None or len(shape) != len(like.shape) or shape[rows] != like.shape[rows]:
        return None
    return Bands(rows, (Reach(rows),), compute=lambda band, part, shape: zeros_plain(
        part, shape=(*shape[:rows], band.stop - band.start, *shape[rows + 1:])))


_concat = Operation("concat", concat_plain, fast=concat_fast, adjoint=concat_adjoint, shape=concat_shape,
                    rows=concat_rows)
_stack = Operation("stack", stack_plain, adjoint=stack_adjoint, rows=stack_rows,
                   shape=lambda x, *xs, axis: (*x[:axis], 1 + len(xs), *x[axis:]))
_slice = Operation("slice", slice_plain, adjoint=slice_adjoint, shape=slice_shape, rows=slice_rows)
_reshape = Operation("reshape", reshape_plain, adjoint=reshape_adjoint, shape=reshape_shape, rows=reshape_rows)
_zeros = Operation("zeros", zeros_plain, adjoint=lambda *_, **__: (None,), shape=lambda like, shape: shape,
                   rows=zeros_rows)


def _axis(who: str, axis: int, ndim: int) -> int:
    """`axis` counted from 0."""
    if not -ndim <= axis < ndim:
        raise ShapeError(f"{who}: got axis {axis}, expected one of {ndim} axes")
    return axis % ndim


def _same(who: str, shapes: Sequence[tuple[int | str, ...]]) -> None:
    if not shapes or any(shape != shapes[0] for shape in shapes):
        raise ShapeError(f"{who}: got shapes {', '.join(map(str, shapes)) or 'none'}, "
                         "expected at least one, all equal" + (" but for the axis" if who == "concat" else ""))


def concat(*xs: Array, axis: int = -1) -> Array:
    """The arrays `xs` one after the other along `axis`; all other axes must agree."""
    axis = _axis("concat", axis, xs[0].ndim) if xs else 0
    _same("concat", [(*x.shape[:axis], *("any" for _ in x.shape[axis:axis + 1]), *x.shape[axis + 1:]) for x in xs])
    return _concat(*xs, axis=axis)


def stack(xs: Sequence[Array], axis: int = 0) -> Array:
    """The arrays `xs`, all of one shape, along a new axis."""
    _same("stack", [tuple(x.shape) for x in xs])
    return _stack(*xs, axis=_axis("stack", axis, xs[0].ndim + 1))


def split(x: Array, sizes: Sequence[int], axis: int = -1) -> tuple[Array, ...]:
    """The consecutive pieces of `x` along `axis` that have these `sizes`; together they must make up the axis."""
    axis = _axis("split", axis, x.ndim)
    if builtins.sum(sizes) != x.shape[axis] or min(sizes, default=0) < 0:
        raise ShapeError(f"split: got sizes {tuple(sizes)}, expected them to add up to axis {axis} of shape {x.shape}")
    ends = np.cumsum(sizes)
    lead = (builtins.slice(None),) * axis
    return tuple(slice(x, (*lead, builtins.slice(int(end - size), int(end)))) for size, end in zip(sizes, ends))


def slice(x: Array, index: Any) -> Array:
    """x[index] for integers, slices, None and ..., one or a tuple of them."""
    index = index if isinstance(index, tuple) else (index,)
    for part in index:
        basic = part is None or part is Ellipsis or isinstance(part, (int, np.integer, builtins.slice))
        if not basic or isinstance(part, (bool, np.bool_)):
            raise ShapeError(f"slice: got {part!r} in the index, expected integers, slices, None or ...")
    try:
        np.broadcast_to(np.empty(()), x.shape)[index]  # no memory, the rules of indexing
    except IndexError as error:
        raise ShapeError(f"slice: got shape {tuple(x.shape)} and the index {index}: {error}") from None
    return _slice(x, index=index)


def reshape(x: Array, shape: Sequence[int]) -> Array:
    """The elements of `x` in the same (row-major) order in another `shape`; one size may be -1."""
    shape = tuple(int(size) for size in shape)
    known = int(np.prod([size for size in shape if size != -1]))
    fits = shape.count(-1) <= 1 and min(shape, default=0) >= -1
    if not fits or (x.size != known if -1 not in shape else known == 0 or x.size % known):
        raise ShapeError(f"reshape: got shape {tuple(x.shape)}, expected {x.size} elements in {shape}")
    return _reshape(x, shape=shape)


def zeros(shape: Sequence[int], like: Array) -> Array:
    """Zeros of the float type of `like`."""
    return _zeros(like, shape=tuple(int(size) for size in shape))


OPERATORS["slice"] = slice
