"""Norm and ReLU on the way into a strip, emitted as LLVM vector instructions over channels.

Written out for the reason that winograd_code.py has: three short arrays beside the input stay in registers while a run
of pixels goes by, and nothing has to be checked for overlap. The order of roundings is that of ops/batch_norm.py and
ops/pointwise.py, one after the other.
"""
from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils

from refvr.ops.core.jit import Code, intrinsic
from refvr.ops.kernels.microkernel import INT
from refvr.ops.kernels.winograd_code import Vectors, call


@intrinsic
def norm_relu(typing: object, x: types.Array, x_at: types.Type, mean: types.Array, mean_at: types.Type,
              scale: types.Array, scale_at: types.Type, shift: types.Array, shift_at: types.Type, to: types.Array,
              to_at: types.Type, to_pixel: types.Type, pixels: types.Type, channels: types.Type) -> Code:
    """to[to_at + p to_pixel + c] = max(0, (x[x_at + p channels + c] - mean[c]) scale[c] + shift[c]), all pixels p."""
    i8 = types.int64
    signature = types.void(x, i8, mean, i8, scale, i8, shift, i8, to, i8, i8, i8, i8)
    return signature, call("refvr_norm_relu", (0, 2, 4, 6, 8), (), _emit)


def _emit(vectors: Vectors, x: ir.Value, mean: ir.Value, scale: ir.Value, shift: ir.Value, to: ir.Value,
          to_pixel: ir.Value, pixels: ir.Value, channels: ir.Value) -> None:
    builder, zero = vectors.builder, ir.Constant(vectors.type, None)
    with vectors.each(channels) as at:
        means, scales, shifts = (vectors.load(builder.gep(part, [at])) for part in (mean, scale, shift))
        source, target = builder.gep(x, [at]), builder.gep(to, [at])
        with cgutils.for_range(builder, pixels, intp=INT) as pixel:
            seen = vectors.load(builder.gep(source, [builder.mul(pixel.index, channels)]))
            z = builder.fadd(builder.fmul(builder.fsub(seen, means), scales), shifts)
            z = builder.select(builder.fcmp_ordered("<=", z, zero), zero, z)  # NaN stays
            vectors.store(z, builder.gep(target, [builder.mul(pixel.index, to_pixel)]))
    builder.ret_void()
