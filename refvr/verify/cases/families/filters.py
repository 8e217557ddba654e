"""Operations that came with STFAN: transposed and filter-adaptive convolution, and its change of colours."""
from __future__ import annotations

from refvr import ops
from refvr.autodiff import array_of, backward
from refvr.checkpoints import names
from refvr.types import DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import Answer, Family, bias, given, gradient, leaves, setting
from refvr.verify.cases.layout import channels_first, channels_last


def run_conv_transpose2d(case: Case, dtype: DType) -> Answer:
    """Transposed convolution and all its gradients; the case's weight is (c, o, i, j)."""
    x, weight, dy = given(case, "x", "weight", "dy")
    options = {name: setting(case, {name: default} | case.config, name, int)
               for name, default in (("stride", 1), ("padding", 0), ("output_padding", 0))}
    x_leaf, w_leaf, *biases = leaves(dtype, channels_last(x, dtype), names.our_layout(weight).swapaxes(2, 3),
                                     *bias(case))
    y = ops.conv_transpose2d(x_leaf, w_leaf, *biases, **options)
    backward(y, channels_last(dy, dtype))
    return Answer({"y": channels_first(array_of(y)), "dx": channels_first(gradient(x_leaf)),
                   "dweight": names.official_layout(gradient(w_leaf).swapaxes(2, 3))}
                  | dict(zip(("dbias",), map(gradient, biases))))


def run_fac(case: Case, dtype: DType) -> Answer:
    """Filter-adaptive convolution; the case's kernel is (n, c*k*k, h, w), channel after channel."""
    x, kernel, dy = given(case, "input", "kernel", "grad_output")
    n, c, h, w = x.shape
    kernel = kernel.reshape(n, c, -1, h, w).transpose(0, 3, 4, 2, 1)                # (n, h, w, k*k, c)
    x_leaf, kernel_leaf = leaves(dtype, channels_last(x, dtype), kernel)
    y = ops.fac(x_leaf, kernel_leaf, border=setting(case, case.meta, "padding", str))
    backward(y, channels_last(dy, dtype))
    return Answer({"output": channels_first(array_of(y)), "grad_input": channels_first(gradient(x_leaf)),
                   "grad_kernel": gradient(kernel_leaf).transpose(0, 4, 3, 1, 2).reshape(n, -1, h, w)})


CONV_TRANSPOSE2D = Family(run_conv_transpose2d)
FAC = Family(run_fac)
