"""SAFA: the network with all its ways to state times and routes, its pipeline from bytes to bytes, training steps."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from refvr import ops
from refvr.autodiff import array_of, backward
from refvr.checkpoints.releases import release
from refvr.errors import InputError
from refvr.networks.safa import SAFA, Config
from refvr.nn import Trace
from refvr.pipeline.safa import enlarged, finished
from refvr.pipeline.safa_pair import answered
from refvr.train.optim import Adam, clip_gradients
from refvr.types import DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import Answer, Family, given, gradients, heard, setting
from refvr.verify.cases.families.training_parts import listed
from refvr.verify.cases.layout import channels_first, channels_last

# Name in the cases -> name in our trace; {m} is the middle one of the times, which is the one that cases look at.
_TRACE = {
    "head_norm": "head.normalize", "head_cnn0": "head.stem", "head_cnn1": "head.layer1.1", "head_cnn2": "head.layer2.1",
    "head_i0": "head", "head_i1": "head#1", "feat0": "pair",
    **{f"flow{k + 1}": f"t{{m}}.step{k}.flow" for k in range(6)},
    **{f"feat{k + 1}": f"t{{m}}.step{k}.blocks.{k}" for k in range(6)},
    "block1_w0": "t{m}.step1.fetched0", "block1_w1": "t{m}.step1.fetched1",
    "warped_i0": "t{m}.warped0", "warped_i1": "t{m}.warped1", "mask": "t{m}.mask",
    "w0": "t{m}.fetched0", "w1": "t{m}.fetched1",
    "last0": "t{m}.decoder.entry", "last1": "t{m}.decoder.body.0", "last12": "t{m}.decoder.body.11",
    "last13": "t{m}.decoder.expand", "res": "t{m}.decoder",
}
_COLOURS = ("warped_i0", "warped_i1", "res")  # blue first in the cases, red first in ours
_CHANNELS = 8  # of features, the cases keep so many; of flow all six


def build(case: Case, dtype: DType) -> SAFA:
    """The network of a case."""
    channels, blocks, depth, last = (setting(case, case.config, name, int)
                                     for name in ("c", "blocks", "depth", "last_blocks"))
    config = Config(channels=channels, blocks=blocks, depth=depth, decoder_blocks=last)
    return SAFA(config).load(release("safa").forth(case.state)).astype(dtype)


def other_colours(x: np.ndarray) -> np.ndarray:
    """Blue, green, red in the last axis <-> red, green, blue."""
    return np.ascontiguousarray(x[..., ::-1])


def run_network(case: Case, dtype: DType, watched: bool) -> Answer:
    """One call of the network, as in use or watched; a case that begins with small frames goes through the pipeline."""
    net, piped = build(case, dtype), "lr0" in case.inputs
    with heard(watched) as collected:
        first, second = _images(case, piped, dtype)
        answer = answered(net, first, second, times_of(case), routing=case.inputs.get("routing", "threshold"))
    found = {"routing": answer.decisions} if watched else {}
    found |= {name: _traced(case, name, collected, answer.frames.shape[1]) for name in case.trace
              if watched and name != "routing"}
    outputs = {"out": np.moveaxis(other_colours(answer.frames), (1, 4), (0, 2)),
               "probs": array_of(answer.probabilities)}
    if piped:
        outputs["u8"] = _settled(case, _bytes(case, answer.frames[0]))
    return Answer(outputs, found)


def _images(case: Case, piped: bool, dtype: DType) -> list[np.ndarray]:
    if not piped:
        return [other_colours(channels_last(image, dtype)) for image in given(case, "img0", "img1")]
    frames = [other_colours(frame).astype(dtype) / 255 for frame in given(case, "lr0", "lr1")]
    images = [enlarged(frame, official=True) for frame in frames]
    for image, large in zip(images, given(case, "up0", "up1")):
        h, w, _ = large.shape
        if not np.array_equal(np.rint(image[:h, :w] * 255), other_colours(large)):
            raise InputError(f"{case.path}: enlarging lr0 and lr1 does not give the up0 and up1 of the case")
    return [image[None] for image in images]


def times_of(case: Case) -> np.ndarray:
    """(n, t) or (t,): a list of times, or one (of each sample) between the first frame and the second."""
    if "times" in case.inputs:
        return case.inputs["times"]
    (step,) = given(case, "timestep")
    if step.ndim == 0:
        return np.array([0, float(step), 1])
    return np.stack([np.zeros(step.size), step.reshape(-1), np.ones(step.size)], axis=1)


def _traced(case: Case, name: str, collected: Trace, times: int) -> np.ndarray:
    """The value that the case calls `name`, with the channels that it keeps."""
    value = collected.get(_TRACE.get(name, "").format(m=times // 2))
    if value is None:
        raise InputError(f"{case.path}: unknown trace entry {name!r}, expected {', '.join(_TRACE)}")
    value = other_colours(value) if name in _COLOURS else value
    return channels_first(value[..., :_CHANNELS])


def _bytes(case: Case, frames: np.ndarray) -> np.ndarray:
    """What the authors' script writes: (t, 4h, 4w, 3) uint8, blue first."""
    h, w, _ = given(case, "up0")[0].shape
    return np.stack([other_colours(np.rint(finished(y, (h, w), official=True) * 255).astype(np.uint8)) for y in frames])


