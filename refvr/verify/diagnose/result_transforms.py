"""What can go wrong with a result whatever made it: rotated, mirrored, shifted, scaled, other colours, fewer digits.

A change is a function (y, mine) -> what `y` would look like with it, or None where it cannot be; `mine` helps to find
a factor or an order of channels. Changes are tried on the right result and after every mistake.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from refvr.verify.compare.transforms import SYMMETRIES, factor_of, offset_of, order_of_channels
from refvr.verify.mistakes.precision import to_bfloat16, to_half

_PIXELS = 4096  # that an order of channels is looked for in
_CHANNELS = 256


class Change(NamedTuple):
    """A change: name, what a user reads after "equals the reference with", and the changed result."""

    name: str
    says: str
    y: np.ndarray


def changes(y: np.ndarray, mine: np.ndarray) -> Iterator[Change]:
    """All changes of `y` that have the shape of `mine`."""
    for name, says, make in _FIXED:
        yield from _fitting(Change(name, says, changed) for changed in [make(y)] if changed is not None
                            and changed.shape == mine.shape)
    if y.shape == mine.shape and y.size > 1:
        for find in (_scaled, _raised, _shifted, _permuted):
            yield from _fitting(find(y, mine))
    elif y.ndim == mine.ndim >= 4:
        yield from _bordered(y, mine)


def _fitting(found: Iterator[Change]) -> Iterator[Change]:
    with np.errstate(all="ignore"):
        yield from found


def _axis(axis: int, least: int, change: Callable[[np.ndarray], np.ndarray]
          ) -> Callable[[np.ndarray], np.ndarray | None]:
    return lambda y: change(y) if y.ndim >= least and y.shape[axis] > 1 else None


def _picture(turn: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray | None]:
    return lambda y: turn(y) if y.ndim >= 4 else None


def _memory(y: np.ndarray, into_first: bool) -> np.ndarray | None:
    """Memory written channels last and read channels first, or the reverse."""
    if y.ndim != 4:
        return None
    n, h, w, c = y.shape
    return np.moveaxis(y.reshape(n, c, h, w), 1, -1) if into_first else np.moveaxis(y, -1, 1).reshape(y.shape)


_FIXED: list[tuple[str, str, Callable[[np.ndarray], np.ndarray | None]]] = [
    *((symmetry.name, f"the result {symmetry.says}", _picture(symmetry.of)) for symmetry in SYMMETRIES),
    ("channels_reversed", "the channels of the result in reverse (BGR for RGB)", _axis(-1, 2, lambda y: y[..., ::-1])),
    ("batch_reversed", "the batch in reverse order", _axis(0, 3, lambda y: y[::-1])),
    ("time_reversed", "the frames in reverse order", _axis(1, 5, lambda y: y[:, ::-1])),
    ("nhwc_read_as_nchw", "the memory of (n, h, w, c) read as (n, c, h, w)", lambda y: _memory(y, True)),
    ("nchw_read_as_nhwc", "the memory of (n, c, h, w) read as (n, h, w, c)", lambda y: _memory(y, False)),
    ("through_bytes", "the result rounded to 8 bits and clipped to [0, 1]",
     lambda y: np.rint(np.clip(y, 0, 1) * 255) / 255),
    ("cut_to_bytes", "the result cut off to 8 bits (not rounded) and clipped to [0, 1]",
     lambda y: np.floor(np.clip(y, 0, 1) * 255) / 255),
    ("through_float16", "the result rounded to float16", to_half),
    ("through_bfloat16", "the result rounded to bfloat16", to_bfloat16),
    ("clipped", "the result clipped to [0, 1]", lambda y: np.clip(y, 0, 1)),
    ("relu", "a relu after it", lambda y: np.maximum(y, 0)),
    ("leaky_relu_tenth", "a leaky relu of slope 0.1 after it", lambda y: np.where(y > 0, y, 0.1 * y)),
    ("leaky_relu_fifth", "a leaky relu of slope 0.2 after it", lambda y: np.where(y > 0, y, 0.2 * y)),
    ("leaky_relu_hundredth", "a leaky relu of slope 0.01 after it", lambda y: np.where(y > 0, y, 0.01 * y)),
    ("sigmoid", "a sigmoid after it", lambda y: 1 / (1 + np.exp(-y))),
    ("tanh", "a tanh after it", np.tanh),
]


def _scaled(y: np.ndarray, mine: np.ndarray) -> Iterator[Change]:
    """One factor for all."""
    factor = factor_of(y, mine)
    if np.isfinite(factor) and abs(factor - 1) > 1e-6 and factor:
        yield Change("scaled", f"all values multiplied by {_short(factor)}", y * factor)


def _raised(y: np.ndarray, mine: np.ndarray) -> Iterator[Change]:
    """One number added, or a straight line."""
    if y.size < 8:
        return
    by = offset_of(y, mine)
    if np.isfinite(by) and by:
        yield Change("raised", f"{_short(by)} added to all values", y + by)
        slope = float(((y - y.mean()) * (mine - mine.mean())).mean() / max(float(y.var()), 1e-300))
        base = float(mine.mean() - slope * y.mean())
        if np.isfinite(slope) and abs(slope) > 1e-6:
            yield Change("line", f"all values {_short(slope)} y {'+' if base >= 0 else '-'} {_short(abs(base))}",
                         slope * y + base)


def _short(value: float) -> str:
    return f"{value:.6g}"


def _shifted(y: np.ndarray, mine: np.ndarray) -> Iterator[Change]:
    """Moved by a pixel or two; the pixels that come in are taken as right, nothing is known of them."""
    if y.ndim < 4 or min(y.shape[-3:-1]) < 5:
        return
    h, w = y.shape[-3:-1]
    for down in range(-2, 3):
        for right in range(-2, 3):
            if down or right:
                moved = mine.copy()
                to = (..., slice(max(down, 0), h + min(down, 0)), slice(max(right, 0), w + min(right, 0)), slice(None))
                source = (..., slice(max(-down, 0), h + min(-down, 0)), slice(max(-right, 0), w + min(-right, 0)),
                          slice(None))
                moved[to] = y[source]
                way = " and ".join(filter(None, (_way(down, "down", "up"), _way(right, "right", "left"))))
                yield Change("shifted", f"the result moved {way} by pixels", moved)


def _bordered(y: np.ndarray, mine: np.ndarray) -> Iterator[Change]:
    """Its border left out, or one more around it, of which nothing is known; or the same at one side alone."""
    lost = [ours - theirs for ours, theirs in zip(y.shape[-3:-1], mine.shape[-3:-1])]
    if y.shape[:-3] != mine.shape[:-3] or y.shape[-1] != mine.shape[-1] or min(lost) < 0 < max(lost):
        return
    less = max(lost) > 0
    small = mine.shape if less else y.shape
    down, right = (abs(size) for size in lost)
    sides = [(down // 2, right // 2, border_of(y.shape, mine.shape) or _strips(down, right, less, "on both sides"))] \
        if down % 2 == right % 2 == 0 else []
    sides += [(0, 0, _strips(down, right, less, "at the end")),
              (down, right, _strips(down, right, less, "at the start"))]
    for top, left, says in sides:
        inner = (..., slice(top, top + small[-3]), slice(left, left + small[-2]), slice(None))
        if less:
            yield Change("border_less", says, y[inner])
        else:
            larger = np.array(mine)
            larger[inner] = y
            yield Change("border_more", says, larger)


def border_of(right: tuple[int, ...], mine: tuple[int, ...]) -> str:
    """What is missing or too much, where that is the same on all four sides; "" where it is not."""
    lost = {ours - theirs for ours, theirs in zip(right[-3:-1], mine[-3:-1])}
    if len(right) != len(mine) or len(right) < 4 or len(lost) > 1 or (by := lost.pop()) == 0 or by % 2:
        return ""
    return f"its border of {by // 2} left out: no padding, or less of it (a valid convolution)" if by > 0 else \
        f"a border of {-by // 2} more around it: padding that is larger by that (a full convolution)"


def hint_of_shape(mine: tuple[int, ...], right: tuple[int, ...]) -> str:
    """What a wrong shape may mean."""
    if len(mine) == len(right) >= 4 and sorted(mine) == sorted(right):
        if mine == (*right[:-3], right[-1], *right[-3:-1]):
            return "; channels stand before rows: use layout nchw"
        if mine == (*right[:-3], *right[-2:], right[-3]):
            return "; your channels stand last already: use layout nhwc"
    border = border_of(right, mine)
    return f"; that is the shape of ours with {border}" if border and mine[-1] == right[-1] else ""


def _strips(down: int, right: int, less: bool, where: str) -> str:
    what = " and ".join(f"{by} {name}{'s' * (by > 1)}" for by, name in ((down, "row"), (right, "column")) if by)
    return f"{what} {'left out' if less else 'more'} {where}"


def _way(by: int, forth: str, back: str) -> str:
    return f"{abs(by)} {forth if by > 0 else back}" if by else ""


def _permuted(y: np.ndarray, mine: np.ndarray) -> Iterator[Change]:
    """The channels in another order, found by what each is nearest to."""
    c = y.shape[-1]
    if y.ndim < 2 or not 1 < c <= _CHANNELS:
        return
    flat, theirs = y.reshape(-1, c), mine.reshape(-1, c)
    step = max(1, len(flat) // _PIXELS)
    order = order_of_channels(flat[::step], theirs[::step])
    if len(set(order.tolist())) == c and (order != np.arange(c)).any():
        shown = ", ".join(map(str, order[:12])) + (", ..." if c > 12 else "")
        yield Change("permuted", f"its channels in the order {shown}", y[..., order])
