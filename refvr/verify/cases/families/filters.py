"""Operations that came with STFAN: transposed and filter-adaptive convolution, and its change of colours."""
from __future__ import annotations

import numpy as np

from refvr import ops
from refvr.autodiff import backward
from refvr.checkpoints import names
from refvr.types import DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import Answer, Family, given, leaves, setting
from refvr.verify.cases.layout import channels_first, channels_last


def run_conv_transpose2d(case: Case, dtype: DType) -> Answer:
    """Transposed convolution and all its gradients; the case's weight is (c, o, i, j)."""
    x, weight, dy = given(case, "x", "weight", "dy")
    options = {name: setting(case, {name: default} | case.config, name, int)
               for name, default in (("stride", 1), ("padding", 0), ("output_padding", 0))}
    weight = names.our_layout(weight).swapaxes(2, 3)
    x, weight, bias = leaves(dtype, channels_last(x, dtype), weight, case.inputs.get("bias"))
    y = ops.conv_transpose2d(x, weight, bias, **options)
    backward(y, channels_last(dy, dtype))
    outputs = {"y": channels_first(y.data), "dx": channels_first(x.grad),
               "dweight": names.official_layout(weight.grad.swapaxes(2, 3))}
    return Answer(outputs if bias is None else outputs | {"dbias": bias.grad})


def run_fac(case: Case, dtype: DType) -> Answer:
    """Filter-adaptive convolution; the case's kernel is (n, c*k*k, h, w), channel after channel."""
    x, kernel, dy = given(case, "input", "kernel", "grad_output")
    n, c, h, w = x.shape
    kernel = kernel.reshape(n, c, -1, h, w).transpose(0, 3, 4, 2, 1)                # (n, h, w, k*k, c)
    x, kernel = leaves(dtype, channels_last(x, dtype), kernel)
    y = ops.fac(x, kernel, border=setting(case, case.meta, "padding", str))
    backward(y, channels_last(dy, dtype))
    return Answer({"output": channels_first(y.data), "grad_input": channels_first(x.grad),
                   "grad_kernel": np.reshape(kernel.grad.transpose(0, 4, 3, 1, 2), (n, -1, h, w))})


CONV_TRANSPOSE2D = Family(run_conv_transpose2d)
FAC = Family(run_fac)
