"""The inner loops of depthwise convolutions, emitted as LLVM vector instructions.

    run[p, o] = sum_{i,j,c} strip[i, p*s + j, c, o] * b[i, j, c, o]        one chain of fma each, i, j, c in order

A run is a row of output pixels times one vector of output channels, held in registers. Each vector of input is loaded
once for a row of the kernel and serves all taps that see it, up to five; a tile of the general microkernel would load
it for every tap. The kernel's columns, stride and group are constants of the code, so only the common ones exist.

A pixel of a strip holds, for one vector of channels, the first input of each group, then the second ... With several
outputs of each input it holds the inputs once; a run loads its part and repeats the elements in the register.
"""
from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.base import BaseContext
from numba.core.typing.templates import Signature

from refvr.ops.core.jit import Code, intrinsic
from refvr.ops.kernels.microkernel import INT, Emitter, fma_of, vector_bytes


class Kind(NamedTuple):
    """The constants of one family of runs."""

    columns: int  # kw
    stride: int
    inputs: int  # of a group
    outputs: int  # of a group


GROUPS = ((1, 1), (4, 1), (1, 4))  # inputs and outputs of a group
KINDS = tuple(Kind(columns, stride, *group) for columns in (3, 5) for stride in (1, 2) for group in GROUPS)
_FIELDS = 5  # of Kind, and pixels


def runs(pixels: tuple[int, ...]) -> Callable[..., None]:
    """A function for use inside of compiled code that computes one run of one of these lengths.

    f(columns, stride, inputs, outputs, pixels, a, a_at, a_row, first, ring, b, b_at, y, y_at, y_pixel,
      bias, bias_at, residual, residual_at, residual_pixel, slope)

    Kernel row i reads row (first + i) % ring of the strip `a`, rows `a_row` apart. `ring` is also the kernel's height.
    """
    @intrinsic
    def call(typing: object, columns: types.Type, stride: types.Type, inputs: types.Type, outputs: types.Type,
             length: types.Type, a: types.Array, a_at: types.Type, a_row: types.Type, first: types.Type,
             ring: types.Type, b: types.Array, b_at: types.Type, y: types.Array, y_at: types.Type, y_pixel: types.Type,
             bias: types.Array, bias_at: types.Type, residual: types.Array, residual_at: types.Type,
             residual_pixel: types.Type, slope: types.Type) -> Code:
        i8 = types.int64
        signature = types.void(i8, i8, i8, i8, i8, a, i8, i8, i8, i8, b, i8, y, i8, i8, bias, i8, residual, i8, i8,
                               a.dtype)

        def codegen(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: Sequence[ir.Value]) -> ir.Value:
            def at(array: int) -> ir.Value:
                data = context.make_array(sig.args[array])(context, builder, args[array]).data
                return builder.gep(data, [args[array + 1]])

            number = context.get_value_type(a.dtype)
            size = context.make_array(sig.args[17])(context, builder, args[17]).nitems
            rest = builder.select(builder.icmp_signed(">", size, INT(0)), at(17),
                                  ir.Constant(number.as_pointer(), None))
            passed = [at(5), *args[7:10], at(10), at(12), args[14], at(15), rest, *args[19:]]
            lanes = vector_bytes() // context.get_abi_sizeof(number)
            for kind, p in ((kind, p) for kind in KINDS if lanes % kind.outputs == 0 for p in pixels):
                wanted = [builder.icmp_signed("==", arg, INT(k)) for arg, k in zip(args[:_FIELDS], (*kind, p))]
                with builder.if_then(functools.reduce(builder.and_, wanted)):
                    builder.call(_function(builder.module, kind, p, number, lanes), passed)
            return context.get_dummy_value()

        return signature, codegen
    return call


def _function(module: ir.Module, kind: Kind, pixels: int, number: ir.Type, lanes: int) -> ir.Function:
    """One run in `module`; not inlined, to have all registers to itself."""
    name = "refvr_run_" + "_".join(map(str, (*kind, pixels, number)))
    if name in module.globals:
        return module.globals[name]
    pointer = number.as_pointer()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [
        pointer, *[INT] * 3, pointer, pointer, INT, pointer, pointer, INT, number]), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    _Run(function, kind, pixels, ir.VectorType(number, lanes), fma_of(module, number, lanes)).emit()
    return function


