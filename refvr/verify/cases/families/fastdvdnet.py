"""FastDVDnet: the network, its sequence driver, and two steps of its training with moving batch statistics."""
from __future__ import annotations

import numpy as np

from refvr import ops
from refvr.autodiff import backward
from refvr.checkpoints.releases import release
from refvr.errors import InputError
from refvr.networks.fastdvdnet import Config, FastDVDnet
from refvr.pipeline.denoise import denoise_fastdvdnet
from refvr.plan.memory import Planned
from refvr.train.optim import Adam
from refvr.types import DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import Answer, Family, given, gradients, heard, overheard, setting, suffixes
from refvr.verify.cases.families.training_parts import listed, norms
from refvr.verify.cases.layout import channels_first, channels_last

_STAGES = ("inc", "downc0", "downc1", "upc2", "upc1", "outc")


def _trace_table() -> dict[str, str]:
    """Name in the cases -> name in our trace. temp1.k is the whole of triplet k; its stages are those of triplet 0."""
    whole = {f"temp1.{k}": f"triplet{k}.temp1" for k in range(3)}
    return whole | {f"temp1.{stage}": f"triplet0.temp1.{stage}" for stage in _STAGES} \
        | {f"temp2.{stage}": f"temp2.{stage}" for stage in _STAGES}


def build(case: Case, dtype: DType) -> FastDVDnet:
    """The network of a case."""
    config = Config(widths=setting(case, case.config, "chs", tuple), inter=setting(case, case.config, "interm_ch", int))
    return FastDVDnet(config).load(release("fastdvdnet").forth(case.state)).astype(dtype)


def operands(case: Case, dtype: DType) -> tuple[np.ndarray, np.ndarray]:
    """The window (n, 5, h, w, 3) from (n, 15, h, w), frame after frame, and the noise map (n, h, w, 1)."""
    x, noise_map = given(case, "x", "noise_map")
    return channels_last(x.reshape(len(x), 5, 3, *x.shape[2:]), dtype), channels_last(noise_map, dtype)


def run_network(case: Case, dtype: DType, watched: bool) -> Answer:
    """One call of the network: by the plan as in use, or watched."""
    net, table = build(case, dtype), _trace_table()
    unknown = [name for name in case.trace if name not in table]
    if unknown:
        raise InputError(f"{case.path}: unknown trace entry {unknown[0]!r}, expected {', '.join(table)}")
    with heard(watched) as collected:
        y = Planned(net)(*operands(case, dtype))
    return Answer({"y": channels_first(y)},
                  {name: channels_first(collected[table[name]]) for name in case.trace if watched})


def run_sequence(case: Case, dtype: DType, watched: bool) -> Answer:
    """Every clip of the case through the driver."""
    net, (noise_std,) = build(case, dtype), given(case, "noise_std")
    outputs = {}
    for name in suffixes(case.inputs, "seq"):
        frames = channels_last(case.inputs[f"seq{name}"], dtype)
        with overheard(watched):
            restored = np.stack(list(denoise_fastdvdnet(net, frames, sigma=float(noise_std[0]))))
        outputs[f"den{name}"] = channels_first(restored)
    return Answer(outputs)


_LEARNING_RATE = 1e-3  # Adam's, betas 0.9 0.999, eps 1e-8; the case has it in a sentence


def run_training(case: Case, dtype: DType) -> Answer:
    """Steps on one batch in training mode, then one evaluation with the statistics that these steps left."""
    net, optimiser, losses = build(case, dtype).train(), Adam(lr=_LEARNING_RATE), []
    inputs, gt = operands(case, dtype), channels_last(given(case, "gt")[0], dtype)
    steps, outputs = setting(case, case.meta, "steps", int), {}
    for step in range(steps + 1):
        parameters = net.watch()
        y = net(*inputs)
        loss = ops.mse_loss(y, gt, "sum") * (0.5 / len(gt))
        losses.append(float(loss.data))
        if step == 0:
            outputs["y"] = channels_first(y.data)
            outputs |= listed(case, "fastdvdnet", "bn1:", net.state())
        if step == steps:
            break
        backward(loss)
        back = gradients(parameters)
        if step == 0:
            outputs |= listed(case, "fastdvdnet", "grad:", back)
            outputs["gradnorm"] = norms(case, "fastdvdnet", back)
        optimiser.step({name: tensor.data for name, tensor in parameters.items()}, back)
    after = net.unwatch().train(False)(*inputs)
    return Answer(outputs | {"losses": np.array(losses), "y_eval_after": channels_first(after)})


NETWORK = Family(run_network, network=True, floor=9e-7, stated="specification of FastDVDnet, float32 against float64")
SEQUENCE = Family(run_sequence, network=True, floor=9e-7, stated="specification of FastDVDnet, float32 against float64")
TRAINING = Family(run_training, floor=1e-5, stated="specification of FastDVDnet, gradients of one training step",
                  floor_for=("grad*",), each=("losses", "gradnorm"), grows=("losses", "y_eval_after"),
                  kinks=("grad*",))

FAMILIES = {"fastdvdnet": NETWORK, "fastdvdnet.seq": SEQUENCE, "fastdvdnet.train": TRAINING}
