"""What puts arrays together and takes them apart."""
from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from refvr.errors import InputError
from refvr.ops.arrange import sliced_axes
from refvr.ops.kernels.borders import Pads, sources
from refvr.ops.pad import MODES
from refvr.plan.onnx.writer import Value, Writer, second
from refvr.types import Shape

_PAD = {"zero": "constant", "replicate": "edge"}  # borders that Pad has for any size: its mode


def concat(w: Writer, *xs: Value | np.ndarray, y_shape: Shape, axis: int) -> Value:
    """Concat along where the axis lies."""
    order = next((x.order for x in xs if isinstance(x, Value)), second(len(y_shape)))
    if len({x.order for x in xs if isinstance(x, Value)}) > 1:
        order = second(len(y_shape))
    names = [w.ordered(x, order).name if isinstance(x, Value) else w.constant(x.transpose(order)) for x in xs]
    return Value(w.add("Concat", *names, axis=order.index(axis)) if len(names) > 1 else names[0], order, y_shape)


def stack(w: Writer, *xs: Value | np.ndarray, y_shape: Shape, axis: int) -> Value:
    """A new axis, in front of all others in ONNX's order, and Concat along it."""
    order = second(len(y_shape) - 1)
    names = [w.ordered(x, order).name if isinstance(x, Value) else w.constant(x.transpose(order)) for x in xs]
    raised = [w.add("Unsqueeze", name, w.numbers(0)) for name in names]
    joined = w.add("Concat", *raised, axis=0) if len(raised) > 1 else raised[0]
    return Value(joined, (axis, *(k + (k >= axis) for k in order)), y_shape)


def zeros(w: Writer, like: object, *, y_shape: Shape, **options: object) -> Value:
    """ConstantOfShape."""
    order = second(len(y_shape))
    nothing = w.helper.make_tensor("zero", w.helper.np_dtype_to_tensor_dtype(w.dtype), [1], [0.0])
    sizes = w.numbers(*(y_shape[k] for k in order))
    return Value(w.add("ConstantOfShape", sizes, value=nothing), order, y_shape)


def slice_(w: Writer, x: Value, *, y_shape: Shape, index: tuple[Any, ...]) -> Value:
    """Slice; Squeeze where an integer takes an axis away, Unsqueeze where None adds one."""
    kept = sliced_axes(x.shape, index)
    taken = {axis: numbers for axis, numbers in kept if axis is not None}
    gone = dict(_integers(x.shape, index))
    cuts = {axis: range(at, at + 1) for axis, at in gone.items()} \
        | {axis: numbers for axis, numbers in taken.items() if numbers != range(x.shape[axis])}
    name = x.name
    if cuts:
        starts, stops, steps = zip(*((r.start, _stop(r), r.step) for r in cuts.values()))
        name = w.add("Slice", name, w.numbers(*starts), w.numbers(*stops), w.numbers(*(x.axis(k) for k in cuts)),
                     w.numbers(*steps))
    if gone:
        name = w.add("Squeeze", name, w.numbers(*(x.axis(k) for k in gone)))
    left = [k for k in x.order if k in taken]
    places = {axis: at for at, (axis, _) in enumerate(kept) if axis is not None}
    new = [at for at, (axis, _) in enumerate(kept) if axis is None]
    if new:
        name = w.add("Unsqueeze", name, w.numbers(*range(len(new))))
    return Value(name, (*new, *(places[k] for k in left)), y_shape)


def _stop(numbers: range) -> int:
    """Where Slice stops: a negative one would count from the end."""
    return numbers.stop if numbers.stop >= 0 else int(np.iinfo(np.int64).min)


def _integers(shape: tuple[int, ...], index: tuple[Any, ...]) -> Iterator[tuple[int, int]]:
    """(axis, which one is taken) for the integers of an index."""
    named, axis = sum(part is not None and part is not Ellipsis for part in index), 0
    for part in index:
        if part is Ellipsis:
            axis += len(shape) - named
        elif part is not None:
            if isinstance(part, (int, np.integer)):
                yield axis, int(part) % shape[axis]
            axis += 1


def reshape(w: Writer, x: Value, *, y_shape: Shape, **options: object) -> Value:
    """Reshape in the order that the value has, where axes that become one lie side by side; otherwise in ours."""
    groups = list(_groups(x.shape, y_shape))
    if not all(_side_by_side([x.axis(k) for k in old]) for old, _ in groups):
        x = w.ordered(x, tuple(range(len(x.shape))))
    found = [k for axis in x.order for old, new in groups if old and old[0] == axis for k in new]
    found += [k for old, new in groups if not old for k in new]
    return Value(w.add("Reshape", x.name, w.numbers(*(y_shape[k] for k in found))), tuple(found), y_shape)


def _side_by_side(places: list[int]) -> bool:
    return all(b == a + 1 for a, b in zip(places, places[1:]))


def _groups(old: tuple[int, ...], new: tuple[int, ...]) -> Iterator[tuple[list[int], list[int]]]:
    """The shortest runs of axes of both shapes that hold the same elements."""
    i = j = 0
    while i < len(old) or j < len(new):
        a, b = [i] if i < len(old) else [], [j] if j < len(new) else []
        i, j = i + len(a), j + len(b)
        while (left := math.prod(old[k] for k in a)) != (right := math.prod(new[k] for k in b)):
            if left < right:
                a, i = [*a, i], i + 1
            else:
                b, j = [*b, j], j + 1
        yield a, b


def pixel_shuffle(w: Writer, x: Value, *, y_shape: Shape, s: int, order: str) -> Value:
    """DepthToSpace."""
    mode = "CRD" if order == "torch" else "DCR"
    return Value(w.add("DepthToSpace", w.image(x).name, blocksize=s, mode=mode) if s > 1 else x.name,
                 second(4) if s > 1 else x.order, y_shape)


def pixel_unshuffle(w: Writer, x: Value, *, y_shape: Shape, s: int, order: str) -> Value:
    """Reshape, Transpose, Reshape: SpaceToDepth has the order "tf" alone."""
    if s == 1:
        return x
    n, h, width, c = x.shape
    cells = w.add("Reshape", w.image(x).name, w.numbers(n, c, h // s, s, width // s, s))
    transposed = w.add("Transpose", cells, perm=[0, 1, 3, 5, 2, 4] if order == "torch" else [0, 3, 5, 1, 2, 4])
    return Value(w.add("Reshape", transposed, w.numbers(n, c * s * s, h // s, width // s)), second(4), y_shape)


def pad(w: Writer, x: Value, *, y_shape: Shape, pads: Pads, mode: str) -> Value:
    """Pad or Gather."""
    x = w.image(x)
    return Value(bordered(w, x, pads, MODES[mode]), second(4), y_shape)


def bordered(w: Writer, x: Value, pads: Pads, border: str) -> str:
    """The image x (channels second) with its border: Pad, or Gather, which fetches whatever pixels a rule names."""
    (top, bottom), (left, right) = pads
    if border in _PAD:
        return w.add("Pad", x.name, w.numbers(0, 0, top, left, 0, 0, bottom, right), mode=_PAD[border])
    name = x.name
    for axis, pad in enumerate(pads):
        if any(pad):
            places = sources(x.shape[axis + 1], *pad, border)
            if places.min(initial=0) < 0:   # to Gather that is the last pixel
                raise InputError(f"border {border!r} cannot be exported: in places no pixel stands outside")
            name = w.add("Gather", name, w.constant(np.asarray(places, np.int64), "places"), axis=axis + 2)
    return name
