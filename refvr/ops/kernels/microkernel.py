"""The inner loop of every convolution: a tile of sums held in registers, emitted as LLVM vector instructions.

    tile[m, v] = start[m, v] + sum_{i,j,k} A[m, i, j, k] * B[i, j, k, v]        one chain of fma each, i, j, k in order

A tile has `rows` rows (pixels, or taps of a weight gradient) and `vectors` vectors of output channels. A is one element
per row, multiplied with the whole vector of B ("splat"), or a vector of its own ("lanes": each channel has its own
input). Three nested loops walk A and B by strides given in elements, so the taps of a convolution are read where they
lie, without a matrix of patches. NumPy-like code leaves the sums in memory; here they fill 28 registers of 32.
"""
from __future__ import annotations

import functools
import platform
from collections.abc import Callable, Sequence
from typing import NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.base import BaseContext
from numba.core.registry import cpu_target
from numba.core.typing.templates import Signature

from refvr.ops.core.jit import Code, intrinsic, kernel

INT = ir.IntType(64)


@functools.cache
def vector_bytes() -> int:
    """Bytes of the vector registers that Numba compiles for: 64, 32 or 16 (NUMBA_CPU_FEATURES can ask for less)."""
    features = cpu_target.target_context.codegen().magic_tuple()[2].split(",")
    return 64 if "+avx512f" in features else 32 if "+avx" in features else 16


_MANY = vector_bytes() == 64 or platform.machine().lower() in ("aarch64", "arm64")
TALL, _MIDDLE, LOW = (14, 8, 4) if _MANY else (6, 4, 2)  # rows of two vectors that 32 or 16 registers hold
_FITTING = tuple(rows for rows in (14, 8, 5, 4, 3, 2, 1) if rows <= TALL)
_TALLEST = 24 if _MANY else 12  # rows of one vector


