"""Operations: one file each, with formula, plain definition, fast kernel and adjoint. All take arrays and Tensors.

Where a file is named after its operation (`conv2d`, `pad`), `refvr.ops.pad` is the operation: these imports see to it.
"""
from refvr.ops.arithmetic import add, mul, sub
from refvr.ops.arrange import concat, reshape, slice, split, stack, zeros
from refvr.ops.batch_norm import batch_norm, batch_norm_train, batch_statistics
from refvr.ops.channel_dot import channel_dot
from refvr.ops.conv2d import conv2d
from refvr.ops.conv3d import conv3d
from refvr.ops.conv_transpose2d import conv_transpose2d
from refvr.ops.core.operation import backend, current_backend
from refvr.ops.core.precision import current_precision, precision
from refvr.ops.core.threads import set_threads, thread_count, threads
from refvr.ops.deform_conv2d import deform_conv2d
from refvr.ops.dynamic_upsample import dynamic_filters, dynamic_upsample
from refvr.ops.fac import fac
from refvr.ops.grid_sample import grid_sample
from refvr.ops.imresize import imresize
from refvr.ops.linear import linear
from refvr.ops.losses import charbonnier_loss, huber_loss, l1_loss, mse_loss
from refvr.ops.pad import pad
from refvr.ops.pointwise import clip, exp, leaky_relu, relu, sigmoid, tanh
from refvr.ops.pool import adaptive_avg_pool, avg_pool, global_avg_pool, max_pool
from refvr.ops.prelu import prelu
from refvr.ops.reduce import mean, sum
from refvr.ops.resize_bilinear import resize_bilinear
from refvr.ops.resize_cubic import resize_cubic
from refvr.ops.route import route
from refvr.ops.separable_conv2d import separable_conv2d
from refvr.ops.shuffle import pixel_shuffle, pixel_unshuffle
from refvr.ops.similarity import similarity_loss
from refvr.ops.softmax import softmax
from refvr.ops.warp import warp

__all__ = [
    "adaptive_avg_pool", "add", "avg_pool", "backend", "batch_norm", "batch_norm_train", "batch_statistics",
    "channel_dot", "charbonnier_loss", "clip", "concat", "conv2d", "conv3d", "conv_transpose2d", "current_backend",
    "current_precision", "deform_conv2d", "dynamic_filters", "dynamic_upsample", "exp", "fac", "global_avg_pool",
    "grid_sample", "huber_loss", "imresize", "l1_loss", "leaky_relu", "linear", "max_pool", "mean", "mse_loss", "mul",
    "pad", "pixel_shuffle", "pixel_unshuffle", "precision", "prelu", "relu", "reshape", "resize_bilinear",
    "resize_cubic", "route", "separable_conv2d", "set_threads", "sigmoid", "similarity_loss", "slice", "softmax",
    "split", "stack", "sub", "sum", "tanh", "thread_count", "threads", "warp", "zeros",
]
