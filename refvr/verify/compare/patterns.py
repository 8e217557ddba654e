"""What a difference looks like: where in the picture, in which channels, and whether something simple explains it.

Every finding says how much of the difference (sum of squares) it accounts for. They are hints for a person; the
mistake itself is named by `refvr diagnose`.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from refvr.verify.compare.layout_search import canonical
from refvr.verify.compare.pieces import pieces
from refvr.verify.compare.transforms import SYMMETRIES, factor_of, offset_of, order_of_channels

MOST = 0.98        # share of the difference that makes a place or an explanation worth a line
PIXELS = 4000      # of the picture, for explanations that look at whole channels
HELD = 1 << 22     # values up to which differences are held in float64


@dataclass(frozen=True)
class Finding:
    """`what` in words; `share` of the squared difference that it accounts for, 0 to 1."""

    what: str
    share: float


def where(theirs: np.ndarray, ours: np.ndarray, explained: float) -> list[Finding]:
    """Findings about one layer, the most telling first. `explained`: the difference that rounding explains."""
    shape = canonical(ours.shape)
    a, b = theirs.reshape(shape), ours.reshape(shape)
    bad = int(a.size - np.isfinite(a).sum())
    found = [Finding(f"{bad} of your values are NaN or infinite", 1.0)] if bad else []
    d = np.zeros(shape, np.float32 if a.size > HELD else np.float64)   # differences need few digits, large ones memory
    for _, part in pieces(shape):
        with np.errstate(invalid="ignore", over="ignore"):
            d[part] = np.nan_to_num(np.abs(a[part].astype(np.float64) - b[part]), nan=0.0, posinf=0.0)
    if not d.any():
        return found
    worst, power = d.max((0, 1, 2)), np.square(d, out=d)
    found += [*_number_format(a), *_simple(a, b), *_borders(power), *_phases(power),
              *_channels(power, worst, explained), *_batch(power), *_signs(power, b)]
    return sorted(found, key=lambda finding: -finding.share)[:6] or [Finding("all over the picture", 1.0)]


def largest_by_pixel(theirs: np.ndarray, ours: np.ndarray) -> np.ndarray:
    """(h, w): the largest difference over batch and channels."""
    shape = canonical(ours.shape)
    a, b, most = theirs.reshape(shape), ours.reshape(shape), np.zeros(shape[1:3])
    for n in range(shape[0]):
        for row in range(shape[1]):
            with np.errstate(invalid="ignore"):
                d = np.abs(a[n, row].astype(np.float64) - b[n, row])
            np.maximum(most[row], np.nan_to_num(d, posinf=0).max(1), out=most[row])
    return most


def _number_format(a: np.ndarray) -> Iterator[Finding]:
    """Values that a shorter type can hold exactly."""
    if a.dtype.kind in "iu":
        yield Finding(f"your values are whole numbers of {8 * a.dtype.itemsize} bits", 1.0)
        return
    sample = a.reshape(-1)[:: max(1, a.size // 20000)].astype(np.float32)
    sample = sample[np.isfinite(sample) & (sample != 0)]
    if sample.size < 50:
        return
    bits = sample.view(np.uint32)
    with np.errstate(over="ignore"):
        half = float((sample.astype(np.float16).astype(np.float32) == sample).mean())
    for name, share in (("bfloat16", float((bits & 0xFFFF == 0).mean())), ("float16", half),
                        ("tf32", float((bits & 0x1FFF == 0).mean()))):
        if share > 0.99:
            yield Finding(f"your values are all {name} numbers: this layer was rounded to it", 1.0)
            return


def _simple(a: np.ndarray, b: np.ndarray) -> Iterator[Finding]:
    """Explanations of the whole: another factor, a constant, another order of channels, rotated or moved pictures."""
    x, y = sampled_pixels(a), sampled_pixels(b)                                             # (p, c)
    left = float(((x - y) ** 2).sum())
    if not left or not np.isfinite(left):
        return

    def share(z: np.ndarray) -> float:
        return 1 - float(((x - z) ** 2).sum()) / left

    factor, offset = factor_of(y, x), offset_of(y, x)
    candidates = [(f"yours is ours times {_factor(factor, 6)}", share(factor * y)),
                  (f"yours is ours plus {offset:.4g}", share(y + offset))]
    if len(x) > 20 and y.shape[1] > 1:
        mean = (x - y).mean(0)
        candidates.append((f"a constant in each channel, {mean.min():.3g} to {mean.max():.3g}", share(y + mean)))
        gain = (x * y).sum(0) / np.maximum((y * y).sum(0), 1e-300)
        least, most = (_factor(float(end), 4) for end in (gain.min(), gain.max()))
        candidates.append((f"a factor in each channel, {least} to {most}", share(gain * y)))
        order = _permutation(x, y)
        if order is not None:
            candidates.append((f"channels are in another order: {_order_in_words(order)}", share(y[:, order])))
    for what, rotated, step in _rotated(b):
        if rotated.shape == b.shape:
            candidates.append((what, share(sampled_pixels(rotated, step))))
    good = [(value, what) for what, value in candidates if value > MOST]
    if good:   # of equally good ones the simplest, which comes first
        best = max(value for value, _ in good)
        value, what = next((value, what) for value, what in good if value > best - 1e-3)
        yield Finding(what, value)


def _factor(value: float, digits: int) -> str:
    """With as many more digits, up to those of float32, as tell it from 1."""
    texts = [f"{value:.{n}g}" for n in range(digits, 10)]
    return next((text for text in texts if float(text) != 1), texts[0])


def _rotated(b: np.ndarray) -> Iterator[tuple[str, np.ndarray, tuple[int, int]]]:
    """What it would be, a view of `b`, and by how much that is moved."""
    yield from ((f"yours is ours {symmetry.says}", symmetry.of(b), (0, 0)) for symmetry in SYMMETRIES)
    for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (-1, -1)):
        yield f"yours is moved by ({dy}, {dx}) rows and columns", b, (dy, dx)


def sampled_pixels(x: np.ndarray, moved: tuple[int, int] = (0, 0)) -> np.ndarray:
    """(p, c): pixels all over the picture, the same ones for arrays of one shape; of `x` moved around its borders."""
    size = x.shape[0] * x.shape[1] * x.shape[2]
    n, row, column = np.unravel_index(np.arange(0, size, max(1, size // PIXELS))[:PIXELS], x.shape[:3])
    found = x[n, (row - moved[0]) % x.shape[1], (column - moved[1]) % x.shape[2]]
    return np.nan_to_num(found.astype(np.float64), posinf=0, neginf=0)


def _permutation(x: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    """order with x[:, c] = y[:, order[c]], where there is one and it is no identity."""
    if x.shape[1] > 1024:
        return None
    order = order_of_channels(y, x)
    identity = np.arange(len(order))
    return None if (order == identity).all() or len(set(order.tolist())) < 0.9 * len(order) else order


def _order_in_words(order: np.ndarray) -> str:
    n = len(order)
    if (order == np.arange(n)[::-1]).all():
        return "reversed"
    if n % 2 == 0 and (order == np.arange(n).reshape(-1, 2)[:, ::-1].ravel()).all():
        return "neighbours exchanged, 1 0 3 2 ..., as rows and columns of offsets are"
    for k in range(2, n // 2 + 1):
        if n % k == 0 and (order == np.arange(n).reshape(k, -1).T.ravel()).all():
            return f"{n // k} x {k} in place of {k} x {n // k} (transposed groups)"
    moved = [f"{c}<-{int(k)}" for c, k in enumerate(order) if c != k]
    return ", ".join(moved[:6]) + (" ..." if len(moved) > 6 else "")


def _borders(power: np.ndarray) -> Iterator[Finding]:
    """Whether it lies at the border or in a corner alone."""
    _, h, w, _ = power.shape
    if min(h, w) < 5:
        return
    plane = power.sum((0, 3), dtype=np.float64)
    total = float(plane.sum())
    for k in (1, 2, 3, 4, 6, 8):
        if 4 * k >= min(h, w):
            return
        share = 1 - float(plane[k:-k, k:-k].sum()) / total
        if share > MOST:
            sides = {"top": plane[:k], "bottom": plane[-k:], "left": plane[:, :k], "right": plane[:, -k:]}
            there = [side for side, part in sides.items() if float(part.sum()) > 0.05 * total]
            corners = [f"{v} {u}" for v, rows in (("top", slice(k)), ("bottom", slice(-k, None)))
                       for u, columns in (("left", slice(k)), ("right", slice(-k, None)))
                       if float(plane[rows, columns].sum()) > MOST * total]
            place = f"the {corners[0]} corner" if corners else f"the border, {', '.join(there)}"
            yield Finding(f"only in {place}: {k} pixel{'s' * (k > 1)} deep", share)
            return
    half = {"the upper half": plane[:h // 2], "the lower half": plane[-(h // 2):],
            "the left half": plane[:, :w // 2], "the right half": plane[:, -(w // 2):]}
    for place, part in half.items():
        share = float(part.sum()) / total
        if share > MOST:
            yield Finding(f"only in {place}", share)


def _phases(power: np.ndarray) -> Iterator[Finding]:
    """Checkerboards and grids: some of the s * s phases of the pixels have it all."""
    _, h, w, _ = power.shape
    plane = power.sum((0, 3), dtype=np.float64)
    total = float(plane.sum())
    for s in (2, 4):
        if min(h, w) < 4 * s:
            return
        cells = plane[:h // s * s, :w // s * s].reshape(h // s, s, w // s, s).sum((0, 2))
        weak = cells < 0.02 * cells.max()
        if weak.any():
            there = " ".join(f"({y},{x})" for y, x in np.argwhere(~weak)[:4])
            yield Finding(f"a grid of {s}: only where row and column, divided by {s}, leave {there}",
                          float(cells[~weak].sum()) / total)
            return


def _channels(power: np.ndarray, worst: np.ndarray, explained: float) -> Iterator[Finding]:
    """Some channels alone; `worst` difference of each."""
    each = power.sum((0, 1, 2), dtype=np.float64)
    off = np.flatnonzero(worst > explained)
    n = len(each)
    if n < 2 or not 0 < len(off) < n:
        return
    runs = np.split(off, np.flatnonzero(np.diff(off) != 1) + 1)
    steps = np.diff(off)
    text = ", ".join(f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs[:4])
    if len(off) > 2 and len(set(steps.tolist())) == 1 and steps[0] > 1:
        text = f"every {steps[0]}th from {off[0]} on"
    more = " ..." if len(runs) > 4 and "every" not in text else ""
    yield Finding(f"only in {len(off)} of {n} channels: {text}{more}",
                  float(each[off].sum() / each.sum()))


def _batch(power: np.ndarray) -> Iterator[Finding]:
    each = power.sum((1, 2, 3), dtype=np.float64)
    off = np.flatnonzero(each > 0.02 * each.sum())
    if 1 <= len(off) < len(each):
        yield Finding(f"only in {len(off)} of the {len(each)} pictures of the batch: {', '.join(map(str, off[:6]))}",
                      float(each[off].sum() / each.sum()))


def _signs(power: np.ndarray, b: np.ndarray) -> Iterator[Finding]:
    below = float(power.sum(where=b < 0, dtype=np.float64)) / float(power.sum(dtype=np.float64))
    some = float((b < 0).mean())
    if below > MOST and some < 0.9:
        yield Finding("only where ours is below zero: another slope, or an activation too many", below)
    elif below < 1 - MOST and some > 0.1 and (b > 0).any():
        yield Finding("only where ours is not below zero", 1 - below)