class _Run(Emitter):
    """Writes the body of one run."""

    def __init__(self, function: ir.Function, kind: Kind, pixels: int, vector: ir.VectorType, fma: ir.Function) -> None:
        self.run, self.pixels, self.vector, self.fma = kind, pixels, vector, fma
        self.builder = ir.IRBuilder(function.append_basic_block())
        self.a, self.a_row, self.first, self.ring, self.b, self.y, self.y_row = function.args[:7]
        self.bias, self.residual, self.residual_row, self.slope = function.args[7:]
        self.align = 4 if isinstance(vector.element, ir.FloatType) else 8

    def emit(self) -> None:
        """Start the sums, walk the kernel's rows, store what came out."""
        builder, kind, lanes = self.builder, self.run, self.vector.count
        self.sums = {(p, 0): cgutils.alloca_once(builder, self.vector) for p in range(self.pixels)}
        for cell in self.sums.values():
            builder.store(ir.Constant(self.vector, None), cell)
        with cgutils.for_range(builder, self.ring, intp=INT) as i:
            slot = builder.add(self.first, i.index)
            slot = builder.select(builder.icmp_signed(">=", slot, self.ring), builder.sub(slot, self.ring), slot)
            row = builder.gep(self.a, [builder.mul(slot, self.a_row)])
            b = builder.gep(self.b, [builder.mul(i.index, INT(kind.columns * kind.inputs * lanes))])
            self._row(row, b)
        self._finish()
        for (p, _), cell in self.sums.items():
            self._store(builder.load(cell), self._at(self.y, self.y_row, p, 0))
        builder.ret_void()

    def _row(self, row: ir.Value, b: ir.Value) -> None:
        """One row of the kernel: input pixel q is tap j = q - p * s of output pixel p."""
        builder, kind, lanes = self.builder, self.run, self.vector.count
        taps = {(j, c): self._load(builder.gep(b, [INT((j * kind.inputs + c) * lanes)]))
                for j in range(kind.columns) for c in range(kind.inputs)}
        for q in range((self.pixels - 1) * kind.stride + kind.columns):
            seeing = [(p, q - p * kind.stride) for p in range(self.pixels) if 0 <= q - p * kind.stride < kind.columns]
            for c in range(kind.inputs):
                seen = self._input(builder.gep(row, [INT((q * kind.inputs + c) * lanes)]))
                for p, j in seeing:
                    cell = self.sums[p, 0]
                    builder.store(builder.call(self.fma, [seen, taps[j, c], builder.load(cell)]), cell)

    def _input(self, pointer: ir.Value) -> ir.Value:
        """A vector of input, each element repeated for the outputs of its group."""
        each = self.run.outputs
        if each == 1:
            return self._load(pointer)
        few = ir.VectorType(self.vector.element, self.vector.count // each)
        part = self.builder.load(self.builder.bitcast(pointer, few.as_pointer()), align=self.align)
        return _pick(self.builder, part, part, [lane // each for lane in range(self.vector.count)])


@intrinsic
def copy_planes(typing: object, inputs: types.Type, x: types.Array, x_at: types.Type, x_pixel: types.Type,
                strip: types.Array, at: types.Type, plane: types.Type, planes: types.Type, pixels: types.Type) -> Code:
    """Copy `pixels` pixels, `x_pixel` apart, into `planes` planes, `plane` apart, of a strip.

    With four inputs to a group the four vectors of a plane's pixel come out sorted by their place in the group.
    """
    i8 = types.int64
    signature = types.void(i8, x, i8, i8, strip, i8, i8, i8, i8)

    def codegen(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: Sequence[ir.Value]) -> ir.Value:
        data = [builder.gep(context.make_array(sig.args[k])(context, builder, args[k]).data, [args[k + 1]])
                for k in (1, 4)]
        number = context.get_value_type(x.dtype)
        lanes = vector_bytes() // context.get_abi_sizeof(number)
        vector = ir.VectorType(number, lanes)
        for count in sorted({inputs for inputs, _ in GROUPS}):
            wanted = builder.icmp_signed("==", args[0], INT(count))
            with builder.if_then(wanted), cgutils.for_range(builder, args[8], intp=INT) as pixel:
                seen = builder.gep(data[0], [builder.mul(pixel.index, args[3])])
                to = builder.gep(data[1], [builder.mul(pixel.index, INT(count * lanes))])
                with cgutils.for_range(builder, args[7], intp=INT) as k:
                    _sort(builder, builder.gep(seen, [builder.mul(k.index, INT(count * lanes))]),
                          builder.gep(to, [builder.mul(k.index, args[6])]), vector, count)
        return context.get_dummy_value()

    return signature, codegen


def _sort(builder: ir.IRBuilder, source: ir.Value, to: ir.Value, vector: ir.VectorType, count: int) -> None:
    """to[c, lane] = source[lane, c] for one vector of groups of 1 or 4 inputs."""
    lanes, align = vector.count, 4 if isinstance(vector.element, ir.FloatType) else 8
    places = [INT(k * lanes) for k in range(count)]
    loaded = [builder.load(builder.bitcast(builder.gep(source, [k]), vector.as_pointer()), align=align) for k in places]
    for c, place in enumerate(places):
        value = loaded[c]
        if count == 4:
            chosen = list(range(c, 2 * lanes, 4))
            value = _pick(builder, _pick(builder, loaded[0], loaded[1], chosen),
                          _pick(builder, loaded[2], loaded[3], chosen), list(range(lanes)))
        builder.store(value, builder.bitcast(builder.gep(to, [place]), vector.as_pointer()), align=align)


def _pick(builder: ir.IRBuilder, a: ir.Value, b: ir.Value, places: list[int]) -> ir.Value:
    """The elements at `places` of a and b laid end to end."""
    mask = ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places)
    return builder.shuffle_vector(a, b, mask)
