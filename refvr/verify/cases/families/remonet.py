"""ReMoNet: the network, its sequence driver, and three steps of its training with two networks."""
from __future__ import annotations

import numpy as np

from refvr import ops
from refvr.autodiff import Tensor, array_of, backward
from refvr.checkpoints.releases import release
from refvr.errors import InputError
from refvr.networks.remonet import Config, ReMoNet
from refvr.nn import Trace
from refvr.pipeline.denoise import denoise_remonet
from refvr.plan.memory import Planned
from refvr.train.optim import Adam
from refvr.types import Array, DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import (
    Answer,
    Family,
    given,
    gradient,
    gradients,
    heard,
    overheard,
    setting,
    suffixes,
)
from refvr.verify.cases.families.training_parts import listed, norms
from refvr.verify.cases.layout import channels_first, channels_last

# Name in the cases -> name in our trace, inside a U-Net. encoder1.0.conv1 is a branch before the sum with conv2; we
# add the sum inside the convolution, so the branch is a difference.
_STAGES = {
    "in_layer": "in_layer",
    "encoder1": "enc1",
    "encoder1.0.conv1": "down1.widen - down1.skip",
    "encoder1.0.conv2": "down1.skip",
    "encoder2": "enc2",
    "decoder3": "up2",
    "decoder4": "up1",
}
_STEP = {"conv1_relu": "conv1", "unet.out": "unet", "conv_out": "conv_out", "out": "guess", "state": "state"}


def build(case: Case, state: dict[str, np.ndarray], dtype: DType) -> ReMoNet:
    """The network of a case with the weights `state` (official names)."""
    frames = setting(case, case.config, "num_input_frames", int)
    return ReMoNet(Config(frames=frames)).load(release("remonet").forth(state)).astype(dtype)


def run_network(case: Case, dtype: DType, watched: bool) -> Answer:
    """One call; the input is (n, t, 3, h, w) or, frame after frame, (n, 3t, h, w)."""
    net, (x,) = build(case, case.state, dtype), given(case, "x")
    if x.ndim == 4:
        x = x.reshape(len(x), -1, 3, *x.shape[2:])
    with heard(watched) as collected:
        y = Planned(net)(channels_last(x, dtype))
    return Answer({"y": channels_first(y)},
                  {name: _traced(case, name, collected) for name in case.trace if watched})


def _traced(case: Case, name: str, collected: Trace) -> np.ndarray:
    """The value that the case calls `name`."""
    where, _, stage = name.partition(".")
    if stage.startswith("unet.") and stage not in _STEP:
        where, stage = f"{where}.unet", stage.removeprefix("unet.")
    ours = (_STEP if stage in _STEP else _STAGES).get(stage)
    parts = [f"{where}.{part}" for part in ours.split(" - ")] if ours else []
    if not parts or any(part not in collected for part in parts):
        raise InputError(f"{case.path}: unknown trace entry {name!r}, expected step0.out, fusion.encoder1, ...")
    values = [collected[part] for part in parts]
    return channels_first(values[0] if len(values) == 1 else values[0] - values[1])


def run_sequence(case: Case, dtype: DType, watched: bool) -> Answer:
    """Every clip of the case through the driver, as the official one has it; "covered" are the frames it writes."""
    net, outputs = build(case, case.state, dtype), {}
    for name in suffixes(case.inputs, "seq"):
        frames = channels_last(case.inputs[f"seq{name}"], dtype)
        with overheard(watched):
            restored = list(denoise_remonet(net, frames, official=True))
        outputs[f"covered{name}"] = np.arange(len(restored))
        outputs[f"den{name}"] = channels_first(np.stack(restored))
    return Answer(outputs)


_LEARNING_RATE = 8e-4  # Adam's, betas 0.9 0.999, eps 1e-8; the case has them in a sentence


def run_training(case: Case, dtype: DType) -> Answer:
    """Steps of two networks that see the same batch and distil each other."""
    nets = {f"model_{k}": build(case, _of(case, f"model_{k}."), dtype) for k in (1, 2)}
    x, gt = (channels_last(array, dtype) for array in given(case, "x", "gt"))
    steps, losses = setting(case, case.config, "steps", int), []
    optimisers: dict[str, Adam] = {key: Adam(lr=_LEARNING_RATE) for key in nets}
    outputs: dict[str, np.ndarray] = {}
    for step in range(steps + 1):
        watched = {key: net.watch() for key, net in nets.items()}
        one, other = (net(x) for net in nets.values())
        parts, total = training_loss(one, other, gt)
        losses.append([float(array_of(part)) for part in (*parts, total)])
        if step == 0:
            outputs |= _first_outputs(one, other)
        if step == steps:
            break
        backward(total)
        for key, parameters in watched.items():
            back = gradients(parameters)
            if step == 0:
                outputs |= listed(case, "remonet", f"grad:{key}.", back)
                outputs[f"gradnorm:{key}"] = norms(case, "remonet", back)
            optimisers[key].step({name: tensor.data for name, tensor in parameters.items()}, back)
            outputs |= listed(case, "remonet", f"adam{step + 1}:{key}.", nets[key].state())
    return Answer(outputs | {"losses": np.array(losses)})


def training_loss(y1: Array, y2: Array, gt: np.ndarray) -> tuple[list[Array], Array]:
    """[loss_1, loss_2, mutual] and their sum; loss_i = sum (gt - y_i)^2 / 2n, mutual as in ops/similarity.py."""
    parts = [ops.mse_loss(y, gt, "sum") * (0.5 / len(gt)) for y in (y1, y2)] + [ops.similarity_loss(y1, y2)]
    return parts, parts[0] + parts[1] + parts[2]


def _first_outputs(y1: Array, y2: Array) -> dict[str, np.ndarray]:
    """Both results, and the gradient of the mutual loss alone."""
    alone = Tensor(array_of(y1)), Tensor(array_of(y2))
    backward(ops.similarity_loss(*alone))
    return {f"y{k}": channels_first(y.data) for k, y in enumerate(alone, 1)} \
        | {f"dmutual_dy{k}": channels_first(gradient(y)) for k, y in enumerate(alone, 1)}


def _of(case: Case, prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in case.state.items() if name.startswith(prefix)}


NETWORK = Family(run_network, network=True, floor=7.6e-7, stated="specification of ReMoNet, golden forward cases")
SEQUENCE = Family(run_sequence, network=True, floor=1.9e-6, stated="specification of ReMoNet, whole sequences")
TRAINING = Family(run_training, floor=1.5e-6, stated="specification of ReMoNet, gradients of one training step",
                  floor_for=("grad*", "dmutual*"), each=("losses", "gradnorm:*"),
                  grows=("losses", "adam*"), kinks=("grad*",))

FAMILIES = {"remonet": NETWORK, "remonet.seq": SEQUENCE, "remonet.train": TRAINING}
