"""Why a node of ONNX is refused: what the operations of refvr do not have."""
from typing import NoReturn

import numpy as np

LACKS = {
    "integers": "operations are for floats; ours of arithmetic take integers as well, but nothing promises it",
    "volumes": "images have two axes; conv3d is there, its transpose, sampling and pooling are not",
    "unequal sides": "one stride, dilation, window or scale for rows and columns",
    "dilation": "transposed convolutions and pools have no dilation",
    "groups": "conv_transpose2d has no groups",
    "positions": "max_pool returns maxima, not where they were",
    "nearest": "no interpolation by the nearest pixel",
    "cubic sampling": "grid_sample is bilinear",
    "antialias": "resize_bilinear and resize_cubic have no antialiasing (imresize does, by other taps)",
    "crop and resize": "no resize of a region",
    "cubic": "resize_cubic is OpenCV's: half pixels, A = -3/4, the edge repeated, one scale, whole sizes",
    "uneven scale": "resize_bilinear spaces by one scale, or by sizes",
    "slopes": "prelu has one slope for each channel",
    "other pads": "pad is for rows and columns of images, with zeros, the edge or a mirror",
    "backwards": "slice goes forward and takes something",
    "empty": "no empty results",
    "matrices": "linear has one matrix, for all rows",
    "wide border": "pools have a border of at most half a window; one that is counted is alike on all sides",
    "limits": "clip wants its limits in order",
}


class LacksError(Exception):
    """The operation does not do this; its argument is a key of LACKS."""


def lacks(why: str, if_: bool = True) -> None:
    """Refuse for the reason `why`, if so."""
    if if_:
        _refuse(why)


def _refuse(why: str) -> NoReturn:
    assert why in LACKS, why
    raise LacksError(why)


def floats(*arrays: "np.ndarray | None") -> None:
    """Refuse integers."""
    lacks("integers", any(a is not None and a.dtype.kind != "f" for a in arrays))
