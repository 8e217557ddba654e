"""Fetching along a flow from a map that lies in a file: only rows that something points to are read, some at a time.

A warp sees any row of its map. Where that map is a file (lines.py), the rows that a band of the flow points to are read
in pieces of at most CHUNK bytes, and every pixel is made while the rows that it lies between are there: the bits of
`ops.warp` for any flow, in a memory that does not depend on it.
"""
from __future__ import annotations

import numpy as np

from refvr.ops.core.arena import empty
from refvr.ops.kernels import bilinear
from refvr.ops.warp import places
from refvr.plan.graph import Node
from refvr.plan.lines import Stored

CHUNK = 1 << 26  # bytes


def can_be_fetched(node: Node, value: Node) -> bool:
    """Whether an operation needs of a stored input only what its other operand points to."""
    return value.operation is None and bool(value.options.get("stored")) and node.kind == "warp" \
        and node.options["border"] == "replicate" and node.operands[0] is value and node.operands[1] is not value


def fetched(x: Stored, flow: np.ndarray, first: int, *, coordinates: str, **options: object) -> np.ndarray:
    """`ops.warp(x, flow, border="replicate")` for rows `first` ... of the flow, (n, rows, w, 2)."""
    n, h, w, c = x.shape
    at = np.clip(places(flow, coordinates, first, h), 0, np.array((h, w)) - 1.0)
    above = np.floor(np.nan_to_num(at[..., 0])).astype(np.int64)
    low, high, most = int(above.min()), int(above.max()), _rows_at_once(x)
    if high - low + 2 <= most:
        at[..., 0] -= low   # exact: whole rows off a place in float64
        return bilinear.sample(x.part(low, min(h, high + 2)), at)
    y = empty((n, *flow.shape[1:3], c), x.dtype)
    for top in range(low, high + 1, most - 1):   # one row more is read than pixels begin in
        here = (above >= top) & (above < top + most - 1)
        if not here.any():
            continue
        rows = x.part(top, min(h, top + most))
        for k in range(n):
            chosen = at[k][here[k]] - (top, 0)   # (pixels, 2)
            if len(chosen):
                y[k][here[k]] = bilinear.sample(rows[k:k + 1], np.ascontiguousarray(chosen[None, None]))[0, 0]
    return y


def extra(value: Node, node: Node, rows: int) -> int:
    """Bytes beside result and flow, at most."""
    return min(value.nbytes, max(CHUNK, 2 * value.nbytes // value.shape[1])) + rows * node.shape[0] * node.shape[2] * 40


def _rows_at_once(x: Stored) -> int:
    n, _, w, c = x.shape
    return max(2, CHUNK // (n * w * c * x.dtype.itemsize))
