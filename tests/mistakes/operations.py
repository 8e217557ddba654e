"""Mistakes in single operations."""
from functools import partial

import numpy as np

from mistakes import mistake
from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.checkpoints import names
from refvr.nn import layers
from refvr.ops import conv2d, pixel_shuffle, similarity_loss


def through_pad(mode, shift=0):
    """conv2d with its border made by `pad`, moved by `shift` pixels up and left."""
    def wrong(x, weight, bias=None, residual=None, *, padding=None, dilation=1, **options):
        p = dilation * (weight.shape[0] // 2) if padding is None else padding
        before, after = max(0, p - shift), p + shift
        bordered = ops.pad(x, ((before, after), (before, after)), mode) if p else x
        return conv2d(bordered, weight, bias, residual, padding=0, dilation=dilation, **options)
    return wrong


@mistake("op_conv2d_k3s1", "op_conv2d_k5s1_depthmult4", "remonet_t7_a")
def border_is_repeated(put):
    put(ops, "conv2d", through_pad("edge"))


@mistake("op_conv2d_k7s1", "fastdvdnet_b")
def border_is_mirrored(put):
    put(ops, "conv2d", through_pad("reflect"))


@mistake("op_conv2d_k3s2_even", "op_conv2d_k7s2", "fastdvdnet_b")
def border_as_tensorflow_has_it(put):
    """At stride 2 "SAME" puts the odd row below, PyTorch above."""
    put(ops, "conv2d", through_pad("zero", shift=1))


@mistake("op_conv2d_k3s1", "op_conv2d_k5s2_depthwise", "fastdvdnet_b")
def kernel_is_flipped(put):
    put(ops, "conv2d", lambda x, weight, *rest, **options: conv2d(x, weight[::-1, ::-1], *rest, **options))


@mistake("op_conv2d_k3s1d2", "op_conv2d_k7s1", "remonet_t7_a")
def kernel_rows_are_columns(put):
    right = names.our_layout
    put(names, "our_layout", lambda w: np.ascontiguousarray(right(w).swapaxes(0, 1)) if w.ndim == 4 else w)


@mistake("op_conv2d_k3s1d2", "op_conv2d_k3s2d2")
def dilation_is_ignored(put):
    put(ops, "conv2d", lambda *operands, dilation, padding, **options:
        conv2d(*operands, padding=padding // dilation, **options))


@mistake("op_conv2d_k3s1g3", "op_conv2d_k3s1g5", "op_conv2d_k5s1_depthmult4", "fastdvdnet_b")
def groups_take_turns(put):
    """Output o belongs to group o % groups instead of o // (outputs in a group)."""
    def wrong(x, weight, *rest, groups=1, **options):
        y = conv2d(x, weight, *rest, groups=groups, **options)
        each = weight.shape[3] // groups
        return ops.concat(*[y[..., k::each] for k in range(each)]) if groups > 1 else y
    put(ops, "conv2d", wrong)


@mistake("op_conv2d_k5s1_groupreduce")
def group_inputs_take_turns(put):
    def wrong(x, weight, *rest, groups=1, **options):
        x = ops.concat(*[x[..., k::groups] for k in range(groups)])
        return conv2d(x, weight, *rest, groups=groups, **options)
    put(ops, "conv2d", wrong)


@mistake("op_conv2d_k3s2_even")
def stride_begins_at_the_second_pixel(put):
    put(ops, "conv2d", lambda *operands, stride, **options: conv2d(*operands, **options)[:, 1::stride, 1::stride])


@mistake("op_pixel_shuffle", "remonet_t7_a", "fastdvdnet_b")
def shuffle_order_of_tensorflow(put):
    put(ops, "pixel_shuffle", partial(pixel_shuffle, order="tf"))


@mistake("op_pixel_shuffle", "remonet_t7_a", "fastdvdnet_b")
def shuffle_rows_are_columns(put):
    def wrong(x, s):
        block = np.arange(s * s).reshape(s, s).T.ravel()
        channels = [c * s * s + k for c in range(x.shape[-1] // (s * s)) for k in block]
        return pixel_shuffle(ops.concat(*[x[..., c:c + 1] for c in channels]), s)
    put(ops, "pixel_shuffle", wrong)


def statistics(change):
    """batch_statistics with (mean, unbiased, biased) changed."""
    right = ops.batch_statistics
    return lambda x: change(*right(x))


@mistake("op_batchnorm2d_eval", "op_batchnorm2d_train", "op_batchnorm2d_train_n1")
def eps_of_keras(put):
    def with_eps(right):
        return lambda *operands, eps: right(*operands, eps=1e-3)
    put(ops, "batch_norm", with_eps(ops.batch_norm))
    put(ops, "batch_norm_train", with_eps(ops.batch_norm_train))


@mistake("fastdvdnet_a")
def eps_of_keras_in_the_fold(put):
    right = layers.BatchNorm.__init__
    put(layers.BatchNorm, "__init__", lambda self, c: right(self, c, eps=1e-3))


@mistake("op_batchnorm2d_train", "op_batchnorm2d_train_n1", "fastdvdnet_train_a")
def running_variance_is_biased(put):
    put(ops, "batch_statistics", statistics(lambda mean, unbiased, biased: (mean, biased, biased)))


@mistake("op_batchnorm2d_train", "op_batchnorm2d_train_n1", "fastdvdnet_train_a")
def normalised_by_the_unbiased_variance(put):
    def wrong(x, gamma, beta, *, eps):
        m = x.size // x.shape[-1]
        _, unbiased, _ = ops.batch_statistics(array_of(x))
        factor = np.sqrt((unbiased * (m - 1) / m + eps) / (unbiased + eps)).astype(x.dtype)
        return right(x, gamma * factor, beta, eps=eps)
    right = ops.batch_norm_train
    put(ops, "batch_norm_train", wrong)


@mistake("op_batchnorm2d_train", "fastdvdnet_train_a")
def momentum_the_other_way_round(put):
    put(layers.BatchNorm, "_moved", lambda self, running, batch: (0.1 * running + 0.9 * batch).astype(running.dtype))


@mistake("op_batchnorm2d_eval")
def batch_statistics_in_evaluation(put):
    put(ops, "batch_norm", lambda x, gamma, beta, mean, var, *, eps: ops.batch_norm_train(x, gamma, beta, eps=eps))


@mistake("op_batchnorm2d_eval")
def statistics_move_in_evaluation(put):
    put(layers.BatchNorm, "train", lambda self, on=True: setattr(self, "training", True) or self)


@mistake("op_prelu_a")
def slope_at_zero_is_one(put):
    """The case has exact zeros."""
    right = ops.prelu
    put(ops, "prelu", lambda x, w: right(x + np.where(array_of(x) == 0, np.float32(1e-30), np.float32(0)), w))


@mistake("op_prelu_a")
def one_slope_for_all(put):
    right = ops.prelu
    put(ops, "prelu", lambda x, w: right(x, w * 0.0 + ops.mean(w)))


@mistake("op_similarity_loss", "op_similarity_loss_zero")
def divided_by_frames_once(put):
    put(ops, "similarity_loss", lambda a, b: similarity_loss(a, b) * a.shape[1])


@mistake("remonet_train_a", dtype="float64")
@mistake("op_similarity_loss", "op_similarity_loss_zero")
def mean_over_clips(put):
    put(ops, "similarity_loss", lambda a, b: similarity_loss(a, b) * (1 / a.shape[0]))


@mistake("op_similarity_loss", "op_similarity_loss_zero")
def clips_of_a_batch_together(put):
    """Similarity among all frames of the batch instead of among those of one clip."""
    put(ops, "similarity_loss", lambda a, b: similarity_loss(*(ops.reshape(y, (1, -1, *y.shape[2:])) for y in (a, b))))


@mistake("op_similarity_loss_zero")
def larger_guard(put):
    put(ops, "similarity_loss", partial(similarity_loss, guard=1e-8))
