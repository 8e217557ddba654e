"""Mistakes in training."""
from functools import partial

import numpy as np

from mistakes import mistake
from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.ops import similarity_loss
from refvr.train.augment import augment
from refvr.train.optim import Adam
from refvr.train.schedules import cosine_epochs
from refvr.verify.cases.families import remonet as remonet_family
from refvr.verify.cases.families import training as training_family


class EpsUnderTheRoot(Adam):
    def _update(self, w, g, m, v, lr):
        b1, b2 = self.betas
        m += (1 - b1) * (g - m)
        v += (1 - b2) * (g * g - v)
        w -= lr / (1 - b1 ** self.steps) * m / np.sqrt(v / (1 - b2 ** self.steps) + self.eps)


class Uncorrected(Adam):
    def _update(self, w, g, m, v, lr):
        m += (1 - self.betas[0]) * (g - m)
        v += (1 - self.betas[1]) * (g * g - v)
        w -= lr * m / (np.sqrt(v) + self.eps)


@mistake("op_adam_cosine", dtype="float64")
def adam_eps_under_the_root(put):
    put(training_family, "Adam", EpsUnderTheRoot)


@mistake("op_adam_cosine")
def adam_without_correction(put):
    put(training_family, "Adam", Uncorrected)


@mistake("remonet_train_a", dtype="float64")
def adam_without_correction_in_training(put):
    put(remonet_family, "Adam", Uncorrected)


@mistake("op_adam_cosine")
def cosine_one_epoch_late(put):
    put(training_family, "cosine_epochs", partial(cosine_epochs, late=False))


@mistake("remonet_train_a", "fastdvdnet_train_a", dtype="float64")
def loss_is_a_mean(put):
    right = ops.mse_loss
    put(ops, "mse_loss", lambda y, gt, reduction: right(y, gt, "mean"))


@mistake("remonet_train_a", dtype="float64")
def mutual_loss_drives_one_network_only(put):
    put(ops, "similarity_loss", lambda a, b: similarity_loss(a * 0.0 + array_of(a), b))


@mistake("op_augment_d4")
def rotation_the_other_way(put):
    other = {"rot90": "rot270", "rot270": "rot90", "rot90_flipud": "rot270_flipud", "rot270_flipud": "rot90_flipud"}
    put(training_family, "augment", lambda x, kind: augment(x, other.get(kind, kind)))


@mistake("op_augment_d4")
def flip_before_rotation(put):
    put(training_family, "augment", lambda x, kind: augment(x[..., ::-1, :, :], kind.removesuffix("_flipud"))
        if kind.startswith("rot") and kind.endswith("_flipud") else augment(x, kind))


@mistake("op_svd_orthogonalization")
def kernels_are_only_normalised(put):
    put(training_family, "orthogonalise", lambda w: w / np.sqrt((w * w).sum(axis=(0, 1, 2), keepdims=True)))


@mistake("op_svd_orthogonalization")
def taps_are_orthogonalised_one_by_one(put):
    def wrong(w):
        u, _, vt = np.linalg.svd(w, full_matrices=False)
        return u @ vt
    put(training_family, "orthogonalise", wrong)
