"""Winograd's transforms backwards, emitted as LLVM vector instructions over channels; as winograd_code.py."""
from __future__ import annotations

from llvmlite import ir
from numba import types

from refvr.ops.core.jit import Code, intrinsic
from refvr.ops.kernels.winograd_code import Vectors, call
from refvr.ops.kernels.winograd_lines import SEEN, TILE, gather_line, spread_line


@intrinsic
def spread_planes(typing: object, y: types.Array, y_at: types.Type, y_row: types.Type, y_column: types.Type,
                  d: types.Array, d_at: types.Type, plane: types.Type, channels: types.Type) -> Code:
    """d[d_at + (6 p + q) plane + o] = (A y A^T)[p, q] with y[r, s] = y[y_at + r y_row + s y_column + o], all o."""
    i8 = types.int64
    return types.void(y, i8, i8, i8, d, i8, i8, i8), call("refvr_spread_planes", (0, 4), (), _emit_spread_planes)


@intrinsic
def gather_planes(typing: object, m: types.Array, m_at: types.Type, plane: types.Type, w: types.Array, w_at: types.Type,
                  tap: types.Type, channels: types.Type) -> Code:
    """w[w_at + (3 i + j) tap + o] = (G^T m G)[i, j] with m[p, q] = m[m_at + (6 p + q) plane + o], all o."""
    i8 = types.int64
    return types.void(m, i8, i8, w, i8, i8, i8), call("refvr_gather_planes", (0, 3), (), _emit_gather_planes)


def _emit_spread_planes(vectors: Vectors, y: ir.Value, y_row: ir.Value, y_column: ir.Value, d: ir.Value,
                        plane: ir.Value, channels: ir.Value) -> None:
    builder = vectors.builder
    with vectors.each(channels) as at:
        pixel, to = builder.gep(y, [at]), builder.gep(d, [at])
        lines = [spread_line([vectors.load(pixel, (r, y_row), (s, y_column)) for r in range(TILE)], vectors.fma)
                 for s in range(TILE)]
        for p in range(SEEN):
            for q, value in enumerate(spread_line([line[p] for line in lines], vectors.fma)):
                vectors.store(value, to, (SEEN * p + q, plane))
    builder.ret_void()


def _emit_gather_planes(vectors: Vectors, m: ir.Value, plane: ir.Value, w: ir.Value, tap: ir.Value, channels: ir.Value
                       ) -> None:
    builder, steps = vectors.builder, (vectors.fma, vectors.add, vectors.sub, vectors.scale)
    with vectors.each(channels) as at:
        seen, to = builder.gep(m, [at]), builder.gep(w, [at])
        lines = [gather_line([vectors.load(seen, (SEEN * p + q, plane)) for p in range(SEEN)], *steps)
                 for q in range(SEEN)]
        for i in range(3):
            for j, value in enumerate(gather_line([line[i] for line in lines], *steps)):
                vectors.store(value, to, (3 * i + j, tap))
    builder.ret_void()
