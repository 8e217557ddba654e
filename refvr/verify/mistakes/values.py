"""Mistakes in functions of single values and in normalisation: activations, softmax, batch norm, pooling."""
from __future__ import annotations

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.verify.mistakes._catalogue import Given, Op, mistake, subject, unless

subject("relu", ops.relu, x="any", result="any")
subject("leaky_relu", ops.leaky_relu, x="any", result="any")
subject("sigmoid", ops.sigmoid, x="any", result="any")
subject("tanh", ops.tanh, x="any", result="any")
subject("clip", ops.clip, x="any", result="any")
subject("softmax", ops.softmax, x="any", result="any")
subject("prelu", ops.prelu, x="image", w="vector")
subject("batch_norm", ops.batch_norm, x="image", gamma="vector", beta="vector", mean="vector", var="vector")
subject("batch_norm_train", ops.batch_norm_train, x="image", gamma="vector", beta="vector")
subject("max_pool", ops.max_pool, x="image")
subject("avg_pool", ops.avg_pool, x="image")
subject("channel_dot", ops.channel_dot, a="image", b="image")
NORMS = ("batch_norm", "batch_norm_train")


@mistake("activation", "relu", "leaky_relu", "prelu", "sigmoid", "tanh", "clip", "softmax")
def missing(op: Op, a: Given) -> np.ndarray:
    """it missing: the input as it came."""
    return a.x.copy()


@mistake("activation", "leaky_relu", "prelu", "sigmoid", "tanh", "softmax")
def applied_twice(op: Op, a: Given) -> np.ndarray:
    """it applied twice."""
    return op(a.but(x=op(a)))


@mistake("activation", "leaky_relu", "prelu")
def relu_in_its_place(op: Op, a: Given) -> np.ndarray:
    """a relu in its place."""
    return np.maximum(a.x, 0)


@mistake("activation", "leaky_relu", "relu", "prelu")
def slope_of_a_fifth(op: Op, a: Given) -> np.ndarray:
    """a slope of 0.2."""
    return np.where(a.x > 0, a.x, a.x.dtype.type(0.2) * a.x)


@mistake("activation", "leaky_relu", "relu")
def slope_of_a_tenth(op: Op, a: Given) -> np.ndarray:
    """a slope of 0.1."""
    return np.where(a.x > 0, a.x, a.x.dtype.type(0.1) * a.x)


@mistake("activation", "leaky_relu", "relu")
def slope_of_a_hundredth(op: Op, a: Given) -> np.ndarray:
    """a slope of 0.01 (the default of PyTorch)."""
    return np.where(a.x > 0, a.x, a.x.dtype.type(0.01) * a.x)


@mistake("activation", "sigmoid")
def tanh_in_its_place(op: Op, a: Given) -> np.ndarray:
    """a tanh in its place."""
    return np.tanh(a.x)


@mistake("activation", "tanh")
def sigmoid_in_its_place(op: Op, a: Given) -> np.ndarray:
    """a sigmoid in its place."""
    return 1 / (1 + np.exp(-a.x))


@mistake("activation", "sigmoid")
def hard_sigmoid(op: Op, a: Given) -> np.ndarray:
    """a hard sigmoid, clip(x / 6 + 1/2, 0, 1)."""
    return np.clip(a.x / 6 + a.x.dtype.type(0.5), 0, 1)


@mistake("number", "sigmoid")
def doubled(op: Op, a: Given) -> np.ndarray:
    """twice its value."""
    return 2 * op(a)


@mistake("number", "sigmoid", flagged=False)
def halved(op: Op, a: Given) -> np.ndarray:
    """the sigmoid at half its value (a factor of 2 after it missing)."""
    return a.x.dtype.type(0.5) * op(a)


@mistake("order", "softmax")
def over_another_axis(op: Op, a: Given) -> np.ndarray:
    """the softmax over the axis before the last."""
    unless(a.x.ndim < 2)
    return np.swapaxes(op(a.but(x=np.ascontiguousarray(np.swapaxes(a.x, -1, -2)))), -1, -2)


@mistake("order", "softmax")
def over_everything(op: Op, a: Given) -> np.ndarray:
    """the softmax over all axes together."""
    return op(a.but(x=a.x.reshape(1, -1))).reshape(a.x.shape)


@mistake("activation", "softmax")
def softmax_as_sigmoid(op: Op, a: Given) -> np.ndarray:
    """a sigmoid in its place."""
    return 1 / (1 + np.exp(-a.x))


@mistake("order", "prelu")
def one_slope_for_all_channels(op: Op, a: Given) -> np.ndarray:
    """the slope of the first channel for all channels."""
    return op(a.but(w=np.full_like(a.w, a.w[0])))


@mistake("number", "prelu")
def slope_of_a_quarter(op: Op, a: Given) -> np.ndarray:
    """the start value 1/4 for all slopes."""
    return op(a.but(w=np.full_like(a.w, 0.25)))


@mistake("number", "clip")
def from_minus_one_to_one(op: Op, a: Given) -> np.ndarray:
    """limits -1 and 1."""
    return np.clip(a.x, -1, 1)


@mistake("number", *NORMS)
def eps_of_pytorch(op: Op, a: Given) -> np.ndarray:
    """eps = 1e-5 (PyTorch's default)."""
    unless(a.eps == 1e-5)
    return op(a.but(eps=1e-5))


