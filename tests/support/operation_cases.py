"""Every operation on small operands."""
from functools import partial

import numpy as np

from refvr import ops

STATISTICS = np.array([0.3, -0.2, 0.1, 0.7, 1.1]), np.array([0.4, 2.0, 1.0, 0.7, 3.0])


def batch_norm(x, gamma, beta):
    mean, var = (part.astype(x.dtype) for part in STATISTICS)
    return ops.batch_norm(x, gamma, beta, mean, var)


# name of the operation: (function, shapes of its operands), distinct primes where an axis may be anything
CASES = {
    "relu": (ops.relu, [(3, 7)]),
    "leaky_relu": (partial(ops.leaky_relu, slope=0.2), [(3, 7)]),
    "sigmoid": (ops.sigmoid, [(3, 7)]),
    "tanh": (ops.tanh, [(3, 7)]),
    "exp": (ops.exp, [(3, 7)]),
    "clip": (partial(ops.clip, lo=-0.5, hi=0.7), [(3, 7)]),
    "prelu": (ops.prelu, [(2, 3, 5), (5,)]),
    "softmax": (ops.softmax, [(2, 3, 7)]),
    "add": (ops.add, [(3, 1, 5), (2, 5)]),
    "sub": (ops.sub, [(2, 5), (3, 2, 1)]),
    "mul": (ops.mul, [(3, 1, 5), (2, 5)]),
    "sum": (partial(ops.sum, axis=(0, 2)), [(2, 3, 5)]),
    "mean": (partial(ops.mean, axis=1, keepdims=True), [(2, 3, 5)]),
    "concat": (partial(ops.concat, axis=1), [(2, 3, 5), (2, 7, 5), (2, 1, 5)]),
    "concat channels": (ops.concat, [(2, 3, 5), (2, 3, 1), (2, 3, 7)]),
    "stack": (lambda a, b: ops.stack([a, b], axis=-1), [(2, 3), (2, 3)]),
    "split": (lambda x: ops.mul(*ops.split(x, (3, 3), axis=1)), [(2, 6, 5)]),
    "slice": (lambda x: ops.slice(x, (1, slice(None, 1, -2), ..., None)), [(2, 7, 5)]),
    "reshape": (partial(ops.reshape, shape=(5, -1)), [(2, 3, 5)]),
    "pixel_shuffle": (partial(ops.pixel_shuffle, s=2), [(1, 2, 3, 20)]),
    "pixel_shuffle tf": (partial(ops.pixel_shuffle, s=3, order="tf"), [(1, 2, 5, 18)]),
    "pixel_unshuffle": (partial(ops.pixel_unshuffle, s=2), [(1, 4, 6, 5)]),
    "pixel_unshuffle tf": (partial(ops.pixel_unshuffle, s=3, order="tf"), [(1, 3, 6, 2)]),
    "pad": (partial(ops.pad, pads=((1, 2), (0, 3))), [(2, 3, 5, 1)]),
    "pad edge": (partial(ops.pad, pads=((4, 1), (2, 0)), mode="edge"), [(2, 3, 5, 1)]),
    "pad reflect": (partial(ops.pad, pads=((5, 2), (1, 11)), mode="reflect"), [(2, 3, 5, 2)]),
    "channel_dot": (ops.channel_dot, [(2, 3, 5, 11), (2, 1, 5, 11)]),
    "linear": (ops.linear, [(2, 3, 5), (5, 7), (7,)]),
    "max_pool": (ops.max_pool, [(2, 5, 7, 3)]),
    "max_pool 4/3/2": (partial(ops.max_pool, k=4, stride=3, padding=2), [(1, 5, 11, 2)]),
    "avg_pool": (ops.avg_pool, [(2, 5, 7, 3)]),
    "avg_pool inside": (partial(ops.avg_pool, k=5, stride=1, padding=2, count="inside"), [(1, 5, 7, 2)]),
    "global_avg_pool": (ops.global_avg_pool, [(2, 3, 5, 7)]),
    "adaptive_avg_pool": (partial(ops.adaptive_avg_pool, size=(3, 7)), [(2, 5, 11, 3)]),
    "resize_bilinear": (partial(ops.resize_bilinear, scale=2), [(2, 3, 5, 7)]),
    "resize_bilinear down": (partial(ops.resize_bilinear, scale=0.3), [(1, 11, 7, 2)]),
    "resize_bilinear corners": (partial(ops.resize_bilinear, size=(7, 3), align_corners=True), [(2, 3, 5, 2)]),
    "warp": (ops.warp, [(2, 5, 7, 3), (2, 5, 7, 2)]),
    "warp zero": (partial(ops.warp, border="zero"), [(2, 5, 7, 3), (2, 5, 7, 2)]),
    "warp mirror": (partial(ops.warp, border="reflection"), [(2, 5, 7, 3), (2, 5, 7, 2)]),
    "grid_sample": (ops.grid_sample, [(2, 5, 7, 3), (2, 11, 3, 2)]),
    "grid_sample corners": (partial(ops.grid_sample, border="replicate", align_corners=True),
                            [(2, 5, 7, 3), (2, 11, 3, 2)]),
    "grid_sample mirror": (partial(ops.grid_sample, border="reflection"), [(2, 5, 7, 3), (2, 11, 3, 2)]),
    "resize_cubic": (partial(ops.resize_cubic, scale=4), [(2, 3, 5, 1)]),
    "resize_cubic down": (partial(ops.resize_cubic, scale=0.7), [(1, 5, 7, 2)]),
    "imresize": (partial(ops.imresize, scale=0.4), [(2, 11, 7, 2)]),
    "imresize up": (partial(ops.imresize, scale=1.7), [(1, 3, 5, 2)]),
    "batch_norm": (batch_norm, [(2, 3, 5), (5,), (5,)]),
    "batch_norm_train": (ops.batch_norm_train, [(2, 3, 7, 5), (5,), (5,)]),
    "similarity_loss": (ops.similarity_loss, [(2, 3, 2, 5, 1), (2, 3, 2, 5, 1)]),
    "mse_loss": (ops.mse_loss, [(3, 7), (3, 7)]),
    "l1_loss": (partial(ops.l1_loss, reduction="sum"), [(3, 7), (3, 7)]),
    "charbonnier_loss": (partial(ops.charbonnier_loss, eps=1e-2), [(3, 7), (3, 7)]),
    "huber_loss": (partial(ops.huber_loss, delta=0.8), [(3, 7), (3, 7)]),
}
