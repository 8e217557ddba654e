"""EDVR: the network with flips and padding, its gradients, and what its driver and its training are made of."""
from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from refvr import ops
from refvr.autodiff import Tensor, array_of, backward
from refvr.checkpoints import names_edvr
from refvr.checkpoints.releases import release
from refvr.errors import InputError
from refvr.metrics import PROTOCOLS, colour, score
from refvr.networks.edvr import EDVR, Config
from refvr.nn import Trace
from refvr.pipeline.edvr import FLIPS, frame_indices
from refvr.pipeline.pad import crop, pad_to_multiple
from refvr.plan.memory import Planned
from refvr.train.optim import Adam
from refvr.train.schedules import cosine_restarts
from refvr.types import DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import Answer, Family, given, gradient, gradients, heard, overheard, setting
from refvr.verify.cases.families.training_parts import listed
from refvr.verify.cases.layout import channels_first, channels_last, slices

# Config field -> name in the cases
_SETTINGS = {"frames": ("num_frame", int), "features": ("num_feat", int), "offset_groups": ("deformable_groups", int),
             "extract_blocks": ("num_extract_block", int), "reconstruct_blocks": ("num_reconstruct_block", int),
             "centre": ("center_frame_idx", int), "hr_in": ("hr_in", bool), "predeblur": ("with_predeblur", bool),
             "tsa": ("with_tsa", bool)}

# Name in the cases -> name in our trace; F is the frame that the case follows.
_TRACE = {
    "predeblur_out": "predeblur", "extract_in": "features_in", "feat_l1": "features", "feat_l2": "conv_l2_2",
    "feat_l3": "conv_l3_2",
    **{f"pcd_l{k}_{what}": f"frameF.pcd_align.l{k}.dcn{ours}" for k in (1, 2, 3)
       for what, ours in (("dcn_out", ""), ("offset", ".offset_px"), ("mask", ".mask"))},
    "pcd_cas_dcn_out": "frameF.pcd_align.cas_dcnpack", "pcd_cas_offset": "frameF.pcd_align.cas_dcnpack.offset_px",
    "tsa_corr_prob": "fusion.alike", "tsa_pool1_maxavg": "fusion.pooled", "tsa_attn_up": "fusion.up",
    "tsa_attn_presig": "fusion.spatial_attn5", "tsa_attn_add": "fusion.spatial_attn_add2", "fusion_out": "fusion",
    "recon_out": "reconstructed", "up2": "up", "residual": "conv_last",
}
_FRAMES_APART = ("feat_l1", "feat_l2", "feat_l3")  # (n, t, ...) in the cases, (n t, ...) with us


def build(case: Case, dtype: DType) -> EDVR:
    """The network of a case."""
    options = {ours: setting(case, case.config, theirs, kind) for ours, (theirs, kind) in _SETTINGS.items()}
    state = release(names_edvr.fitting(case.state)).forth(case.state)
    return EDVR(Config(**options)).load(state).astype(dtype)


def run_network(case: Case, dtype: DType, watched: bool) -> Answer:
    """One window; padded first and cropped where the case says so, and the mean of four flips where it has one."""
    net, (x,) = build(case, dtype), given(case, "x")
    frames, scale = channels_last(x, dtype), net.config.scale
    padded = pad_to_multiple(frames, net.config.multiple)
    with heard(watched) as collected:
        y = Planned(net)(padded)
    outputs = {"out": channels_first(y)}
    if "x_padded" in case.inputs:
        if not np.array_equal(channels_first(padded), case.inputs["x_padded"]):
            raise InputError(f"{case.path}: x_padded is not x, reflected to multiples of {net.config.multiple}")
        outputs["out_cropped"] = channels_first(crop(y, scale * x.shape[-2], scale * x.shape[-1]))
    if "out_flipx4" in case.outputs:
        with overheard(watched):
            first, *others = (_flipped(net, padded, flip) for flip in FLIPS)
        outputs["out_flipx4"] = channels_first(sum(others, first) / 4)
    return Answer(outputs, {name: _traced(case, name, net, collected) for name in case.trace if watched})


