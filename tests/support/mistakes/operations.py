"""Mistakes in single operations."""
from functools import partial

import numpy as np

from mistakes import mistake
from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.nn import layers
from refvr.ops import conv2d, similarity_loss


def through_pad(mode, shift=0):
    """conv2d with its border made by `pad`, moved by `shift` pixels up and left."""
    def wrong(x, weight, bias=None, residual=None, *, padding=None, dilation=1, **options):
        p = dilation * (weight.shape[0] // 2) if padding is None else padding
        sides = (p, p) if isinstance(p, int) else p  # bands of rows have rows of their own above and below
        pads = [(max(0, side - shift), side + shift) if side else (0, 0) for side in sides]
        bordered = ops.pad(x, tuple(pads), mode) if any(sides) else x
        return conv2d(bordered, weight, bias, residual, padding=0, dilation=dilation, **options)
    return wrong


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
def eps_of_keras_in_use(put):
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


@mistake("op_similarity_loss", "op_similarity_loss_zero")
def divided_by_frames_once(put):
    put(ops, "similarity_loss", lambda a, b: similarity_loss(a, b) * a.shape[1])


@mistake("op_similarity_loss_zero")
def larger_guard(put):
    put(ops, "similarity_loss", partial(similarity_loss, guard=1e-8))
