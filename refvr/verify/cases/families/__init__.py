"""Families of cases: the name in a case's meta -> what runs it. Records of networks name theirs; the rest is here."""
from __future__ import annotations

from refvr.records import NETWORKS, resolved
from refvr.verify.cases.families import (
    camera,
    duf_operations,
    edvr,
    edvr_operations,
    filters,
    operations,
    sampling,
    stfan_training,
    training,
)
from refvr.verify.cases.families._family import Answer, Family, given, matches

OPERATIONS: dict[str, Family] = {
    "isp_pipeline": camera.CAMERA,
    "op.adam_cosine": training.ADAM_COSINE,
    "op.augment_d4": training.AUGMENT,
    "op.batchnorm2d": operations.BATCH_NORM,
    "op.bilinear_resize": edvr_operations.BILINEAR_RESIZE,
    "op.conv2d": operations.CONV2D,
    "op.conv3d": duf_operations.CONV3D,
    "op.conv_transpose2d": filters.CONV_TRANSPOSE2D,
    "op.cv2_cubic_resize": sampling.CUBIC,
    "op.dcn": edvr_operations.DEFORM_CONV2D,
    "op.duf_downsample": duf_operations.DOWNSAMPLE,
    "op.duf_dynfilter": duf_operations.DYNAMIC_FILTERS,
    "op.duf_metrics": duf_operations.METRICS,
    "op.edvr_frame_indices": edvr.FRAME_INDICES,
    "op.edvr_metrics": edvr.METRICS,
    "op.edvr_train": edvr.PARTS_OF_TRAINING,
    "op.fac": filters.FAC,
    "op.grid_sample": sampling.GRID_SAMPLE,
    "op.imresize_matlab": sampling.IMRESIZE,
    "op.interp_bilinear": edvr_operations.INTERP_BILINEAR,
    "op.matlab_imresize": sampling.IMRESIZE_SCALES,
    "op.maxpool3s2p1": edvr_operations.MAX_POOL,
    "op.pixel_shuffle": operations.PIXEL_SHUFFLE,
    "op.prelu": operations.PRELU,
    "op.similarity_loss": operations.SIMILARITY_LOSS,
    "op.svd_orthogonalization": training.ORTHOGONALISATION,
    "op.warp": sampling.WARP,
    "op.stfan_jitter": stfan_training.JITTER,
}


def families() -> dict[str, Family]:
    """All of them, by name."""
    tables = [resolved(record.families) for record in NETWORKS.values() if record.families]
    return OPERATIONS | {name: family for table in tables for name, family in table.items()}


__all__ = ["OPERATIONS", "Answer", "Family", "families", "given", "matches"]