def _flipped(net: EDVR, x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The answer to a flipped window, flipped back."""
    flipped = np.ascontiguousarray(np.flip(x, tuple(axis + 2 for axis in axes)))
    return np.flip(Planned(net)(flipped), tuple(axis + 1 for axis in axes))


def _traced(case: Case, name: str, net: EDVR, collected: Trace) -> np.ndarray:
    """The value that the case calls `name`, as much of it as the case kept."""
    frames = net.config.frames
    if name == "aligned":
        value = np.stack([collected[f"frame{k}.pcd_align"] for k in range(frames)], axis=1)
    elif name == "predeblur_l1":
        value = collected["predeblur.stride_conv_hr2" if net.config.hr_in else "predeblur.conv_first"]
    elif name in _TRACE:
        frame = setting(case, case.meta, "trace_frame", int)
        value = collected[_TRACE[name].replace("frameF", f"frame{frame}")]
    else:
        raise InputError(f"{case.path}: unknown trace entry {name!r}, expected aligned, predeblur_l1, "
                         f"{', '.join(_TRACE)}")
    if name in _FRAMES_APART:
        value = value.reshape(-1, frames, *value.shape[1:])
    return channels_first(value)[_slices(case, name)]


def _slices(case: Case, name: str) -> tuple[Any, ...]:
    """"[:, ::4, :93, :160]", as the case states it, as slices."""
    return slices(str(case.meta.get("trace_slices", {}).get(name, "")), f"{case.path}: trace_slices of {name}")


def run_training(case: Case, dtype: DType) -> Answer:
    """Loss and every gradient of one window: sum of sqrt((out - gt)^2 + 1e-12)."""
    net, (x, gt) = build(case, dtype), (channels_last(array, dtype) for array in given(case, "x", "gt"))
    parameters, leaf = net.watch(), Tensor(x)
    y = net(leaf)
    loss = ops.charbonnier_loss(y, gt, "sum", eps=1e-12)
    backward(loss)
    outputs = {"out": channels_first(y.data), "loss": array_of(loss), "grad_x": channels_first(gradient(leaf))}
    return Answer(outputs | listed(case, "edvr", "grad:", gradients(parameters)))


def run_frame_indices(case: Case, dtype: DType) -> Answer:
    """Row i of BORDER_Tt_nN: the frames of the window of t around frame i of N."""
    outputs = {}
    for name in case.outputs:
        found = re.fullmatch(r"(\w+)_T(\d+)_n(\d+)", name)
        if found:
            size, n = int(found[2]), int(found[3])
            outputs[name] = np.array([frame_indices(i, n, size, found[1]) for i in range(n)])
    return Answer(outputs)


def run_metrics(case: Case, dtype: DType) -> Answer:
    """8-bit pictures in the original's order of colours, YCbCr, PSNR and SSIM with and without borders."""
    net_out, gt = (channels_last(array, np.float32) for array in given(case, "net_out", "gt"))
    got, share = colour.to_8bit(net_out), colour.to_8bit(net_out) / np.float32(255)
    outputs = {"quantised_bgr": got[..., ::-1], "gt_bgr": colour.to_8bit(gt)[..., ::-1],
               "psnr_identical": score("edvr-rgb", gt[None], gt[None]).psnr}
    for kind, picture in (("float", share), ("uint8", got)):
        outputs |= {f"y_{kind}": colour.luma(picture), f"ycbcr_{kind}": colour.ycbcr(picture)}
    for border in (0, 4):
        for y, protocol in enumerate(("edvr-rgb", "edvr-y")):
            cropped = replace(PROTOCOLS[protocol], border_px=border)
            both = score(cropped, net_out[None], gt[None], with_ssim=True)
            outputs |= {f"psnr_crop{border}_y{y}": both.psnr, f"ssim_crop{border}_y{y}": both.ssim}
    return Answer({name: np.asarray(value) for name, value in outputs.items()})


# Lengths of the periods and the factor of the rate after each restart, from the training files
_TSA_PERIODS, _PERIODS = (50_000, 100_000, 150_000, 150_000, 150_000), (150_000,) * 4
_SCHEDULES = {"lr_M": (_TSA_PERIODS, (1.0,) * 5), "lr_M_woTSA": (_PERIODS, (1.0,) * 4),
              "lr_L": (_TSA_PERIODS, (1.0, 0.5, 0.5, 0.5, 0.5)), "lr_L_woTSA": (_PERIODS, (1.0, 0.5, 0.5, 0.5))}


def run_parts_of_training(case: Case, dtype: DType) -> Answer:
    """The loss, the schedules and Adam with EDVR's settings."""
    pred, target, w, grads = (array.astype(dtype) for array in given(case, "pred", "target", "adam_w0", "adam_grads"))
    outputs: dict[str, np.ndarray] = {}
    for reduction in ("sum", "mean"):
        y = Tensor(pred)
        loss = ops.charbonnier_loss(y, target, reduction, eps=1e-12)
        backward(loss)
        outputs |= {f"charbonnier_{reduction}": array_of(loss), f"charbonnier_{reduction}_grad": gradient(y)}
    (steps,) = given(case, "lr_iters")
    for name, (periods, factors) in _SCHEDULES.items():
        outputs[name] = np.array([cosine_restarts(int(step), peak=4e-4, floor=1e-7, periods=periods, factors=factors)
                                  for step in steps])
    optimiser, path = Adam(lr=4e-4, betas=(0.9, 0.99)), []
    for dw in grads:
        optimiser.step({"w": w}, {"w": dw})
        path.append(w.copy())
    return Answer(outputs | {"adam_path": np.stack(path)})


NETWORK = Family(run_network, network=True, floor=1.9e-6,
                 stated="specification of EDVR, section 12, float32 against float64")
TRAINING = Family(run_training, floor=3.2e-6, stated="specification of EDVR, gradients of one window",
                  floor_for=("grad*",), kinks=("grad*",))
FRAME_INDICES = Family(run_frame_indices, exact=True)
METRICS = Family(run_metrics, floor=1.3e-4, floor_for=("ssim*",),
                 stated="in SSIM the variance E[x^2] - m^2 loses up to 255^2 / C2 = 1100 roundings")
PARTS_OF_TRAINING = Family(run_parts_of_training)

FAMILIES = {"edvr": NETWORK, "edvr.train": TRAINING}
