"""The operations of EDVR, which sample and pool: forward, and the gradients of sum(y * dy)."""
from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from refvr import ops
from refvr.autodiff import Tensor, array_of, backward
from refvr.checkpoints import names
from refvr.errors import InputError
from refvr.types import Array, DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import Answer, Family, given, gradient, leaves, setting, suffixes
from refvr.verify.cases.layout import channels_first, channels_last


def run_deform_conv2d(case: Case, dtype: DType) -> Answer:
    """Deformable convolution; the channels of offsets and masks are in our order already."""
    x, offset, mask, weight, bias, dy = given(case, "x", "offset", "mask", "weight", "bias", "grad_out")
    options = {name: setting(case, case.config, name, int) for name in ("stride", "padding", "dilation", "groups")}
    operands = leaves(dtype, *(channels_last(array, dtype) for array in (x, offset, mask)), names.our_layout(weight),
                      bias)
    y = ops.deform_conv2d(*operands, **options)
    backward(y, channels_last(dy, dtype))
    *images, dweight, dbias = map(gradient, operands)
    outputs = {"out": channels_first(array_of(y)), "grad_weight": names.official_layout(dweight), "grad_bias": dbias}
    for name, image in zip(("grad_input", "grad_offset", "grad_mask"), images):
        outputs[name] = channels_first(image)
    return Answer(outputs)


def _with_gradient(operation: Callable[[Array], Array], x: np.ndarray, dy: np.ndarray, dtype: DType
                   ) -> tuple[np.ndarray, np.ndarray]:
    """(y, dx) in the layout of the case."""
    leaf = Tensor(channels_last(x, dtype))
    y = operation(leaf)
    backward(y, channels_last(dy, dtype))
    return channels_first(array_of(y)), channels_first(gradient(leaf))


def run_bilinear_resize(case: Case, dtype: DType) -> Answer:
    """y_HxW_sS_acA: scaled by S; y_HxW_toHxW_acA: to a size; g_* where the case has one is dy, gx_* is dx."""
    outputs = {}
    for name in suffixes(case.outputs, "y_"):
        found = re.fullmatch(r"(\d+x\d+)_(?:s([\d.]+)|to(\d+)x(\d+))_ac([01])", name)
        if not found:
            raise InputError(f"{case.path}: cannot read y_{name}, expected y_12x16_s2_ac0 or y_12x16_to25x47_ac1")
        (x,), corners = given(case, f"x_{found[1]}"), found[5] == "1"
        how: dict[str, Any] = {"scale": float(found[2])} if found[2] else {"size": (int(found[3]), int(found[4]))}

        def resize(x: Array, how: dict[str, Any] = how, corners: bool = corners) -> Array:
            return ops.resize_bilinear(x, **how, align_corners=corners)

        if f"g_{name}" in case.inputs:
            outputs[f"y_{name}"], outputs[f"gx_{name}"] = _with_gradient(resize, x, case.inputs[f"g_{name}"], dtype)
        else:
            outputs[f"y_{name}"] = channels_first(array_of(resize(channels_last(x, dtype))))
    return Answer(outputs)


_SCALES = {"half": 0.5, "quarter": 0.25, "x2": 2.0, "x4": 4.0}


def run_interp_bilinear(case: Case, dtype: DType) -> Answer:
    """outK_SCALE of xK, and grad_xK_SCALE."""
    outputs = {}
    for name in suffixes(case.outputs, "out"):
        number, _, word = name.partition("_")
        if word not in _SCALES:
            raise InputError(f"{case.path}: cannot read out{name}, expected out0_ and one of {', '.join(_SCALES)}")
        x, dy = given(case, f"x{number}", f"grad_out{name}")
        outputs[f"out{name}"], outputs[f"grad_x{name}"] = _with_gradient(
            partial(ops.resize_bilinear, scale=_SCALES[word]), x, dy, dtype)
    return Answer(outputs)


def run_max_pool(case: Case, dtype: DType) -> Answer:
    """outK and grad_xK of xK; 3x3, stride 2."""
    outputs = {}
    for number in suffixes(case.inputs, "x"):
        x, dy = given(case, f"x{number}", f"grad_out{number}")
        outputs[f"out{number}"], outputs[f"grad_x{number}"] = _with_gradient(ops.max_pool, x, dy, dtype)
    return Answer(outputs)


DEFORM_CONV2D = Family(run_deform_conv2d)
BILINEAR_RESIZE = Family(run_bilinear_resize)
INTERP_BILINEAR = Family(run_interp_bilinear)
MAX_POOL = Family(run_max_pool)