def _settled(case: Case, levels: np.ndarray) -> np.ndarray:
    """0 where the float64 answer is so near to a level that noise decides which side the cut falls on.

    Only where the two differ by one level: anything else stays and is found.
    """
    h, w = levels.shape[1:3]
    if case.outputs64["out"].shape[0] != len(levels) or case.outputs64["out"].shape[3] < h:
        raise InputError(f"{case.path}: got u8 of shape {levels.shape} for out of shape {case.outputs['out'].shape}, "
                         "expected the same frames, cropped", fix="a case with u8 cannot be thinned out")
    exact = np.moveaxis(case.outputs64["out"][:, 0], 1, -1)[:, :h, :w].astype(np.float64) * 255
    noise = 4 * 255 * np.abs(case.outputs["out"] - case.outputs64["out"]).max()
    at_risk = (np.abs(exact - np.rint(exact)) < noise) & (np.abs(levels - exact) < 1 + noise)
    return np.where(at_risk, 0, levels).astype(np.uint8)


def _network_case(case: Case) -> Case:
    """The case without those levels, and with the float64 values of the trace, which lie with the outputs, in it."""
    exact = {name: array for name, array in case.outputs64.items() if name in case.trace}
    outputs = case.outputs | ({"u8": _settled(case, case.outputs["u8"])} if "u8" in case.outputs else {})
    outputs64 = {name: array for name, array in case.outputs64.items() if name not in exact}
    return replace(case, outputs=outputs, outputs64=outputs64, trace=case.trace | exact)


def run_training(case: Case, dtype: DType) -> Answer:
    """Steps on one batch: frames at 0, t and 1 against the truth, decisions given, AdamW, gradients clipped to 1."""
    net = build(case, dtype).train()
    optimiser = Adam(lr=setting(case, case.meta, "lr", float), weight_decay=1e-4)  # the case has it in a sentence
    pictures, lowres, routing = given(case, "imgs", "lowres", "routing")
    first, second = (_colours_last(lowres[:, k:k + 3] / np.float32(255), dtype) for k in (0, 3))
    truth = [_colours_last(pictures[:, k:k + 3] / np.float32(255), dtype) for k in (0, 3, 6)]
    times, steps = times_of(case), setting(case, case.meta, "steps", int)
    losses, lengths, outputs, found = [], [], {}, {}
    for step in range(steps + 1):
        parameters = net.watch()
        answer = net(first, second, times, routing=routing)
        loss = training_loss(answer.frames, truth)
        losses.append(float(loss.data))
        if step == 0:
            outputs["merged0"] = np.moveaxis(other_colours(answer.frames.data), (1, 4), (0, 2))
            found["probs"] = answer.probabilities.data
        if step == steps:
            break
        backward(loss)
        back = gradients(parameters)
        if step == 0:
            outputs |= listed(case, "safa", "grad:", back)
            outputs["gradstat"] = _statistics(case, back)
        lengths.append(clip_gradients(back, 1.0))
        optimiser.step({name: tensor.data for name, tensor in parameters.items()}, back)
        if step == 0:
            outputs |= listed(case, "safa", "p1:", net.state())
    return Answer(outputs | {"loss": np.array(losses), "grad_norm": np.array(lengths)}, found)


def training_loss(frames: Any, truth: list[np.ndarray]) -> Any:
    """Sum over the three frames (n, 3, h, w, 3) of the mean absolute difference."""
    parts = [ops.l1_loss(frames[:, k], truth[k]) for k in range(len(truth))]
    return parts[0] + parts[1] + parts[2]


def _colours_last(x: np.ndarray, dtype: DType) -> np.ndarray:
    return other_colours(channels_last(x, dtype))


def _statistics(case: Case, gradients: dict[str, np.ndarray]) -> np.ndarray:
    """Sum, length and largest size of every gradient, in the order of the case."""
    ours = [release("safa").our_name(name) for name in setting(case, case.meta, "param_names", list)]
    if set(ours) != set(gradients):
        raise InputError(f"{case.path}: got {len(ours)} param_names in meta, expected the {len(gradients)} of SAFA")
    ordered = [gradients[name].astype(np.float64) for name in ours]
    return np.array([[g.sum(), np.sqrt((g * g).sum()), np.abs(g).max()] for g in ordered])


NETWORK = Family(run_network, network=True, floor=1.4e-6, stated="specification of SAFA, float32 against float64",
                 prepare=_network_case)
TRAINING = Family(run_training, floor=1e-5, stated="specification of SAFA, gradients of one training step",
                  floor_for=("grad*",), each=("loss", "grad_norm"), grows=("p1:*",),
                  kinks=("grad*",))

FAMILIES = {"safa": NETWORK, "safa.train": TRAINING}
