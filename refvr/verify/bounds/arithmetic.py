"""Show the work: the arithmetic of one value of a result, from live data, step by step.

`work("deform_conv2d", given, at=(y, x), channel=c)` lists for every tap where it reads, what it finds, its weight and
the product, then the sum and what follows. All in float64; the last line is the operation's own answer.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from math import floor, isqrt
from typing import Any

import numpy as np

from refvr.errors import InputError
from refvr.ops.kernels.borders import BORDERS, moved
from refvr.ops.warp import places
from refvr.verify.mistakes import SUBJECTS, Given


@dataclass
class Corner:
    """One of the four pixels of a bilinear sample: where it lies, its share, what it holds (0 outside)."""

    row: int
    column: int
    share: float
    value: float


@dataclass
class Term:
    """One addend: a tap and a channel.

    tap, channel    which
    row, column     where it reads, in pixels of the input
    corners         of a bilinear sample, none where a pixel is read as it is
    value           what it finds; weights: (name, factor) by which it is multiplied; product: all together
    """

    tap: tuple[int, ...]
    channel: int
    row: float
    column: float
    value: float
    weights: list[tuple[str, float]]
    product: float
    corners: list[Corner] = field(default_factory=list)


@dataclass
class Work:
    """All terms of one value, their sum, what follows (bias, residual), and the operation's own answer."""

    operation: str
    at: tuple[int, int, int]
    channel: int
    terms: list[Term]
    total: float
    after: list[tuple[str, float]]
    result: float
    answer: float
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def work(operation: str, inputs: dict[str, Any], at: tuple[int, int], channel: int, *, n: int = 0,
         **options: object) -> Work:
    """The arithmetic of y[n, at, channel]. Raises InputError for another operation or a place outside of the result."""
    if operation not in STEPS:
        raise InputError(f"work: got {operation!r}, expected one of {', '.join(STEPS)}")
    subject = SUBJECTS[operation]
    arrays = {name: np.ascontiguousarray(value, np.float64) if isinstance(value, np.ndarray) else value
              for name, value in inputs.items()}
    given = subject.bind(**arrays, **options)
    y = subject.call(given)
    place = (n, *at, channel)
    if any(not 0 <= k < size for k, size in zip(place, y.shape)):
        raise InputError(f"work: got image {n}, row {at[0]}, column {at[1]} and channel {channel}, expected a place in "
                         f"the result of shape {y.shape}")
    terms, after, notes = STEPS[operation](given, place)
    total = sum(term.product for term in terms)
    result = total + sum(value for _, value in after)
    return Work(operation, (n, *at), channel, terms, total, after, float(result), float(y[place]), notes)


Steps = tuple[list[Term], list[tuple[str, float]], list[str]]


def _pixel(x: np.ndarray, n: int, row: int, column: int, channel: int) -> float:
    inside = 0 <= row < x.shape[1] and 0 <= column < x.shape[2]
    return float(x[n, row, column, channel]) if inside else 0.0


def _sample(x: np.ndarray, n: int, row: float, column: float, channel: int) -> tuple[float, list[Corner]]:
    """Bilinear sample, pixels outside 0."""
    i, j = floor(row), floor(column)
    b, a = row - i, column - j
    corners = [Corner(i + down, j + right, (b if down else 1 - b) * (a if right else 1 - a),
                      _pixel(x, n, i + down, j + right, channel)) for down in (0, 1) for right in (0, 1)]
    return sum(corner.share * corner.value for corner in corners), corners


def _warp(a: Given, place: tuple[int, ...]) -> Steps:
    n, y, x, c = place
    row, column = (float(v) for v in places(a.flow_px, a.coordinates)[n, y, x])
    right, down = a.flow_px[n, y, x]
    notes = [f"flow {right:+.6g} to the right, {down:+.6g} down: row {y} {down:+.6g} = {row:.6g}, "
             f"column {x} {right:+.6g} = {column:.6g}"]
    held = tuple(float(v) for v in moved(np.array((row, column)), a.x.shape[1:3], a.border)[0])
    if held != (row, column):
        notes.append(f"outside of the image: moved to row {held[0]:.6g}, column {held[1]:.6g}")
    row, column = held
    value, corners = _sample(a.x, n, row, column, c)
    return [Term((), c, row, column, value, [], value, corners)], [], notes