def tile_shapes(vectors: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """The tiles, (rows, vectors), that `tile_rows` chooses from."""
    tall = ((_TALLEST, 1),) if 1 in vectors else ()
    return tall + tuple((rows, v) for v in vectors for rows in (TALL, _MIDDLE, LOW, 1))


def fitting_shapes(vectors: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """The tiles that `tile_fits` chooses from."""
    return tuple((rows, v) for v in vectors for rows in _FITTING)


@kernel
def tile_rows(left: int, whole: int, vectors: int) -> int:
    """Rows of the next tile for `left` of `whole` rows; more than are left if it pays to compute some again."""
    if vectors == 1 and left > TALL and whole >= _TALLEST:
        return _TALLEST
    if left > _MIDDLE and whole >= TALL:
        return TALL
    if left > LOW and whole >= _MIDDLE:
        return _MIDDLE
    return LOW if left > 1 and whole >= LOW else 1


@kernel
def tile_fits(left: int) -> int:
    """Rows of the next tile where none may be computed twice."""
    for rows in _FITTING:
        if rows <= left:
            return rows
    return 1


class Kind(NamedTuple):
    """What distinguishes one family of microkernels from another."""

    name: str
    lanes: bool  # A is a vector of channels, not one element
    finish: bool  # start from 0, finish with bias, residual and activation; else go on from what the tile in y holds
    next_k: bool = False  # A's neighbours in memory are neighbours in k: its stride is a constant 1
    next_row: bool = False  # A's neighbours in memory are neighbouring rows of the tile
    bare: bool = False  # start from 0 and store the sums as they are


def microkernel(*kinds: tuple[Kind, tuple[tuple[int, int], ...]]) -> Callable[..., None]:
    """A function for use inside of compiled code; with each kind the tiles (rows, vectors) it can be asked for.

    f(lanes, rows, vectors, a, a_at, (a_row, a_i, a_j, a_k), b, b_at, (b_i, b_j, b_k), (count_i, count_j, count_k),
      y, y_at, y_row, bias, bias_at, residual, residual_at, residual_row, slope)

    a, b, y, bias, residual  flat arrays and the first element of each; residual may be empty. Strides in elements.
    """
    @intrinsic
    def call(typing: object, lanes: types.Type, rows: types.Type, vectors: types.Type, a: types.Array, a_at: types.Type,
             a_strides: types.Type, b: types.Array, b_at: types.Type, b_strides: types.Type, counts: types.Type,
             y: types.Array, y_at: types.Type, y_row: types.Type, bias: types.Array, bias_at: types.Type,
             residual: types.Array, residual_at: types.Type, residual_row: types.Type, slope: types.Type) -> Code:
        i8, three, four = types.int64, types.UniTuple(types.int64, 3), types.UniTuple(types.int64, 4)
        signature = types.void(types.boolean, i8, i8, a, i8, four, b, i8, three, three, y, i8, i8, bias, i8,
                               residual, i8, i8, a.dtype)

        def codegen(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: Sequence[ir.Value]) -> ir.Value:
            def at(array: int) -> ir.Value:
                data = context.make_array(sig.args[array])(context, builder, args[array]).data
                return builder.gep(data, [args[array + 1]])

            def elements(k: int) -> Sequence[ir.Value]:
                return cgutils.unpack_tuple(builder, args[k])

            number = context.get_value_type(a.dtype)
            size = context.make_array(sig.args[15])(context, builder, args[15]).nitems
            null = ir.Constant(number.as_pointer(), None)
            passed = [at(3), *elements(5), at(6), *elements(8), *elements(9), at(10), args[12], at(13),
                      builder.select(builder.icmp_signed(">", size, INT(0)), at(15), null), args[17], args[18]]
            for kind, (m, v) in ((kind, shape) for kind, shapes in kinds for shape in shapes):
                wanted = [builder.icmp_signed("==", args[0], ir.IntType(1)(kind.lanes)),
                          builder.icmp_signed("==", args[1], INT(m)), builder.icmp_signed("==", args[2], INT(v))]
                with builder.if_then(functools.reduce(builder.and_, wanted)):
                    builder.call(_function(builder.module, kind, (m, v), number), passed)
            return context.get_dummy_value()

        return signature, codegen
    return call


def _function(module: ir.Module, kind: Kind, shape: tuple[int, int], number: ir.Type) -> ir.Function:
    """One microkernel in `module`, emitted when first asked for; not inlined, to have all registers to itself."""
    bits = 32 if isinstance(number, ir.FloatType) else 64
    name = f"refvr_{kind.name}_{shape[0]}x{shape[1]}_f{bits}"
    if name in module.globals:
        return module.globals[name]
    pointer = number.as_pointer()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [
        pointer, *[INT] * 4, pointer, *[INT] * 3, *[INT] * 3, pointer, INT, pointer, pointer, INT, number]), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    lanes = vector_bytes() // (bits // 8)
    vector = ir.VectorType(number, lanes)
    Emitter(function, kind, shape, vector, fma_of(module, number, lanes), bits // 8).emit()
    return function


def fma_of(module: ir.Module, number: ir.Type, lanes: int) -> ir.Function:
    """LLVM's multiply-add of vectors; `declare_intrinsic` does not know vector types."""
    vector, bits = ir.VectorType(number, lanes), 32 if isinstance(number, ir.FloatType) else 64
    return cgutils.get_or_insert_function(module, ir.FunctionType(vector, [vector] * 3), f"llvm.fma.v{lanes}f{bits}")


class Emitter:
    """Writes the body of one microkernel."""

    def __init__(self, function: ir.Function, kind: Kind, shape: tuple[int, int], vector: ir.VectorType,
                 fma: ir.Function, align: int) -> None:
        self.kind, self.shape, self.vector, self.fma, self.align = kind, shape, vector, fma, align
        self.builder = ir.IRBuilder(function.append_basic_block())
        self.a, self.a_row, *self.a_strides = function.args[:5]
        self.b, *self.b_strides = function.args[5:9]
        self.counts = function.args[9:12]
        self.y, self.y_row, self.bias, self.residual, self.residual_row, self.slope = function.args[12:]
        if kind.next_k:
            self.a_strides[2] = INT(1)
        if kind.next_row:
            self.a_row = INT(1)

    def emit(self) -> None:
        """Start the sums, walk the three loops, store what came out."""
        builder, fresh = self.builder, self.kind.finish or self.kind.bare
        self.sums = {(m, v): cgutils.alloca_once(builder, self.vector)
                     for m in range(self.shape[0]) for v in range(self.shape[1])}
        for (m, v), cell in self.sums.items():
            held = self._at(self.y, self.y_row, m, v)
            builder.store(ir.Constant(self.vector, None) if fresh else self._load(held), cell)
        with cgutils.for_range(builder, self.counts[0], intp=INT) as i:
            a_i, b_i = self._moved(self.a, self.b, i.index, 0)
            with cgutils.for_range(builder, self.counts[1], intp=INT) as j:
                a_j, b_j = self._moved(a_i, b_i, j.index, 1)
                with cgutils.for_range(builder, self.counts[2], intp=INT) as k:
                    self._step(*self._moved(a_j, b_j, k.index, 2))
        if self.kind.finish:
            self._finish()
        for (m, v), cell in self.sums.items():
            self._store(builder.load(cell), self._at(self.y, self.y_row, m, v))
        builder.ret_void()

    def _step(self, a: ir.Value, b: ir.Value) -> None:
        """One k: tile += A[:, k] * B[k, :]."""
        builder = self.builder
        bs = [self._load(builder.gep(b, [INT(v * self.vector.count)])) for v in range(self.shape[1])]
        for m in range(self.shape[0]):
            at = builder.gep(a, [builder.mul(INT(m), self.a_row)])
            element = None if self.kind.lanes else self._splat(builder.load(at))
            for v, b_v in enumerate(bs):
                factor = self._load(builder.gep(at, [INT(v * self.vector.count)])) if element is None else element
                cell = self.sums[m, v]
                builder.store(builder.call(self.fma, [factor, b_v, builder.load(cell)]), cell)

    def _finish(self) -> None:
        """Change sums to act(sum + bias + residual): z if z > 0, else slope * z, and 0 for slope 0 even at -inf."""
        builder, zero, slope = self.builder, ir.Constant(self.vector, None), self._splat(self.slope)
        flat = builder.fcmp_ordered("==", slope, zero)
        self._each(lambda z, m, v: builder.fadd(z, self._load(self._at(self.bias, INT(0), 0, v))))
        with builder.if_then(cgutils.is_not_null(builder, self.residual)):
            self._each(lambda z, m, v: builder.fadd(z, self._load(self._at(self.residual, self.residual_row, m, v))))
        self._each(lambda z, m, v: builder.select(builder.fcmp_ordered("<=", z, zero), builder.select(
            flat, zero, builder.fmul(z, slope)), z))

    def _each(self, change: Callable[[ir.Value, int, int], ir.Value]) -> None:
        for (m, v), cell in self.sums.items():
            self.builder.store(change(self.builder.load(cell), m, v), cell)

    def _moved(self, a: ir.Value, b: ir.Value, index: ir.Value, axis: int) -> tuple[ir.Value, ir.Value]:
        """Both pointers, `index` steps of loop `axis` on."""
        a_by, b_by = (self.builder.mul(index, strides[axis]) for strides in (self.a_strides, self.b_strides))
        return self.builder.gep(a, [a_by]), self.builder.gep(b, [b_by])

    def _at(self, pointer: ir.Value, row_step: ir.Value, m: int, v: int) -> ir.Value:
        row = self.builder.mul(INT(m), row_step)
        return self.builder.gep(pointer, [self.builder.add(row, INT(v * self.vector.count))])

    def _splat(self, value: ir.Value) -> ir.Value:
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(undefined, value, ir.IntType(32)(0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.vector.count), None)
        return self.builder.shuffle_vector(first, undefined, mask)

    def _load(self, pointer: ir.Value) -> ir.Value:
        typed = self.builder.bitcast(pointer, self.vector.as_pointer())
        return self.builder.load(typed, align=self.align)

    def _store(self, value: ir.Value, pointer: ir.Value) -> None:
        typed = self.builder.bitcast(pointer, self.vector.as_pointer())
        self.builder.store(value, typed, align=self.align)
