"""What if: classic mistakes planted into a network, a part of the way at a time.

At share a each call of the operation answers (1 - a) right + a wrong; 1 is the mistake itself, as the catalogue of
refvr/verify/mistakes has it.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from refvr import ops
from refvr.verify.mistakes import MISTAKES, Given, Mistake
from refvr.verify.runs.planted import planted

SHARES = (0.25, 0.5, 1.0)
PLANTED = {  # network -> the mistakes that a page shows
    "edvr": ("deform_conv2d.offsets_x_y", "deform_conv2d.offset_groups_interleaved", "deform_conv2d.mask_ignored",
             "resize_bilinear.corners_exchanged", "pixel_shuffle.order_of_the_other_framework"),
    "duf": ("dynamic_upsample.filters_transposed", "dynamic_upsample.pixels_of_a_cell_transposed",
            "dynamic_upsample.residual_in_the_order_of_pytorch", "dynamic_upsample.softmax_over_the_cell"),
    "stfan": ("fac.taps_flipped", "fac.taps_transposed", "fac.kernel_channels_tap_by_tap",
              "fac.kernels_through_a_softmax", "conv_transpose2d.kernel_flipped"),
    "safa": ("warp.flow_down_then_right", "warp.flow_halved", "warp.corners_not_aligned",
             "resize_bilinear.corners_exchanged", "pixel_shuffle.order_of_the_other_framework"),
    "remonet": ("pixel_shuffle.order_of_the_other_framework", "pixel_unshuffle.order_of_the_other_framework",
                "conv2d.border_as_tensorflow", "conv2d.kernel_flipped"),
    "fastdvdnet": ("pixel_shuffle.order_of_the_other_framework", "conv2d.kernel_flipped"),
}


@dataclass(frozen=True)
class WhatIf:
    """One mistake: its name, what the catalogue says of it, and the picture (h, w, 3) at each of SHARES."""

    name: str
    says: str
    pictures: tuple[np.ndarray, ...]


def what_ifs(network: str, run: object) -> Iterator[WhatIf]:
    """The mistakes of a network; run() computes its picture."""
    for name in PLANTED.get(network, ()):
        mistake = MISTAKES[name]
        shown = []
        for share in SHARES:
            with planted(in_part(mistake, share)), ops.precision("direct"):
                shown.append(run())
        yield WhatIf(name, mistake.says, tuple(shown))


def in_part(mistake: Mistake, share: float) -> Mistake:
    """The mistake, `share` of the way from right to wrong."""
    def wrong(op: object, given: Given) -> np.ndarray:
        right, full = op(given), mistake.wrong(op, given)
        return right + right.dtype.type(share) * (full - right)
    return mistake if share == 1 else replace(mistake, wrong=wrong)
