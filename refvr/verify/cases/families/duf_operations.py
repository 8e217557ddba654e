"""The operations of DUF: 3-D convolution, dynamic upsampling, how small frames are made, and its scores."""
from __future__ import annotations

from dataclasses import replace

import numpy as np

from refvr import ops
from refvr.autodiff import array_of, backward
from refvr.degrade.duf import downsample, duf_kernel, low_resolution
from refvr.errors import InputError
from refvr.metrics import PROTOCOLS, colour, score
from refvr.types import DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import Answer, Family, bias, given, gradient, leaves, setting, suffixes


def run_conv3d(case: Case, dtype: DType) -> Answer:
    """3-D convolution; x (n, c, t, h, w), weight (o, c, f, i, j); without padding where the case names none."""
    x, weight, dy = given(case, "x", "weight", "dy")
    padding = setting(case, {"padding": (0, 0, 0)} | case.config, "padding", tuple)
    x_leaf, w_leaf, *biases = leaves(dtype, np.moveaxis(x, 1, -1), weight.transpose(2, 3, 4, 1, 0), *bias(case))
    y = ops.conv3d(x_leaf, w_leaf, *biases, padding=padding)
    backward(y, np.ascontiguousarray(np.moveaxis(dy, 1, -1), dtype))
    return Answer({"y": np.moveaxis(array_of(y), -1, 1), "dx": np.moveaxis(gradient(x_leaf), -1, 1),
                   "dweight": gradient(w_leaf).transpose(4, 3, 0, 1, 2)} | dict(zip(("dbias",), map(gradient, biases))))


def run_dynamic_filters(case: Case, dtype: DType) -> Answer:
    """One colour plane (n, 1, h, w), logits (n, h, w, 25, s s); the residual has three colours."""
    outputs: dict[str, np.ndarray] = {}
    for scale in suffixes(case.inputs, "x_r"):
        x, logits, residual = (array.astype(dtype) for array in given(case, *(f"{name}_r{scale}" for name in (
            "x", "logits", "res"))))
        s, plane = int(scale), x[:, 0, :, :, None]                                         # (n, h, w, 1)
        flat = logits.reshape(*logits.shape[:3], -1)
        enlarged = array_of(ops.dynamic_upsample(plane, flat, s=s))
        colours = array_of(ops.dynamic_upsample(np.zeros_like(plane).repeat(3, -1), flat, residual[:, 0], s=s))
        outputs |= {f"softmax_r{scale}": array_of(ops.dynamic_filters(flat, s)), f"up_r{scale}": enlarged,
                    f"filtered_r{scale}": array_of(ops.pixel_unshuffle(enlarged, s, "tf")),
                    f"res_up_r{scale}": colours[:, None]}
    return Answer(outputs)


def run_downsample(case: Case, dtype: DType) -> Answer:
    """down_* is the operation alone, lr_* what the authors' test makes of the same frames."""
    scale = setting(case, case.config, "scale", int)
    outputs: dict[str, np.ndarray] = {}
    for size in suffixes(case.inputs, "hr_"):
        frames = case.inputs[f"hr_{size}"].astype(dtype)
        small = downsample(frames, scale)
        outputs |= {f"down_{size}": small, f"down_crop_{size}": small[:, 2:-2, 2:-2],
                    f"lr_{size}": low_resolution(frames, scale)}
    return Answer(outputs | {"kernel": duf_kernel(scale)})


def run_metrics(case: Case, dtype: DType) -> Answer:
    """Scores of 8-bit clips, of floats, and of floats cut off to levels; in float64, whatever the run is in."""
    whole = [array / 255.0 for array in given(case, "pred_u8", "true_u8")]
    floats = given(case, "pred_f", "true_f")
    if any(array.shape != whole[0].shape for array in (whole[1], *floats)):
        raise InputError(f"{case.path}: got clips of different shapes, expected four of one shape")
    everything = replace(PROTOCOLS["duf"], border_px=0, border_frames=0)
    scores = {"avg_psnr_tb2_sb8": score("duf", *whole), "avg_psnr_tb0_sb0": score(everything, *whole),
              "avg_psnr_float_inputs": score("duf", *floats),
              "avg_psnr_testpy_truncated": score("duf-printed", *floats)}
    return Answer({name: np.asarray(found.psnr) for name, found in scores.items()}
                  | {"ycbcr_true": 255 * colour.ycbcr(whole[1])})


_NOISE = "specification of DUF, float32 against float64"
CONV3D = Family(run_conv3d)
DYNAMIC_FILTERS = Family(run_dynamic_filters)
DOWNSAMPLE = Family(run_downsample, floor=6.5e-7, stated=_NOISE, floor_for=("down*", "lr*"))
METRICS = Family(run_metrics)
