"""Operations that fetch pixels between pixels: warp, grid_sample, and the two cubic resizes."""
from __future__ import annotations

from dataclasses import replace

import numpy as np

from refvr import ops
from refvr.autodiff import array_of, backward
from refvr.errors import InputError
from refvr.types import DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import Answer, Family, given, gradient, leaves, setting
from refvr.verify.cases.layout import channels_first, channels_last


def run_warp(case: Case, dtype: DType) -> Answer:
    """Border "replicate", coordinates in pixels: in exact arithmetic what the original's way by [-1, 1] comes to."""
    x, flow, dy = given(case, "x", "flow", "grad_out")
    x_leaf, flow_leaf = leaves(dtype, channels_last(x, dtype), channels_last(flow, dtype))
    y = ops.warp(x_leaf, flow_leaf)
    backward(y, channels_last(dy, dtype))
    return Answer({"out": channels_first(array_of(y)), "grad_x": channels_first(gradient(x_leaf)),
                   "grad_flow": _where_safe(case, channels_first(gradient(flow_leaf)))})


def _where_safe(case: Case, dflow: np.ndarray) -> np.ndarray:
    """0 where the case says that the gradient for the flow is not comparable.

    On a pixel the original's rounding of [-1, 1] coordinates decides which side it takes.
    """
    (safe,) = given(case, "grad_flow_safe")
    return np.where(safe[:, None] == 1, dflow, 0)


def _warp_case(case: Case) -> Case:
    """The case without what is not comparable, which would otherwise pass for float32 noise."""
    outputs, outputs64 = ({name: _where_safe(case, array) if name == "grad_flow" else array
                           for name, array in arrays.items()} for arrays in (case.outputs, case.outputs64))
    return replace(case, outputs=outputs, outputs64=outputs64)


_BORDERS = {"zeros": "zero", "border": "replicate", "reflection": "reflection"}  # PyTorch's name: ours


def run_grid_sample(case: Case, dtype: DType) -> Answer:
    """Every border, corners aligned and not."""
    x, grid, dy = given(case, "x", "grid", "grad_out")
    outputs: dict[str, np.ndarray] = {}
    for theirs, border in _BORDERS.items():
        for corners in (0, 1):
            x_leaf, grid_leaf = leaves(dtype, channels_last(x, dtype), grid)
            y = ops.grid_sample(x_leaf, grid_leaf, border=border, align_corners=bool(corners))
            backward(y, channels_last(dy, dtype))
            key = f"{theirs}_ac{corners}"
            outputs |= {f"out_{key}": channels_first(array_of(y)), f"grad_x_{key}": channels_first(gradient(x_leaf)),
                        f"grad_grid_{key}": gradient(grid_leaf)}
    return Answer(outputs)


_SPECIAL = 7  # the first grid points of each case are corners, the middle, and places outside


def _grid_sample_case(case: Case) -> Case:
    """At exact corners the original's float32 run may take another side than its float64 run: a jump, and no noise.

    The float64 answer replaces the float32 one there; ours is judged by it like everywhere else.
    """
    outputs = dict(case.outputs)
    for name in outputs.keys() & case.outputs64.keys():
        if name.startswith("grad_grid"):
            outputs[name] = outputs[name].copy()
            outputs[name][0, 0, :_SPECIAL] = case.outputs64[name][0, 0, :_SPECIAL]
    return replace(case, outputs=outputs)


def run_cubic(case: Case, dtype: DType) -> Answer:
    """OpenCV's cubic, four times larger, in the types of the case: its arithmetic is the operation."""
    return Answer({f"{name}_x4": ops.resize_cubic(np.ascontiguousarray(x[None]), 4)[0]
                   for name, x in case.inputs.items()})


_SCALES = {"half": 0.5, "x2": 2.0, "quarter": 0.25}


def run_imresize(case: Case, dtype: DType) -> Answer:
    """NAME_half, NAME_x2 and NAME_quarter of the inputs NAME, antialiased."""
    outputs = {}
    for key in case.outputs:
        name, _, scale = key.rpartition("_")
        if scale not in _SCALES:
            raise InputError(f"{case.path}: got output {key!r}, expected a name ending in {', '.join(_SCALES)}")
        outputs[key] = ops.imresize(given(case, name)[0][None].astype(dtype), _SCALES[scale])[0]
    return Answer(outputs)


def run_imresize_scales(case: Case, dtype: DType) -> Answer:
    """y_SIZE_... of the inputs x_SIZE, with scale and antialiasing from the case."""
    outputs, settings = {}, setting(case, case.meta, "cases", dict)
    for key in case.outputs:
        chosen = setting(case, settings, key.removeprefix("y_"), dict)
        (x,) = given(case, f"x_{key.split('_')[1]}")
        outputs[key] = ops.imresize(x[None].astype(dtype), setting(case, chosen, "scale", float),
                                    antialias=setting(case, chosen, "antialiasing", bool))[0]
    return Answer(outputs)


WARP = Family(run_warp, prepare=_warp_case)
GRID_SAMPLE = Family(run_grid_sample, prepare=_grid_sample_case)
CUBIC = Family(run_cubic, exact=True)
IMRESIZE = Family(run_imresize)
IMRESIZE_SCALES = Family(run_imresize_scales)
