"""Mistakes in moving elements: shuffles, padding, joining, choosing of branches."""
from __future__ import annotations

from typing import Any

import numpy as np

from refvr import ops
from refvr.ops.route import decide
from refvr.verify.mistakes._catalogue import Border, Given, Op, mistake, subject, unless

subject("pixel_shuffle", ops.pixel_shuffle, x="image")
subject("pixel_unshuffle", ops.pixel_unshuffle, x="image")
subject("pad", ops.pad, x="image")
subject("concat", ops.concat, xs="image")
subject("route", ops.route, p="rows", full="image", half="image", quarter="image")
SHUFFLES = ("pixel_shuffle", "pixel_unshuffle")


@mistake("order", *SHUFFLES)
def order_of_the_other_framework(op: Op, a: Given) -> np.ndarray:
    """the block order of the other framework (torch.nn.PixelShuffle for tf.nn.depth_to_space, or the reverse)."""
    unless(a.s == 1)
    y = op(a.but(order="tf" if a.order == "torch" else "torch"))
    unless(min(a.x.shape[3], y.shape[3]) == 1)   # one colour has no order
    return y


@mistake("order", "pixel_shuffle")
def rows_and_columns_of_the_block_exchanged(op: Op, a: Given) -> np.ndarray:
    """the rows and columns of the s x s block exchanged."""
    unless(a.s == 1)
    y = op(a)
    n, rows, columns, c = y.shape
    return y.reshape(n, rows // a.s, a.s, columns // a.s, a.s, c).transpose(0, 1, 4, 3, 2, 5).reshape(y.shape)


@mistake("order", "pixel_unshuffle")
def rows_and_columns_of_the_pixels_exchanged(op: Op, a: Given) -> np.ndarray:
    """the rows and columns of the s x s block exchanged."""
    unless(a.s == 1)
    n, rows, columns, c = a.x.shape
    x = a.x.reshape(n, rows // a.s, a.s, columns // a.s, a.s, c).transpose(0, 1, 4, 3, 2, 5).reshape(a.x.shape)
    return op(a.but(x=np.ascontiguousarray(x)))


def _padded(a: Given, mode: Border, **options: Any) -> np.ndarray:
    (top, bottom), (left, right) = a.pads
    unless(max(top, bottom, left, right) == 0 or min(a.x.shape[1:3]) <= max(top, bottom, left, right))
    return np.pad(a.x, ((0, 0), (top, bottom), (left, right), (0, 0)), mode, **options)


@mistake("border", "pad")
def of_zeros(op: Op, a: Given) -> np.ndarray:
    """zeros."""
    unless(a.mode == "zero")
    return _padded(a, "constant")


@mistake("border", "pad")
def of_the_edge(op: Op, a: Given) -> np.ndarray:
    """the edge repeated."""
    unless(a.mode == "edge")
    return _padded(a, "edge")


@mistake("border", "pad")
def mirrored(op: Op, a: Given) -> np.ndarray:
    """pixels mirrored, the outermost once (reflect)."""
    unless(a.mode == "reflect")
    return _padded(a, "reflect")


@mistake("border", "pad")
def mirrored_with_the_edge(op: Op, a: Given) -> np.ndarray:
    """pixels mirrored, the outermost twice (symmetric)."""
    return _padded(a, "symmetric")


@mistake("border", "pad")
def wrapped(op: Op, a: Given) -> np.ndarray:
    """pixels from the other side (circular)."""
    return _padded(a, "wrap")


@mistake("place", "pad")
def sides_exchanged(op: Op, a: Given) -> np.ndarray:
    """pads at the opposite sides (top for bottom, left for right)."""
    return op(a.but(pads=tuple(side[::-1] for side in a.pads)))


@mistake("place", "pad")
def pads_columns_first(op: Op, a: Given) -> np.ndarray:
    """pads read as ((left, right), (top, bottom)), the order of torch.nn.functional.pad."""
    return op(a.but(pads=tuple(a.pads)[::-1]))


@mistake("order", "concat")
def parts_in_reverse(op: Op, a: Given) -> np.ndarray:
    """the parts in reverse order."""
    return op(a.but(xs=a.xs[::-1]))


@mistake("order", "concat")
def last_part_first(op: Op, a: Given) -> np.ndarray:
    """the last part first."""
    unless(len(a.xs) < 3)
    return op(a.but(xs=(a.xs[-1], *a.xs[:-1])))


@mistake("order", "concat")
def first_part_last(op: Op, a: Given) -> np.ndarray:
    """the first part last."""
    unless(len(a.xs) < 3)
    return op(a.but(xs=(*a.xs[1:], a.xs[0])))


@mistake("order", "concat")
def channels_interleaved(op: Op, a: Given) -> np.ndarray:
    """the channels of the parts taking turns."""
    unless(len({x.shape[-1] for x in a.xs}) > 1 or a.axis != -1 or len(a.xs) < 2)
    return np.stack(a.xs, axis=-1).reshape(*a.xs[0].shape[:-1], -1)


@mistake("activation", "concat", flagged=False)
def softmax_over_the_parts(op: Op, a: Given) -> np.ndarray:
    """a softmax over the parts in place of a sigmoid of each."""
    unless(len(a.xs) < 2 or len({x.shape for x in a.xs}) > 1 or any((x <= 0).any() or (x >= 1).any() for x in a.xs))
    odds = [x / (1 - x) for x in a.xs]   # what the sigmoid made of e^logit
    return op(a.but(xs=tuple(x / np.sum(odds, axis=0) for x in odds)))


@mistake("number", "route")
def decision_above_a_half_only(op: Op, a: Given) -> np.ndarray:
    """the decision 1 where p > 1/2 in place of p >= 1/2."""
    unless(not isinstance(a.decisions, str) or a.decisions != "threshold")
    return op(a.but(decisions=(a.p > 0.5).astype(np.uint8)))


@mistake("order", "route")
def decisions_exchanged(op: Op, a: Given) -> np.ndarray:
    """the two decisions exchanged."""
    return op(a.but(decisions=decide(a.p, a.decisions)[:, ::-1]))


@mistake("order", "route")
def half_and_quarter_exchanged(op: Op, a: Given) -> np.ndarray:
    """the branches half and quarter exchanged."""
    return op(a.but(half=a.quarter, quarter=a.half))


@mistake("number", "route")
def branches_blended(op: Op, a: Given) -> np.ndarray:
    """the branches blended by their probabilities (soft) in place of one chosen."""
    unless(a.full is None or a.half is None or a.quarter is None)
    s0, s1 = (a.p[:, k, None, None, None] for k in (0, 1))
    return s0 * s1 * a.full + (1 - s0) * s1 * a.half + (1 - s1) * a.quarter


@mistake("number", "route")
def likeliest_branch(op: Op, a: Given) -> np.ndarray:
    """the branch of the largest probability in place of two thresholds."""
    shares = np.stack([a.p[:, 0] * a.p[:, 1], (1 - a.p[:, 0]) * a.p[:, 1], 1 - a.p[:, 1]], axis=1)
    chosen = np.array([(1, 1), (0, 1), (0, 0)], np.uint8)[shares.argmax(1)]
    return op(a.but(decisions=chosen))


@mistake("number", "route")
def always_full_resolution(op: Op, a: Given) -> np.ndarray:
    """full resolution for all samples."""
    unless(a.full is None)
    return op(a.but(decisions="full"))
