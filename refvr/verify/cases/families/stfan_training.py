"""STFAN's training: its loss in both readings, three steps on a clip, its change of colours."""
from __future__ import annotations

import numpy as np

from refvr.autodiff import Tensor, array_of, backward
from refvr.checkpoints.releases import release
from refvr.degrade import colour_jitter
from refvr.metrics.psnr import psnr
from refvr.networks.stfan import STFAN
from refvr.train.optim import Adam
from refvr.train.perceptual import VGG19, percept, vgg19
from refvr.types import DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import Answer, Family, given, gradient, setting
from refvr.verify.cases.families.stfan import NETWORK
from refvr.verify.cases.layout import channels_first, channels_last
from refvr.verify.cases.steps import stfan


def run_loss(case: Case, dtype: DType) -> Answer:
    """The loss as the code runs, and with "prerelu_" as its comment reads; traces are the features of the output."""
    y, target = (channels_last(array, dtype) for array in given(case, "output", "target"))
    vgg, outputs = vgg19(case.state).astype(dtype), {"psnr": np.array(psnr(np.clip(y, 0, 1), target))}
    found: dict[str, np.ndarray] = {}
    for prefix, before_relu in (("", False), ("prerelu_", True)):
        leaf = Tensor(y)
        total, mse, perceptual = stfan.losses(leaf, target, vgg, before_relu=before_relu)
        backward(total)
        layers = percept(y, target, vgg, before_relu=before_relu)[1]
        outputs |= {f"{prefix}{name}": value for name, value in (
            ("total", total.data), ("mse", mse.data), ("percept", perceptual.data),
            ("layer_mse", np.stack([array_of(layer) for layer in layers])),
            ("grad_output", channels_first(gradient(leaf))))}
        features = vgg(2 * (y - 0.5), before_relu)
        found |= {f"{prefix}feat{k}": channels_first(feature)[:, ::16] for k, feature in enumerate(features)}
    return Answer(outputs, found)


def run_training(case: Case, dtype: DType) -> Answer:
    """A step for every frame; gradients are those before it, samples of parameters those after it."""
    names = release("stfan")
    state = {name: array for name, array in case.state.items() if not name.startswith("vgg19.")}
    net = STFAN().load(names.forth(state)).astype(dtype)
    vgg: VGG19 = vgg19({name: array for name, array in case.state.items() if name not in state}).astype(dtype)
    blurred, sharp = (channels_last(array, dtype) for array in given(case, "blur", "sharp"))
    optimiser, carried = Adam(lr=stfan.LEARNING_RATE), None
    outputs: dict[str, np.ndarray] = {}
    found: dict[str, np.ndarray] = {}
    order = [names.our_name(name) for name in setting(case, case.meta, "param_order", list)]
    for k in range(len(blurred)):
        step = stfan.step(net, vgg, optimiser, blurred[k], sharp[k], carried)
        carried = step.carried
        gradients = {name: names.to_official(name, gradient) for name, gradient in step.gradients.items()}
        parameters = {name: names.to_official(name, array) for name, array in net.state().items()}
        outputs |= {f"step{k}.{name}": value for name, value in (
            ("loss", np.array(step.loss)), ("mse", np.array(step.mse)), ("percept", np.array(step.percept)),
            ("psnr", np.array(psnr(np.clip(step.y, 0, 1), sharp[k]))), ("output_img", channels_first(step.y)),
            ("grad_norm", np.array([np.linalg.norm(gradients[name].astype(np.float64).ravel()) for name in order])),
            ("grad_sample", _samples(gradients, order)), ("param_sample_after", _samples(parameters, order)))}
        prefix = f"step{k}.grad."
        found |= {name: gradients[names.our_name(name.removeprefix(prefix))].copy() for name in case.trace
                  if name.startswith(prefix)}
    return Answer(outputs, found)


def _samples(arrays: dict[str, np.ndarray], order: list[str]) -> np.ndarray:
    """64 values of each, evenly spread: a row holds elements floor(j n / 64) of one tensor, flat."""
    return np.stack([arrays[name].ravel()[np.arange(64) * arrays[name].size // 64] for name in order])


def run_jitter(case: Case, dtype: DType) -> Answer:
    """Colour jitter with the factors of the case; its trace has the blurred clip after each stage."""
    stated = setting(case, case.meta, "factors", dict)
    factors = colour_jitter.Factors(*(setting(case, stated, name, float) for name in colour_jitter.Factors._fields))
    blurred, sharp = given(case, "blur", "clear")
    return Answer({"blur": colour_jitter.jitter(blurred, factors), "clear": colour_jitter.jitter(sharp, factors)},
                  {f"blur_after_{name}": x for name, x in colour_jitter.stages(blurred, factors).items()})


# Where the two largest values of a pool's window are equal but for rounding, rounding decides which gets the gradient:
# what that amounts to is measured, as after optimiser steps.
LOSS = Family(run_loss, each=("layer_mse", "prerelu_layer_mse"), grows=("grad_output", "prerelu_grad_output"))
TRAINING = Family(run_training, floor=3e-6, stated="specification of STFAN, gradients of one training step",
                  floor_for=("*grad*",), each=("*.grad_norm",),
                  grows=("step[12].[lmpo]*", "step[12].grad_sample", "*.param_sample_after"), kinks=("*.grad_*",))
JITTER = Family(run_jitter, exact=True)

FAMILIES = {"stfan": NETWORK, "stfan.loss": LOSS, "stfan.train": TRAINING}
