"""How SAFA's training and test inputs are made from large frames: a quarter by MATLAB's bicubic, enlarged again.

    small = imresize(x, 1/4)  antialiased            large = resize_cubic(small, 4)  OpenCV's

Neither is rounded nor clipped, so both leave [0, 1] at sharp edges; the network is trained on such inputs.
Source: megvii-research/WACV2024-SAFA, dataset.py and script/resize.py.
"""
from __future__ import annotations

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.errors import ShapeError
from refvr.shapes import check


def quarter(frames: np.ndarray) -> np.ndarray:
    """(t, h, w, c) floats -> (t, h/4, w/4, c): what the network is to enlarge. Sides must be multiples of 4."""
    _, h, w, _ = check(frames, "t h w c", who="SAFA's degradation")
    if h % 4 or w % 4:
        raise ShapeError(f"SAFA's degradation: got frames of {w}x{h}, expected multiples of 4", fix="crop them")
    return array_of(ops.imresize(frames, 0.25))


def network_input(frames: np.ndarray) -> np.ndarray:
    """(t, h, w, c) floats -> the same size: `quarter`, enlarged as pipeline/safa.py enlarges it before the network."""
    return array_of(ops.resize_cubic(quarter(frames), 4))
