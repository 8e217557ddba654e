"""Single operations: forward, and the gradients of sum(y * dy)."""
from __future__ import annotations

from refvr import ops
from refvr.autodiff import backward
from refvr.checkpoints import names
from refvr.nn.layers import BatchNorm
from refvr.ops import similarity
from refvr.types import DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import Answer, Family, given, leaves, setting, suffixes
from refvr.verify.cases.layout import channels_first, channels_last


def run_conv2d(case: Case, dtype: DType) -> Answer:
    """Convolution; stride, padding, dilation and groups from the case, 1, 0, 1 and 1 where it does not say."""
    x, weight, dy = given(case, "x", "weight", "dy")
    options = {name: setting(case, {name: default} | case.config, name, int)
               for name, default in (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1))}
    x, weight, bias = leaves(dtype, channels_last(x, dtype), names.our_layout(weight), case.inputs.get("bias"))
    y = ops.conv2d(x, weight, bias, **options)
    backward(y, channels_last(dy, dtype))
    outputs = {"y": channels_first(y.data), "dx": channels_first(x.grad), "dweight": names.official_layout(weight.grad)}
    return Answer(outputs if bias is None else outputs | {"dbias": bias.grad})


def run_batch_norm(case: Case, dtype: DType) -> Answer:
    """Batch norm in training or evaluation, and what it leaves of the running statistics."""
    x, dy, gamma, beta = given(case, "x", "dy", "gamma", "beta")
    running = ("running_mean", "running_var", "num_batches_tracked")
    eps, momentum = (setting(case, case.config, name, float) for name in ("eps", "momentum"))
    layer = BatchNorm(len(gamma), eps=eps, momentum=momentum)
    layer.load({"weight": gamma, "bias": beta} | dict(zip(running, given(case, *running)))).astype(dtype)
    layer.train(setting(case, case.config, "training", bool)).watch()
    (x,) = leaves(dtype, channels_last(x, dtype))
    y = layer(x)
    backward(y, channels_last(dy, dtype))
    return Answer({"y": channels_first(y.data), "dx": channels_first(x.grad), "dgamma": layer.weight.grad,
                   "dbeta": layer.bias.grad} | {name: getattr(layer, name) for name in running})


def run_similarity_loss(case: Case, dtype: DType) -> Answer:
    """ReMoNet's mutual loss; the trace has the Gram matrices of every clip, plain and with rows of length 1."""
    s, t = (channels_last(array, dtype) for array in given(case, "g_s", "g_t"))
    on_tape = leaves(dtype, s, t)
    loss = ops.similarity_loss(*on_tape)
    backward(loss)
    found = {}
    for key, clips in (("s", s), ("t", t)):
        gram = similarity.gram_plain(clips)
        unit, _ = similarity.row_normalised(gram, 1e-12)
        found |= {f"G_{key}_{n}": matrix for n, matrix in enumerate(gram)}
        found |= {f"Gnorm_{key}_{n}": matrix for n, matrix in enumerate(unit)}
    return Answer({"loss": loss.data.reshape(1), "dg_s": channels_first(on_tape[0].grad),
                   "dg_t": channels_first(on_tape[1].grad)}, found)


def run_prelu(case: Case, dtype: DType) -> Answer:
    """PReLU with one slope per channel."""
    x, w, dy = given(case, "x", "w", "grad_out")
    x, w = leaves(dtype, channels_last(x, dtype), w)
    y = ops.prelu(x, w)
    backward(y, channels_last(dy, dtype))
    return Answer({"out": channels_first(y.data), "grad_x": channels_first(x.grad), "grad_w": w.grad})


def run_pixel_shuffle(case: Case, dtype: DType) -> Answer:
    """Pixel shuffle of x_r2, x_r3 ... and unshuffle of u_r2 ..., in PyTorch's order of channels."""
    outputs = {}
    for source, target, operation in (("x_r", "y_r", ops.pixel_shuffle),
                                      ("u_r", "unshuffle_r", ops.pixel_unshuffle)):
        for scale in suffixes(case.inputs, source):
            moved = operation(channels_last(case.inputs[source + scale], dtype), int(scale))
            outputs[target + scale] = channels_first(moved)
    return Answer(outputs)


CONV2D = Family(run_conv2d)
BATCH_NORM = Family(run_batch_norm)
SIMILARITY_LOSS = Family(run_similarity_loss, floor=5e-6,
                         stated="specification of ReMoNet, a difference of nearly equal values")
PRELU = Family(run_prelu)
PIXEL_SHUFFLE = Family(run_pixel_shuffle, exact=True)
