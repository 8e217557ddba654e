"""Winograd's transforms of a tile and of weights, emitted as LLVM vector instructions over channels.

Written out like the microkernel, and for the same reason: Numba cannot know that input and result do not overlap and
would leave the 36 elements of a tile in memory. Lines (winograd_lines.py) run down columns first, then along rows. The
last vector of channels may overlap the one before and computes the same bits again, so there must be at least as many
channels as the widest vector has lanes (LEAST).
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.base import BaseContext
from numba.core.typing.templates import Signature

from refvr.ops.core.jit import Code, Codegen, intrinsic
from refvr.ops.kernels.microkernel import INT, vector_bytes
from refvr.ops.kernels.winograd_lines import PLANES, SEEN, TILE, input_line, matrices, output_line

LEAST = 16  # channels; a vector of AVX-512


@intrinsic
def to_planes(typing: object, x: types.Array, x_at: types.Type, x_row: types.Type, x_column: types.Type, v: types.Array,
              v_at: types.Type, plane: types.Type, channels: types.Type) -> Code:
    """v[v_at + (6 p + q) plane + c] = (B^T d B)[p, q] with d[i, j] = x[x_at + i x_row + j x_column + c], all c."""
    i8 = types.int64
    return types.void(x, i8, i8, i8, v, i8, i8, i8), call("refvr_to_planes", (0, 4), (), _emit_to_planes)


@intrinsic
def to_planes_within(typing: object, x: types.Array, x_at: types.Type, x_row: types.Type, x_column: types.Type,
                     top: types.Type, bottom: types.Type, left: types.Type, right: types.Type, v: types.Array,
                     v_at: types.Type, plane: types.Type, channels: types.Type) -> Code:
    """As `to_planes` with d[i, j] = 0 unless top <= i < bottom and left <= j < right; what lies there is not read."""
    i8 = types.int64
    signature = types.void(x, i8, i8, i8, i8, i8, i8, i8, v, i8, i8, i8)
    return signature, call("refvr_to_planes_within", (0, 8), (), _emit_to_planes_within)


@intrinsic
def from_planes(typing: object, m: types.Array, m_at: types.Type, plane: types.Type, y: types.Array, y_at: types.Type,
                y_row: types.Type, y_column: types.Type, bias: types.Array, bias_at: types.Type, residual: types.Array,
                residual_at: types.Type, residual_row: types.Type, residual_column: types.Type, slope: types.Type,
                rows: types.Type, columns: types.Type, channels: types.Type) -> Code:
    """y[y_at + r y_row + s y_column + o] = act((A^T m A)[r, s] + bias[bias_at + o] + residual[...]) for r < rows,
    s < columns, with m[p, q] = m[m_at + (6 p + q) plane + o], all o; the residual may be empty."""
    i8 = types.int64
    signature = types.void(m, i8, i8, y, i8, i8, i8, bias, i8, residual, i8, i8, i8, slope, i8, i8, i8)
    return signature, call("refvr_from_planes", (0, 3, 7), (9,), _emit_from_planes)


@intrinsic
def weight_planes(typing: object, w: types.Array, w_at: types.Type, tap: types.Type, u: types.Array, u_at: types.Type,
                  plane: types.Type, channels: types.Type) -> Code:
    """u[u_at + p plane + c] = (G w G^T)[p], p = 0..35, of the nine taps w[w_at + ij tap + c], all c.

    Summed in float64 from 0, tap by tap, and rounded once: the thirds in G are the only numbers that float32 does not
    hold. Taps that G multiplies with 0 are left out.
    """
    i8 = types.int64
    return types.void(w, i8, i8, u, i8, i8, i8), call("refvr_weight_planes", (0, 3), (), _emit_weight_planes)


def call(name: str, arrays: tuple[int, ...], may_be_empty: tuple[int, ...], emit: Callable[..., None]) -> Codegen:
    """Code that calls the function `name`, made when first asked for, with pointers in place of (array, index)."""
    def codegen(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: Sequence[ir.Value]) -> ir.Value:
        passed, skip = [], False
        for k, arg in enumerate(args):
            if skip:
                skip = False
            elif k in arrays or k in may_be_empty:
                array = context.make_array(sig.args[k])(context, builder, arg)
                pointer, skip = builder.gep(array.data, [args[k + 1]]), True
                if k in may_be_empty:
                    empty = builder.icmp_signed("==", array.nitems, INT(0))
                    pointer = builder.select(empty, ir.Constant(pointer.type, None), pointer)
                passed.append(pointer)
            else:
                passed.append(arg)
        if name not in builder.module.globals:
            function = ir.Function(builder.module, ir.FunctionType(ir.VoidType(), [p.type for p in passed]), name)
            function.linkage = "internal"
            function.attributes.add("noinline")
            emit(Vectors(function), *function.args)
        builder.call(builder.module.globals[name], passed)
        return context.get_dummy_value()
    return codegen


class Vectors:
    """Arithmetic on vectors of float32 in one function."""

    def __init__(self, function: ir.Function) -> None:
        self.count = vector_bytes() // 4
        self.type = ir.VectorType(ir.FloatType(), self.count)
        self.builder = ir.IRBuilder(function.append_basic_block())
        self.add, self.sub = self.builder.fadd, self.builder.fsub
        self._fma = cgutils.get_or_insert_function(function.module, ir.FunctionType(self.type, [self.type] * 3),
                                                   f"llvm.fma.v{self.count}f32")

    def constant(self, value: Fraction) -> ir.Value:
        """A vector of one number."""
        return ir.Constant(self.type, [float(value)] * self.count)

    def fma(self, a: Fraction, b: ir.Value, c: ir.Value) -> ir.Value:
        """a * b + c, rounded once."""
        return self.builder.call(self._fma, [self.constant(a), b, c])

    def scale(self, a: Fraction, b: ir.Value) -> ir.Value:
        """a * b."""
        return self.builder.fmul(self.constant(a), b)

    def splat(self, value: ir.Value) -> ir.Value:
        """A vector of one number that is known at run time."""
        undefined, zeros = ir.Constant(self.type, ir.Undefined), ir.VectorType(ir.IntType(32), self.count)
        first = self.builder.insert_element(undefined, value, ir.IntType(32)(0))
        return self.builder.shuffle_vector(first, undefined, ir.Constant(zeros, None))

    def _at(self, pointer: ir.Value, *steps: tuple[int, ir.Value]) -> ir.Value:
        for times, step in steps:
            pointer = self.builder.gep(pointer, [self.builder.mul(INT(times), step)])
        return self.builder.bitcast(pointer, self.type.as_pointer())

    def load(self, pointer: ir.Value, *steps: tuple[int, ir.Value]) -> ir.Value:
        """The vector at pointer + the sum of times * step."""
        return self.builder.load(self._at(pointer, *steps), align=4)

    def store(self, value: ir.Value, pointer: ir.Value, *steps: tuple[int, ir.Value]) -> None:
        """The reverse of `load`."""
        self.builder.store(value, self._at(pointer, *steps), align=4)

    @contextmanager
    def each(self, channels: ir.Value) -> Iterator[ir.Value]:
        """A loop whose `at` is the first channel of each vector; the last ends where the channels do."""
        builder, count = self.builder, INT(self.count)
        last = builder.sub(channels, count)
        loops = builder.sdiv(builder.add(channels, INT(self.count - 1)), count)
        with cgutils.for_range(builder, loops, intp=INT) as loop:
            at = builder.mul(loop.index, count)
            yield builder.select(builder.icmp_signed("<", at, last), at, last)


def _emit_to_planes(vectors: Vectors, x: ir.Value, x_row: ir.Value, x_column: ir.Value, v: ir.Value, plane: ir.Value,
                    channels: ir.Value) -> None:
    def pixel(at: ir.Value, i: int, j: int) -> ir.Value:
        return vectors.load(vectors.builder.gep(x, [at]), (i, x_row), (j, x_column))

    _transform(vectors, pixel, v, plane, channels)


def _emit_to_planes_within(vectors: Vectors, x: ir.Value, x_row: ir.Value, x_column: ir.Value, top: ir.Value,
                           bottom: ir.Value, left: ir.Value, right: ir.Value, v: ir.Value, plane: ir.Value,
                           channels: ir.Value) -> None:
    builder, zero = vectors.builder, ir.Constant(vectors.type, None)

    def line(k: int, first: ir.Value, last: ir.Value, step: ir.Value) -> tuple[ir.Value, ir.Value]:
        """Whether row or column k counts, and where it or one that does lies."""
        counts = builder.and_(builder.icmp_signed("<=", first, INT(k)), builder.icmp_signed("<", INT(k), last))
        return counts, builder.mul(builder.select(counts, INT(k), first), step)

    rows = [line(i, top, bottom, x_row) for i in range(SEEN)]
    columns = [line(j, left, right, x_column) for j in range(SEEN)]

    def pixel(at: ir.Value, i: int, j: int) -> ir.Value:
        place = builder.gep(x, [builder.add(at, builder.add(rows[i][1], columns[j][1]))])
        return builder.select(builder.and_(rows[i][0], columns[j][0]), vectors.load(place), zero)

    _transform(vectors, pixel, v, plane, channels)


def _transform(vectors: Vectors, pixel: Callable[[ir.Value, int, int], ir.Value], v: ir.Value, plane: ir.Value,
               channels: ir.Value) -> None:
    """B^T d B of d[i, j] = pixel(channel, i, j) for all channels."""
    builder = vectors.builder
    with vectors.each(channels) as at:
        to = builder.gep(v, [at])
        lines = [input_line([pixel(at, i, j) for i in range(SEEN)], vectors.fma) for j in range(SEEN)]
        for p in range(SEEN):
            for q, value in enumerate(input_line([line[p] for line in lines], vectors.fma)):
                vectors.store(value, to, (SEEN * p + q, plane))
    builder.ret_void()


def _emit_from_planes(vectors: Vectors, m: ir.Value, plane: ir.Value, y: ir.Value, y_row: ir.Value, y_column: ir.Value,
                      bias: ir.Value, residual: ir.Value, residual_row: ir.Value, residual_column: ir.Value,
                      slope: ir.Value, rows: ir.Value, columns: ir.Value, channels: ir.Value) -> None:
    builder = vectors.builder
    slopes, zero = vectors.splat(slope), ir.Constant(vectors.type, None)
    below = builder.fcmp_ordered("==", slopes, zero)

    def finished(z: ir.Value, at: ir.Value, r: int, s: int) -> None:
        """Store act(z + residual) in row r, column s; the order of the microkernel's end."""
        cell = cgutils.alloca_once_value(builder, z)
        with builder.if_then(cgutils.is_not_null(builder, residual)):
            held = vectors.load(builder.gep(residual, [at]), (r, residual_row), (s, residual_column))
            builder.store(builder.fadd(z, held), cell)
        z = builder.load(cell)
        bent = builder.select(below, zero, builder.fmul(z, slopes))
        z = builder.select(builder.fcmp_ordered("<=", z, zero), bent, z)
        vectors.store(z, builder.gep(y, [at]), (r, y_row), (s, y_column))

    def tile(at: ir.Value, guarded: bool) -> None:
        steps = vectors.fma, vectors.add, vectors.sub, vectors.scale
        here = builder.gep(m, [at])
        lines = [output_line([vectors.load(here, (SEEN * p + q, plane)) for p in range(SEEN)], *steps)
                 for q in range(SEEN)]
        add = vectors.load(builder.gep(bias, [at]))
        for r in range(TILE):
            for s, z in enumerate(output_line([line[r] for line in lines], *steps)):
                z = builder.fadd(z, add)
                if guarded:
                    inside = builder.and_(builder.icmp_signed("<", INT(r), rows),
                                          builder.icmp_signed("<", INT(s), columns))
                    with builder.if_then(inside):
                        finished(z, at, r, s)
                else:
                    finished(z, at, r, s)

    whole = builder.and_(builder.icmp_signed("==", rows, INT(TILE)), builder.icmp_signed("==", columns, INT(TILE)))
    with vectors.each(channels) as at, builder.if_else(whole) as (all_of_it, part_of_it):
        with all_of_it:
            tile(at, guarded=False)
        with part_of_it:
            tile(at, guarded=True)
    builder.ret_void()


def _emit_weight_planes(vectors: Vectors, w: ir.Value, tap: ir.Value, u: ir.Value, plane: ir.Value, channels: ir.Value
                       ) -> None:
    builder, wide = vectors.builder, ir.VectorType(ir.DoubleType(), vectors.count)
    g = matrices()[2]
    with vectors.each(channels) as at:
        seen, to = builder.gep(w, [at]), builder.gep(u, [at])
        taps = [builder.fpext(vectors.load(seen, (ij, tap)), wide) for ij in range(9)]
        for p in range(PLANES):
            total = ir.Constant(wide, [0.0] * vectors.count)
            for ij in range(9):
                share = float(g[p // SEEN, ij // 3] * g[p % SEEN, ij % 3])
                if share:
                    factor = ir.Constant(wide, [share] * vectors.count)
                    total = builder.fadd(total, builder.fmul(factor, taps[ij]))
            vectors.store(builder.fptrunc(total, vectors.type), to, (p, plane))
    builder.ret_void()
