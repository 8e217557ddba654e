"""Mistakes in losses."""
from __future__ import annotations

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.verify.mistakes._catalogue import Given, Op, mistake, subject, unless

for _loss in (ops.mse_loss, ops.l1_loss, ops.charbonnier_loss, ops.huber_loss):
    subject(_loss.__name__, _loss, y="any", target="any", result="any")
subject("similarity_loss", ops.similarity_loss, y1="any", y2="any", result="any")
ALL = ("mse_loss", "l1_loss", "charbonnier_loss", "huber_loss")


@mistake("loss", *ALL)
def sum_or_mean(op: Op, a: Given) -> np.ndarray:
    """the other reduction: a sum in place of the mean, or the reverse."""
    return op(a.but(reduction="sum" if a.reduction == "mean" else "mean"))


@mistake("loss", *ALL)
def mean_over_the_batch_only(op: Op, a: Given) -> np.ndarray:
    """a mean over the batch of sums over everything else."""
    return op(a.but(reduction="sum")) / a.y.dtype.type(len(a.y))


@mistake("loss", *ALL)
def halved(op: Op, a: Given) -> np.ndarray:
    """half of it."""
    return op(a) / 2


@mistake("loss", *ALL)
def pictures_of_bytes(op: Op, a: Given) -> np.ndarray:
    """pictures from 0 to 255 in place of 0 to 1."""
    return op(a.but(y=a.y * 255, target=a.target * 255))


@mistake("loss", "mse_loss")
def root_taken(op: Op, a: Given) -> np.ndarray:
    """the root of the mean square."""
    return np.sqrt(op(a))


@mistake("loss", "charbonnier_loss")
def eps_squared(op: Op, a: Given) -> np.ndarray:
    """eps squared under the root, sqrt(d^2 + eps^2)."""
    return op(a.but(eps=a.eps ** 2))


@mistake("loss", "charbonnier_loss")
def eps_outside_the_root(op: Op, a: Given) -> np.ndarray:
    """eps added after the root."""
    d = np.abs(a.y - a.target)
    return np.asarray((d + a.eps).mean() if a.reduction == "mean" else (d + a.eps).sum(), a.y.dtype)


@mistake("loss", "charbonnier_loss")
def plain_l1(op: Op, a: Given) -> np.ndarray:
    """the plain L1 loss in its place."""
    return array_of(ops.l1_loss(a.y, a.target, a.reduction))


@mistake("loss", "huber_loss")
def smooth_l1(op: Op, a: Given) -> np.ndarray:
    """a division by delta (smooth L1)."""
    unless(a.delta == 1)
    return op(a) / a.y.dtype.type(a.delta)


@mistake("loss", "huber_loss")
def delta_of_pytorch(op: Op, a: Given) -> np.ndarray:
    """delta = 1 (PyTorch's default)."""
    unless(a.delta == 1)
    return op(a.but(delta=1.0))


@mistake("loss", "similarity_loss")
def divided_by_frames_once(op: Op, a: Given) -> np.ndarray:
    """a division by t in place of t^2."""
    return op(a) * a.y1.dtype.type(a.y1.shape[1])


@mistake("loss", "similarity_loss")
def mean_over_clips(op: Op, a: Given) -> np.ndarray:
    """a mean over the clips of a batch in place of their sum."""
    unless(len(a.y1) == 1)
    return op(a) / a.y1.dtype.type(len(a.y1))


@mistake("loss", "similarity_loss")
def clips_of_a_batch_together(op: Op, a: Given) -> np.ndarray:
    """likeness among all frames of the batch in place of those of one clip."""
    unless(len(a.y1) == 1)
    return op(a.but(**{name: a[name].reshape(1, -1, *a[name].shape[2:]) for name in ("y1", "y2")}))


@mistake("loss", "similarity_loss")
def rows_not_normalised(op: Op, a: Given) -> np.ndarray:
    """rows of the Gram matrix not normalised."""
    grams = [y.reshape(*y.shape[:2], -1) for y in (a.y1, a.y2)]
    g1, g2 = (f @ f.transpose(0, 2, 1) for f in grams)
    return np.asarray(((g2 - g1) ** 2).sum() / a.y1.shape[1] ** 2, a.y1.dtype)
