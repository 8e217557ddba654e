"""Families of cases: a plain table from the name in a case's meta to what runs it. A new family is a new row."""
from __future__ import annotations

from refvr.verify.families import fastdvdnet, operations, remonet, sampling, training
from refvr.verify.families._family import Answer, Family, matches

FAMILIES: dict[str, Family] = {
    "fastdvdnet": fastdvdnet.NETWORK,
    "fastdvdnet.seq": fastdvdnet.SEQUENCE,
    "fastdvdnet.train": fastdvdnet.TRAINING,
    "op.adam_cosine": training.ADAM_COSINE,
    "op.augment_d4": training.AUGMENT,
    "op.batchnorm2d": operations.BATCH_NORM,
    "op.conv2d": operations.CONV2D,
    "op.cv2_cubic_resize": sampling.CUBIC,
    "op.grid_sample": sampling.GRID_SAMPLE,
    "op.imresize_matlab": sampling.IMRESIZE,
    "op.matlab_imresize": sampling.IMRESIZE_SCALES,
    "op.pixel_shuffle": operations.PIXEL_SHUFFLE,
    "op.prelu": operations.PRELU,
    "op.similarity_loss": operations.SIMILARITY_LOSS,
    "op.svd_orthogonalization": training.ORTHOGONALISATION,
    "op.warp": sampling.WARP,
    "remonet": remonet.NETWORK,
    "remonet.seq": remonet.SEQUENCE,
    "remonet.train": remonet.TRAINING,
}
__all__ = ["FAMILIES", "Answer", "Family", "matches"]