def _deform_conv2d(a: Given, place: tuple[int, ...]) -> Steps:
    n, y, x, o = place
    kh, kw, cg, c_out = a.weight.shape
    offset_groups, group = a.mask.shape[3] // (kh * kw), o // (c_out // a.groups)
    padding, terms = a.dilation * (kh // 2) if a.padding is None else a.padding, []
    for k in range(kh * kw):
        for m in range(cg):
            channel, (i, j) = group * cg + m, divmod(k, kw)
            g = channel // (a.x.shape[3] // offset_groups)
            down, right = a.offset_px[n, y, x, (g * kh * kw + k) * 2:][:2]
            row = float(y * a.stride - padding + i * a.dilation + down)
            column = float(x * a.stride - padding + j * a.dilation + right)
            inside = -1 < row < a.x.shape[1] and -1 < column < a.x.shape[2]
            value, corners = _sample(a.x, n, row, column, channel) if inside else (0.0, [])
            mask, weight = float(a.mask[n, y, x, g * kh * kw + k]), float(a.weight[i, j, m, o])
            terms.append(Term((i, j), channel, row, column, value, [("mask", mask), ("weight", weight)],
                              value * mask * weight, corners))
    return terms, [("bias", float(a.bias[o]))] if a.bias is not None else [], \
        [f"{offset_groups} offset groups, {a.groups} groups; taps outside count 0"]


def _fac(a: Given, place: tuple[int, ...]) -> Steps:
    n, y, x, c = place
    k, (h, w), terms = isqrt(a.kernel.shape[3]), a.x.shape[1:3], []
    for i in range(k):
        for j in range(k):
            at = a.top + y + i - k // 2, x + j - k // 2
            row, column = (int(BORDERS[a.border](np.array(p), size)) for p, size in zip(at, (h, w)))
            value, weight = _pixel(a.x, n, row, column, c), float(a.kernel[n, y, x, i * k + j, c])
            terms.append(Term((i, j), c, row, column, value, [("kernel", weight)], value * weight))
    return terms, [], [f"border {a.border}"]


def _dynamic_upsample(a: Given, place: tuple[int, ...]) -> Steps:
    n, y, x, c = place
    (row, down), (column, right) = divmod(y, a.s), divmod(x, a.s)
    u = down * a.s + right
    logits = a.logits[n, row, column].reshape(-1, a.s * a.s)[:, u]
    k, e = isqrt(len(logits)), np.exp(logits - logits.max())
    terms = []
    for t, share in enumerate(e / e.sum()):
        p, q = row + t // k - k // 2, column + t % k - k // 2
        value = _pixel(a.x, n, p, q, c)
        terms.append(Term(divmod(t, k), c, p, q, value, [("logit", float(logits[t])), ("filter", float(share))],
                          value * float(share)))
    after = [] if a.residual is None else [("residual", float(a.residual[n, row, column, u * a.x.shape[3] + c]))]
    return terms, after, [f"pixel {down}, {right} of the cell of row {row}, column {column}: u = {u}; filter = softmax "
                          "of the logits over the taps; pixels outside are 0 and keep their share"]


STEPS: dict[str, Callable[[Given, tuple[int, ...]], Steps]] = {
    "fac": _fac, "dynamic_upsample": _dynamic_upsample, "deform_conv2d": _deform_conv2d, "warp": _warp}


def demo_inputs(operation: str) -> dict[str, np.ndarray | int]:
    """Operands from the demo scene (24 x 36 pixels); what is no picture is drawn by the recipe of the vectors."""
    from refvr.scene import Scene, render
    from refvr.verify.vectors.recipe import Recipe, draw

    x = render(Scene(), 36, 24, 0.0)[None]
    recipes = {
        "fac": {"kernel": Recipe((1, 24, 36, 25, 3), 0.25)},
        "warp": {"flow_px": Recipe((1, 24, 36, 2), 3.0)},
        "dynamic_upsample": {"logits": Recipe((1, 24, 36, 100), 2.0), "residual": Recipe((1, 24, 36, 12), 0.0625)},
        "deform_conv2d": {"offset_px": Recipe((1, 24, 36, 18), 2.0), "mask": Recipe((1, 24, 36, 9), 0.46875, 0.5),
                          "weight": Recipe((3, 3, 3, 5), 0.25), "bias": Recipe((5,), 0.25)},
    }
    options = {"dynamic_upsample": {"s": 2}}.get(operation, {})
    return {"x": x, **{name: draw(f"work/{operation}/{name}", r) for name, r in recipes.get(operation, {}).items()},
            **options}
