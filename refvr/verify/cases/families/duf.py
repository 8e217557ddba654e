"""DUF: the network, its drivers for small and for large frames, and one step of its training."""
from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from refvr import ops
from refvr.autodiff import array_of
from refvr.checkpoints import names_duf
from refvr.degrade.duf import crop_enlarged, low_resolution
from refvr.errors import InputError
from refvr.metrics.colour import to_8bit
from refvr.networks.duf import DUF, Config
from refvr.nn import Trace
from refvr.pipeline.duf import upscale_duf
from refvr.plan.memory import Planned
from refvr.train.optim import Adam
from refvr.types import DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import Answer, Family, given, heard, overheard, setting, suffixes
from refvr.verify.cases.layout import slices
from refvr.verify.cases.steps.duf import step

_GROWTH = {16: 32, 28: 16, 52: 16}  # by number of layers

# Name in the cases -> name in our trace; blocks count from 0, n of them keep all frames.
_TRACE = {"conv1": "conv1", "Rbn1a": "blocks.0.norm_a", "Rconv1a": "blocks.0.conv_a", "Rconv1b": "blocks.0.conv_b",
          "dense_out": "blocks.{last}", "reduce1_out": "blocks.{reduce1}", "reduce_out": "blocks.{reduce3}",
          "fbn1": "norm", "conv2": "conv2.sum", "rconv1": "residual1.sum", "rconv2": "residual2",
          "fconv1": "filters1.sum", "fconv2": "filters2"}


