"""Single operations: forward, and the gradients of sum(y * dy)."""
from __future__ import annotations

import numpy as np

from refvr import ops
from refvr.autodiff import array_of, backward
from refvr.checkpoints import names
from refvr.nn.layers import BatchNorm
from refvr.ops import similarity
from refvr.types import DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import Answer, Family, bias, given, gradient, leaves, setting, suffixes
from refvr.verify.cases.layout import channels_first, channels_last


def run_conv2d(case: Case, dtype: DType) -> Answer:
    """Convolution; stride, padding, dilation and groups from the case, 1, 0, 1 and 1 where it does not say."""
    x, weight, dy = given(case, "x", "weight", "dy")
    options = {name: setting(case, {name: default} | case.config, name, int)
               for name, default in (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1))}
    x_leaf, w_leaf, *biases = leaves(dtype, channels_last(x, dtype), names.our_layout(weight), *bias(case))
    y = ops.conv2d(x_leaf, w_leaf, *biases, **options)
    backward(y, channels_last(dy, dtype))
    return Answer({"y": channels_first(array_of(y)), "dx": channels_first(gradient(x_leaf)),
                   "dweight": names.official_layout(gradient(w_leaf))} | dict(zip(("dbias",), map(gradient, biases))))


def run_batch_norm(case: Case, dtype: DType) -> Answer:
    """Batch norm in training or evaluation, and what it leaves of the running statistics."""
    x, dy, gamma, beta = given(case, "x", "dy", "gamma", "beta")
    running = ("running_mean", "running_var", "num_batches_tracked")
    eps, momentum = (setting(case, case.config, name, float) for name in ("eps", "momentum"))
    layer = BatchNorm(len(gamma), eps=eps, momentum=momentum)
    layer.load({"weight": gamma, "bias": beta} | dict(zip(running, given(case, *running)))).astype(dtype)
    parameters = layer.train(setting(case, case.config, "training", bool)).watch()
    (leaf,) = leaves(dtype, channels_last(x, dtype))
    y = layer(leaf)
    backward(y, channels_last(dy, dtype))
    return Answer({"y": channels_first(y.data), "dx": channels_first(gradient(leaf)),
                   "dgamma": gradient(parameters["weight"]), "dbeta": gradient(parameters["bias"])}
                  | {name: getattr(layer, name) for name in running})


def run_similarity_loss(case: Case, dtype: DType) -> Answer:
    """ReMoNet's mutual loss; the trace has the Gram matrices of every clip, plain and with rows of length 1."""
    s, t = (channels_last(array, dtype) for array in given(case, "g_s", "g_t"))
    s_leaf, t_leaf = leaves(dtype, s, t)
    loss = ops.similarity_loss(s_leaf, t_leaf)
    backward(loss)
    found: dict[str, np.ndarray] = {}
    for key, clips in (("s", s), ("t", t)):
        gram = similarity.gram_plain(clips)
        unit, _ = similarity.row_normalised(gram, 1e-12)
        found |= {f"G_{key}_{n}": matrix for n, matrix in enumerate(gram)}
        found |= {f"Gnorm_{key}_{n}": matrix for n, matrix in enumerate(unit)}
    return Answer({"loss": array_of(loss).reshape(1), "dg_s": channels_first(gradient(s_leaf)),
                   "dg_t": channels_first(gradient(t_leaf))}, found)


def run_prelu(case: Case, dtype: DType) -> Answer:
    """PReLU with one slope per channel."""
    x, w, dy = given(case, "x", "w", "grad_out")
    x_leaf, w_leaf = leaves(dtype, channels_last(x, dtype), w)
    y = ops.prelu(x_leaf, w_leaf)
    backward(y, channels_last(dy, dtype))
    return Answer({"out": channels_first(array_of(y)), "grad_x": channels_first(gradient(x_leaf)),
                   "grad_w": gradient(w_leaf)})


def run_pixel_shuffle(case: Case, dtype: DType) -> Answer:
    """Pixel shuffle of x_r2, x_r3 ... and unshuffle of u_r2 ..., in PyTorch's order of channels."""
    outputs = {}
    for source, target, operation in (("x_r", "y_r", ops.pixel_shuffle),
                                      ("u_r", "unshuffle_r", ops.pixel_unshuffle)):
        for scale in suffixes(case.inputs, source):
            moved = operation(channels_last(case.inputs[source + scale], dtype), int(scale))
            outputs[target + scale] = channels_first(array_of(moved))
    return Answer(outputs)


CONV2D = Family(run_conv2d)
BATCH_NORM = Family(run_batch_norm)
SIMILARITY_LOSS = Family(run_similarity_loss, floor=5e-6,
                         stated="specification of ReMoNet, a difference of nearly equal values")
PRELU = Family(run_prelu)
PIXEL_SHUFFLE = Family(run_pixel_shuffle, exact=True)