@mistake("number", *NORMS)
def eps_of_keras(op: Op, a: Given) -> np.ndarray:
    """eps = 1e-3 (the default of Keras and TensorFlow)."""
    unless(a.eps == 1e-3)
    return op(a.but(eps=1e-3))


@mistake("number", *NORMS)
def eps_missing(op: Op, a: Given) -> np.ndarray:
    """no eps."""
    return op(a.but(eps=0.0))


@mistake("number", "batch_norm")
def eps_outside_the_root(op: Op, a: Given) -> np.ndarray:
    """eps added after the root, sqrt(var) + eps."""
    return a.gamma * ((a.x - a.mean) / (np.sqrt(a.var) + a.eps)) + a.beta


@mistake("number", "batch_norm")
def variance_taken_for_a_deviation(op: Op, a: Given) -> np.ndarray:
    """a division by the variance in place of its root."""
    return a.gamma * ((a.x - a.mean) / (a.var + a.eps)) + a.beta


@mistake("number", "batch_norm")
def statistics_of_the_batch(op: Op, a: Given) -> np.ndarray:
    """the statistics of this input (training mode) in place of the running ones."""
    return array_of(ops.batch_norm_train(a.x, a.gamma, a.beta, eps=a.eps))


@mistake("number", *NORMS)
def gamma_missing(op: Op, a: Given) -> np.ndarray:
    """gamma missing."""
    return op(a.but(gamma=np.ones_like(a.gamma)))


@mistake("number", *NORMS)
def beta_missing(op: Op, a: Given) -> np.ndarray:
    """beta missing."""
    return op(a.but(beta=np.zeros_like(a.beta)))


@mistake("number", "batch_norm")
def mean_and_beta_exchanged(op: Op, a: Given) -> np.ndarray:
    """the running mean and beta exchanged."""
    return op(a.but(mean=a.beta, beta=a.mean))


@mistake("number", "batch_norm_train")
def unbiased_variance(op: Op, a: Given) -> np.ndarray:
    """the unbiased variance (divided by m - 1)."""
    m = a.x.size // a.x.shape[-1]
    unless(m < 2)
    var = a.x.var(axis=tuple(range(a.x.ndim - 1)))
    return op(a.but(gamma=a.gamma * np.sqrt((var + a.eps) / (var * m / (m - 1) + a.eps)).astype(a.x.dtype)))


@mistake("order", "batch_norm_train")
def statistics_of_each_image(op: Op, a: Given) -> np.ndarray:
    """the statistics of each image by itself (instance norm)."""
    unless(len(a.x) == 1)
    return np.concatenate([op(a.but(x=a.x[n:n + 1])) for n in range(len(a.x))])


@mistake("border", "max_pool")
def border_counts_as_zero(op: Op, a: Given) -> np.ndarray:
    """a border of zeros that can win the maximum."""
    p = a.padding
    unless(not p)
    return op(a.but(x=np.pad(a.x, ((0, 0), (p, p), (p, p), (0, 0))), padding=0))


@mistake("number", "max_pool")
def means_in_place_of_maxima(op: Op, a: Given) -> np.ndarray:
    """means in place of maxima."""
    return array_of(ops.avg_pool(a.x, a.k, stride=a.stride, padding=a.padding))


@mistake("number", "avg_pool")
def maxima_in_place_of_means(op: Op, a: Given) -> np.ndarray:
    """maxima in place of means."""
    return array_of(ops.max_pool(a.x, a.k, stride=a.stride, padding=a.padding))


@mistake("border", "avg_pool")
def border_not_counted(op: Op, a: Given) -> np.ndarray:
    """the pixels of the border counted the other way (count_include_pad)."""
    unless(not a.padding)
    return op(a.but(count="inside" if a["count"] == "all" else "all"))


@mistake("place", "max_pool", "avg_pool")
def padded_at_the_end_only(op: Op, a: Given) -> np.ndarray:
    """the border of TensorFlow's SAME: at stride 2 below and right only."""
    unless(not a.padding or a.stride == 1)
    around = [max(0, (-(-side // a.stride) - 1) * a.stride + a.k - side) for side in a.x.shape[1:3]]
    before, after = [both // 2 for both in around], [both - both // 2 for both in around]
    unless(before == [a.padding] * 2)   # odd sides at stride 2: alike above and below there too
    border = ((0, 0), *zip(before, after), (0, 0))
    if "count" not in a:
        return op(a.but(x=np.pad(a.x, border, constant_values=-np.inf), padding=0))
    sums, ones = (op(a.but(x=np.pad(x, border), padding=0, count="all")) for x in (a.x, np.ones_like(a.x)))
    return sums if a["count"] == "all" else sums / ones


@mistake("number", "channel_dot")
def divided_by_the_channels(op: Op, a: Given) -> np.ndarray:
    """a mean over the channels in place of the sum."""
    return op(a) / a.a.dtype.type(a.a.shape[-1])


@mistake("number", "channel_dot")
def divided_by_the_root_of_the_channels(op: Op, a: Given) -> np.ndarray:
    """a division by the root of the number of channels (as in attention)."""
    return op(a) / a.a.dtype.type(np.sqrt(a.a.shape[-1]))


@mistake("number", "channel_dot")
def cosine(op: Op, a: Given) -> np.ndarray:
    """vectors normalised first (cosine similarity)."""
    return op(a) / np.sqrt((a.a ** 2).sum(-1, keepdims=True) * (a.b ** 2).sum(-1, keepdims=True))
