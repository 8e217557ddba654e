"""Families of cases: a plain table from the name in a case's meta to what runs it. A new family is a new row."""
from __future__ import annotations

from refvr.verify.families import (
    edvr,
    edvr_operations,
    fastdvdnet,
    filters,
    operations,
    remonet,
    safa,
    sampling,
    stfan,
    training,
)
from refvr.verify.families._family import Answer, Family, matches

FAMILIES: dict[str, Family] = {
    "edvr": edvr.NETWORK,
    "edvr.train": edvr.TRAINING,
    "fastdvdnet": fastdvdnet.NETWORK,
    "fastdvdnet.seq": fastdvdnet.SEQUENCE,
    "fastdvdnet.train": fastdvdnet.TRAINING,
    "op.adam_cosine": training.ADAM_COSINE,
    "op.augment_d4": training.AUGMENT,
    "op.batchnorm2d": operations.BATCH_NORM,
    "op.bilinear_resize": edvr_operations.BILINEAR_RESIZE,
    "op.conv2d": operations.CONV2D,
    "op.conv_transpose2d": filters.CONV_TRANSPOSE2D,
    "op.fac": filters.FAC,
    "op.dcn": edvr_operations.DEFORM_CONV2D,
    "op.edvr_frame_indices": edvr.FRAME_INDICES,
    "op.edvr_metrics": edvr.METRICS,
    "op.edvr_train": edvr.PARTS_OF_TRAINING,
    "op.interp_bilinear": edvr_operations.INTERP_BILINEAR,
    "op.maxpool3s2p1": edvr_operations.MAX_POOL,
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
    "safa": safa.NETWORK,
    "safa.train": safa.TRAINING,
    "stfan": stfan.NETWORK,
    "stfan_seed": stfan.SEED,
}
__all__ = ["FAMILIES", "Answer", "Family", "matches"]
