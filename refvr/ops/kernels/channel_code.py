"""Loops over the channels of a pixel, emitted as LLVM vector instructions: eight at a time, then the rest one by one.

A loop in Numba over so few elements stays one by one, because what is written may be what is read next. Here it is
known that it is not, or that it is the same element. Multiplications and additions are rounded each, so vectors of
other widths give the same bits; sums over channels are eight sums, added in pairs, then the rest.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.base import BaseContext
from numba.core.typing.templates import Signature

from refvr.ops.core.jit import Code, intrinsic, kernel

_LANES = 8
_INT, _I8 = ir.IntType(64), types.int64


class _Loop:
    """Code for one element or vector of elements: `at` counts channels."""

    def __init__(self, builder: ir.IRBuilder, kind: ir.Type, at: ir.Value, align: int) -> None:
        self.builder, self.kind, self.at, self.align = builder, kind, at, align

    def splat(self, value: ir.Value) -> ir.Value:
        """A number for each lane."""
        if not isinstance(self.kind, ir.VectorType):
            return value
        undefined = ir.Constant(self.kind, ir.Undefined)
        first = self.builder.insert_element(undefined, value, ir.IntType(32)(0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), _LANES), None)
        return self.builder.shuffle_vector(first, undefined, zeros)

    def _place(self, pointer: ir.Value) -> ir.Value:
        return self.builder.bitcast(self.builder.gep(pointer, [self.at]), self.kind.as_pointer())

    def load(self, pointer: ir.Value) -> ir.Value:
        """The channels at `pointer`."""
        return self.builder.load(self._place(pointer), align=self.align)

    def store(self, value: ir.Value, pointer: ir.Value) -> None:
        """The reverse of `load`."""
        self.builder.store(value, self._place(pointer), align=self.align)

    def add(self, pointer: ir.Value, value: ir.Value) -> None:
        """Add to the channels at `pointer`."""
        self.store(self.builder.fadd(self.load(pointer), value), pointer)

    def sum(self, *terms: tuple[ir.Value, ir.Value]) -> ir.Value:
        """The sum of a * b, from the first pair on."""
        products = [self.builder.fmul(a, b) for a, b in terms]
        total = products[0]
        for product in products[1:]:
            total = self.builder.fadd(total, product)
        return total


def _each(builder: ir.IRBuilder, number: ir.Type, align: int, count: ir.Value,
          body: Callable[[_Loop], Sequence[ir.Value]], sums: int = 0) -> list[ir.Value]:
    """Emit `body` for vectors and for what is left; the sums over channels of what it returns."""
    vector, lanes = ir.VectorType(number, _LANES), _INT(_LANES)
    whole = builder.sdiv(count, lanes)
    found = []
    for kind, first, loops, step in ((vector, _INT(0), whole, lanes),
                                     (number, builder.mul(whole, lanes), builder.srem(count, lanes), _INT(1))):
        cells = [cgutils.alloca_once_value(builder, ir.Constant(kind, None)) for _ in range(sums)]
        for cell in cells:
            builder.store(ir.Constant(kind, None), cell)
        with cgutils.for_range(builder, loops, intp=_INT) as loop:
            at = builder.add(first, builder.mul(loop.index, step))
            for cell, value in zip(cells, body(_Loop(builder, kind, at, align))):
                builder.store(builder.fadd(builder.load(cell), value), cell)
        found.append([builder.load(cell) for cell in cells])
    return [builder.fadd(_pairs(builder, wide), rest) for wide, rest in zip(*found)]


def _pairs(builder: ir.IRBuilder, vector: ir.Value) -> ir.Value:
    """Lanes k and k + 4 are added, then k and k + 2, then both."""
    half = _LANES // 2
    while half:
        mask = ir.Constant(ir.VectorType(ir.IntType(32), half), list(range(half)))
        other = ir.Constant(ir.VectorType(ir.IntType(32), half), list(range(half, 2 * half)))
        undefined = ir.Constant(vector.type, ir.Undefined)
        vector = builder.fadd(builder.shuffle_vector(vector, undefined, mask),
                              builder.shuffle_vector(vector, undefined, other))
        half //= 2
    return builder.extract_element(vector, ir.IntType(32)(0))


def _pointer(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: Sequence[ir.Value], k: int) -> ir.Value:
    """To element args[k + 1] of the flat array args[k]."""
    return builder.gep(context.make_array(sig.args[k])(context, builder, args[k]).data, [args[k + 1]])


def _add_scaled(typing: object, factor: types.Type, x: types.Array, x_at: types.Type, y: types.Array, y_at: types.Type,
                count: types.Type) -> Code:
    """y[y_at + c] += factor * x[x_at + c] for c < count; flat arrays of one type."""
    def codegen(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: Sequence[ir.Value]) -> ir.Value:
        number = context.get_value_type(x.dtype)
        source, target = (_pointer(context, builder, sig, args, k) for k in (1, 3))

        def body(loop: _Loop) -> Sequence[ir.Value]:
            loop.add(target, builder.fmul(loop.splat(args[0]), loop.load(source)))
            return ()

        _each(builder, number, context.get_abi_sizeof(number), args[5], body)
        return context.get_dummy_value()

    return types.void(x.dtype, x, _I8, y, _I8, _I8), codegen


def _blend_pairs(typing: object, shares: types.Type, x: types.Array, at: types.Type, y: types.Array, y_at: types.Type,
                 count: types.Type) -> Code:
    """y = s4 (s0 x0 + s1 x1) + s5 (s2 x2 + s3 x3) for `count` channels, xk those from at[k] on."""
    def codegen(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: Sequence[ir.Value]) -> ir.Value:
        number = context.get_value_type(x.dtype)
        data = context.make_array(sig.args[1])(context, builder, args[1]).data
        sources = [builder.gep(data, [place]) for place in cgutils.unpack_tuple(builder, args[2])]
        target, factors = _pointer(context, builder, sig, args, 3), cgutils.unpack_tuple(builder, args[0])

        def body(loop: _Loop) -> Sequence[ir.Value]:
            x0, x1, x2, x3 = (loop.load(source) for source in sources)
            s0, s1, s2, s3, s4, s5 = (loop.splat(factor) for factor in factors)
            loop.store(loop.sum((s4, loop.sum((s0, x0), (s1, x1))), (s5, loop.sum((s2, x2), (s3, x3)))), target)
            return ()

        _each(builder, number, context.get_abi_sizeof(number), args[5], body)
        return context.get_dummy_value()

    return types.void(types.UniTuple(x.dtype, 6), x, types.UniTuple(_I8, 4), y, _I8, _I8), codegen


def _blend_corners(typing: object, shares: types.Type, x: types.Array, x_at: types.Type, at: types.Type, y: types.Array,
                   y_at: types.Type, count: types.Type) -> Code:
    """y = ((s0 x0 + s1 x1) + s2 x2) + s3 x3 for `count` channels, xk those of the image at x_at from at[k] on."""
    def codegen(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: Sequence[ir.Value]) -> ir.Value:
        number = context.get_value_type(x.dtype)
        image, target = (_pointer(context, builder, sig, args, k) for k in (1, 4))
        sources = [builder.gep(image, [place]) for place in cgutils.unpack_tuple(builder, args[3])]
        factors = cgutils.unpack_tuple(builder, args[0])

        def body(loop: _Loop) -> Sequence[ir.Value]:
            terms = [(loop.load(source), loop.splat(factor)) for factor, source in zip(factors, sources)]
            loop.store(loop.sum(*terms), target)
            return ()

        _each(builder, number, context.get_abi_sizeof(number), args[6], body)
        return context.get_dummy_value()

    return types.void(types.UniTuple(x.dtype, 4), x, _I8, types.UniTuple(_I8, 4), y, _I8, _I8), codegen


def _corner_gradients(with_dx: bool, with_col: bool) -> Callable[..., tuple[float, float, float]]:
    """The function below, with parts left out."""
    def corner_gradients(typing: object, parts: types.Type, seen: types.Type, x: types.Array, x_at: types.Type,
                         at: types.Type, g: types.Array, g_at: types.Type, dx: types.Array, dx_at: types.Type,
                         col: types.Array, col_at: types.Type, count: types.Type) -> Code:
        """The gradients of m * sample, a sample of x between four corners, given that of the result, g.

        parts   (b, a, m): how far below the first corner, how far to its right, the factor
        seen    of each corner whether it is one of the image; otherwise it counts as 0, but is read
        at      first channel of the corners in the images x and dx, which begin at x_at and dx_at
        dx      += g m (share of the corner);  col = m * sample
        Returns the sums over channels: g sample, and g m times the derivatives of the sample by b and by a.
        """
        def codegen(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: Sequence[ir.Value]) -> ir.Value:
            number = context.get_value_type(x.dtype)
            align = context.get_abi_sizeof(number)
            data, gradient, target, kept = (_pointer(context, builder, sig, args, k) for k in (2, 5, 7, 9))
            flags, places = (cgutils.unpack_tuple(builder, args[k]) for k in (1, 4))
            b, a, m = cgutils.unpack_tuple(builder, args[0])
            one = ir.Constant(number, 1.0)
            up, left = builder.fsub(one, b), builder.fsub(one, a)
            shares = [builder.fmul(v, u) for v in (up, b) for u in (left, a)]

            def body(loop: _Loop, whole: bool) -> Sequence[ir.Value]:
                def counted(value: ir.Value, flag: ir.Value) -> ir.Value:
                    return value if whole else builder.select(flag, value, ir.Constant(loop.kind, None))

                values = [counted(loop.load(builder.gep(data, [place])), flag) for place, flag in zip(places, flags)]
                v0, v1, v2, v3 = values
                value = loop.sum(*((loop.splat(share), v) for share, v in zip(shares, values)))
                given = loop.load(gradient)
                if with_col:
                    loop.store(builder.fmul(value, loop.splat(m)), kept)
                scaled = builder.fmul(given, loop.splat(m))
                for share, place, flag in zip(shares if with_dx else (), places, flags):
                    loop.add(builder.gep(target, [place]), counted(builder.fmul(scaled, loop.splat(share)), flag))
                down = loop.sum((loop.splat(left), builder.fsub(v2, v0)), (loop.splat(a), builder.fsub(v3, v1)))
                across = loop.sum((loop.splat(up), builder.fsub(v1, v0)), (loop.splat(b), builder.fsub(v3, v2)))
                return builder.fmul(given, value), builder.fmul(scaled, down), builder.fmul(scaled, across)

            cells = [cgutils.alloca_once(builder, number) for _ in range(3)]
            inside = builder.and_(builder.and_(flags[0], flags[1]), builder.and_(flags[2], flags[3]))
            with builder.if_else(inside) as branches:
                for branch, whole in zip(branches, (True, False)):
                    with branch:
                        for cell, value in zip(cells, _each(builder, number, align, args[11],
                                                            partial(body, whole=whole), sums=3)):
                            builder.store(value, cell)
            return context.make_tuple(builder, sig.return_type, [builder.load(cell) for cell in cells])

        return types.UniTuple(x.dtype, 3)(types.UniTuple(x.dtype, 3), types.UniTuple(types.boolean, 4), x, _I8,
                                          types.UniTuple(_I8, 4), g, _I8, dx, _I8, col, _I8, _I8), codegen
    return intrinsic(corner_gradients)


# Their first argument is Numba's, not the caller's.
add_scaled: Callable[..., None] = intrinsic(_add_scaled)
blend_pairs: Callable[..., None] = intrinsic(_blend_pairs)
blend_corners: Callable[..., None] = intrinsic(_blend_corners)
corner_gradients = _corner_gradients(with_dx=True, with_col=False)
corner_slopes = _corner_gradients(with_dx=False, with_col=False)
corner_samples = _corner_gradients(with_dx=True, with_col=True)


@kernel
def corners(i: int, j: int, h: int, w: int, channels: int) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """Where the pixels around a place lie in an image, each moved into it, and whether it was there before."""
    above, below = min(max(i, 0), h - 1) * w * channels, min(max(i + 1, 0), h - 1) * w * channels
    left, right = min(max(j, 0), w - 1) * channels, min(max(j + 1, 0), w - 1) * channels
    top, bottom, near, far = 0 <= i < h, -1 <= i < h - 1, 0 <= j < w, -1 <= j < w - 1
    return ((above + left, above + right, below + left, below + right),
            (top and near, top and far, bottom and near, bottom and far))