def build(case: Case, dtype: DType) -> DUF:
    """The network of a case."""
    layers, scale = (setting(case, case.config, name, int) for name in ("layers", "scale"))
    if layers not in _GROWTH:
        raise InputError(f"{case.path}: got {layers} layers, expected {', '.join(map(str, _GROWTH))}")
    config = Config(scale=scale, blocks=(layers - 10) // 2, growth=_GROWTH[layers])
    return DUF(config).load(names_duf.from_official(case.state)).astype(dtype)


def run_network(case: Case, dtype: DType, watched: bool) -> Answer:
    """One window: as in use, or watched with batch norms and ReLUs for themselves, which the trace has."""
    net, (lr,) = build(case, dtype), given(case, "lr")
    x = lr.astype(dtype)
    with heard(watched) as collected:
        sr = net(x) if watched else Planned(net)(x)
    return Answer({"sr": sr[:, None]}, {name: _traced(case, name, collected, x[:, 3], net) for name in case.trace
                                        if watched})


def _traced(case: Case, name: str, collected: Trace, centre: np.ndarray, net: DUF) -> np.ndarray:
    """The value that the case calls `name`, thinned out as its notes say."""
    n, s = net.config.blocks, net.config.scale
    if name == "upsampled":  # filters and residual meet inside one operation; these are its parts
        return array_of(ops.dynamic_upsample(centre, collected["filters2"][:, 0], s=s))
    if name == "residual":
        return array_of(ops.pixel_shuffle(collected["residual2"][:, 0], s, "tf"))
    if name == "filters":
        value = ops.dynamic_filters(collected["filters2"][:, 0], s)[:, None]
    else:
        value = collected.get(_TRACE.get(name, "").format(last=n - 1, reduce1=n, reduce3=n + 2))
    if value is None:
        raise InputError(f"{case.path}: unknown trace entry {name!r}, expected filters, {', '.join(_TRACE)}")
    rule = setting(case, case.meta, "trace", dict)
    rows, columns, step = (setting(case, rule, key, kind) for key, kind in (("rows", list), ("cols", list),
                                                                            ("step", dict)))
    return value[:, :, rows][:, :, :, columns][..., ::setting(case, step, name, int)]


def run_sequence(case: Case, dtype: DType, watched: bool) -> Answer:
    """A clip through the driver; in mode G it is large and is made small first."""
    net, (frames,) = build(case, dtype), given(case, "frames")
    small, outputs = frames.astype(dtype), {}
    if setting(case, case.config, "mode", str) == "G":
        small = outputs["lr"] = low_resolution(small, net.config.scale)
    with overheard(watched):
        sr = np.stack(list(upscale_duf(net, small, clamp=False)))
    if "lr" in outputs and net.config.scale == 3:
        sr = crop_enlarged(sr, *frames.shape[1:3])
    return Answer(outputs | {"sr": sr, "sr_uint8": _settled(case, to_8bit(sr))})


def _settled(case: Case, levels: np.ndarray) -> np.ndarray:
    """0 where the float64 answer is so near to the middle of two levels that noise decides, and `levels` is of these.

    Anything farther off stays and is found.
    """
    exact = 255 * np.clip(case.outputs64["sr"], 0, 1).astype(np.float64)
    if levels.shape != exact.shape:
        raise InputError(f"{case.path}: got {levels.shape} for sr of shape {exact.shape}, expected the same frames")
    noise = 4 * 255 * np.abs(case.outputs["sr"] - case.outputs64["sr"]).max()
    at_risk = (np.abs(exact - np.floor(exact) - 0.5) < noise) & (np.abs(levels - exact) < 0.5 + noise)
    return np.where(at_risk, 0, levels).astype(np.uint8)


def _sequence_case(case: Case) -> Case:
    """The case without those levels."""
    return replace(case, outputs=case.outputs | {"sr_uint8": _settled(case, case.outputs["sr_uint8"])})


def run_training(case: Case, dtype: DType) -> Answer:
    """Loss and gradients of one batch in training mode, and the running statistics that it leaves."""
    net, (lr, target) = build(case, dtype), given(case, "lr", "target")
    found = step(net, Adam(), lr.astype(dtype), target[:, 0].astype(dtype),
                 delta=setting(case, case.config, "huber_delta", float))
    gradients = {f"grad.{names_duf.official_name(name)}": gradient for name, gradient in found.gradients.items()}
    state = {f"after.{names_duf.official_name(name)}": array for name, array in net.state().items()
             if name.endswith(("running_mean", "running_var"))}
    norms = [np.linalg.norm(gradients[f"grad.{name}"].astype(np.float64)) for name in case.meta.get("grad_order", ())]
    outputs = {"loss": np.asarray(found.loss, dtype), "sr": found.y[:, None], "grad_norms": np.array(norms),
               **{name: (gradients | state)[name] for prefix in ("grad.", "after.")
                  for name in (prefix + key for key in suffixes(case.outputs, prefix)) if name in gradients | state}}
    return Answer(_without_noise(case, outputs, float(np.finfo(dtype).eps)))


def _without_noise(case: Case, outputs: dict[str, np.ndarray], eps: float) -> dict[str, np.ndarray]:
    """Zeros for gradients that are zero but for rounding: those of biases which a batch norm takes out again.

    Each is a sum over all pixels of the batch; as many roundings of a gradient as large as those beside it are noise.
    """
    pixels = case.inputs["lr"][..., 0].size
    noise = eps * pixels * float(np.abs(outputs["grad.G_conv1_W:0"]).max())
    return {name: np.where(np.abs(array) < noise, 0, array) if name.startswith("grad") and _is_cancelled(name) else
            _norms_without_noise(case, array, noise * np.sqrt(pixels)) if name == "grad_norms" else array
            for name, array in outputs.items()}


def _norms_without_noise(case: Case, norms: np.ndarray, noise: float) -> np.ndarray:
    cancelled = np.array([_is_cancelled(f"grad.{name}") for name in case.meta["grad_order"]])
    return np.where(cancelled & (norms < noise), 0, norms)


def _is_cancelled(name: str) -> bool:
    return name == "grad.G_conv1_b:0" or (name.startswith("grad.G_Rconv") and name.endswith("_b:0"))


def _training_case(case: Case) -> Case:
    """The case with these gradients zero in both of its answers, and what it keeps of kernels' as "sampling"."""
    eps32, eps64 = (float(np.finfo(kind).eps) for kind in (np.float32, np.float64))
    return replace(case, outputs=_without_noise(case, case.outputs, eps32),
                   outputs64=_without_noise(case, case.outputs64, eps64),
                   meta=case.meta | {"sampling": _sampling_in_words(case) | case.meta.get("sampling", {})})


def _sampling_in_words(case: Case) -> dict[str, str]:
    """{gradient: "[..., ::8, ::8]"} of the kernels that the case's sentence about its outputs fits."""
    found = re.search(r"sampled (\[\.\.\.(?:, ::\d+)+\])", str(case.meta.get("outputs", "")))
    if found is None:
        return {}
    index = slices(found[1], f"{case.path}: outputs")
    kernels = [name for name in suffixes(case.outputs, "grad.") if case.state.get(name, np.empty(0)).ndim > 2]
    return {f"grad.{name}": found[1] for name in kernels
            if case.state[name][index].shape == case.outputs[f"grad.{name}"].shape}


NETWORK = Family(run_network, network=True, floor=6.6e-7, stated="specification of DUF, float32 against float64")
SEQUENCE = Family(run_sequence, network=True, floor=6.6e-7, stated="specification of DUF, float32 against float64",
                  floor_for=("sr",), prepare=_sequence_case)
TRAINING = Family(run_training, floor=1e-5, stated="specification of DUF, gradients of one training step",
                  floor_for=("grad*",), each=("grad_norms",), kinks=("grad*",), prepare=_training_case)

FAMILIES = {"duf": NETWORK, "duf.seq": SEQUENCE, "duf.train": TRAINING}
