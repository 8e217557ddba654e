"""STFAN: official tensor name -> ours, official layout -> ours, for the release and for the re-implementation.

How a table is read says names.py. Three kinds of tensors are more than a convolution's weights:

    decode.*.enter          transposed convolutions, official (c, o, i, j)
    *.filters               make 128 filters of 25 taps; official output channel c*25 + t, ours t*128 + c, so that the
                            elements that one tap needs lie side by side
    summary                 reads those filters: the same exchange for its input channels
"""
from __future__ import annotations

import numpy as np

from refvr.checkpoints.names import Layout, Release

_BLOCKS = [(f".block{k}.{official}.", f".block{k}.{ours}.") for k in (1, 2)
           for official, ours in (("0", "first"), ("2", "second"))]
_SCALES = ("full", "half", "quarter")

STFAN = [
    *[(f".{official}{scale + 1}_1.0.", f".{ours}.{name}.enter.") for official, ours in
      (("kconv", "motion"), ("conv", "encode")) for scale, name in enumerate(_SCALES)],
    *[(f".{official}{scale + 1}_{block + 1}.stem.", f".{ours}.{name}.block{block}.") for official, ours in
      (("kconv", "motion"), ("conv", "encode")) for scale, name in enumerate(_SCALES) for block in (1, 2)],
    *[row for official, ours in (("fac_warp", "align"), ("fac_deblur", "deblur")) for row in (
        (f".{official}.0.0.", f".{ours}.enter."), (f".{official}.1.stem.", f".{ours}.block1."),
        (f".{official}.2.stem.", f".{ours}.block2."), (f".{official}.3.0.", f".{ours}.filters."))],
    *[row for official, ours in (("upconv2", "half"), ("upconv1", "full")) for row in (
        (f".{official}_u.0.", f".decode.{ours}.enter."), (f".{official}_2.stem.", f".decode.{ours}.block1."),
        (f".{official}_1.stem.", f".decode.{ours}.block2."))],   # number 2 is applied before number 1
    (".kconv4.0.", ".summary."),
    (".fea.0.", ".carry."),
    (".img_prd.0.", ".image."),
    *_BLOCKS,
]

STFAN_SEED = [
    *[row for official, ours in (("feat.net", "encode"), ("stfan.ext", "motion")) for scale, name in enumerate(_SCALES)
      for row in ((f".{official}.{3 * scale}.", f".{ours}.{name}.enter."),
                  (f".{official}.{3 * scale + 1}.", f".{ours}.{name}.block1."),
                  (f".{official}.{3 * scale + 2}.", f".{ours}.{name}.block2."))],
    *[row for official, ours in (("stfan.align", "align"), ("stfan.deblur2", "deblur")) for row in (
        (f".{official}.0.", f".{ours}.enter."), (f".{official}.1.", f".{ours}.block1."),
        (f".{official}.2.", f".{ours}.block2."), (f".{official}.3.", f".{ours}.filters."))],
    *[row for stages, ours in (((1, 2, 3), "half"), ((4, 5, 6), "full")) for row in (
        (f".recon.up{stages[0]}.", f".decode.{ours}.enter."), (f".recon.res{stages[1]}.", f".decode.{ours}.block1."),
        (f".recon.res{stages[2]}.", f".decode.{ours}.block2."))],
    (".stfan.deblur1.", ".summary."),
    (".stfan.conv22.", ".unused."),
    (".fusion.", ".carry."),
    (".recon.conv7.", ".image."),
    *[(f".block{k}.conv{number}.", f".block{k}.{ours}.") for k in (1, 2) for number, ours in
      ((1, "first"), (2, "second"))],
]

TAPS = 25  # of each filter, in every release


def tap_by_tap(array: np.ndarray, axis: int = -1) -> np.ndarray:
    """Channels c*TAPS + t along `axis` -> t*C + c."""
    return _exchanged(array, axis, (-1, TAPS))


def channel_by_channel(array: np.ndarray, axis: int = -1) -> np.ndarray:
    """Channels t*C + c along `axis` -> c*TAPS + t."""
    return _exchanged(array, axis, (TAPS, -1))


def _exchanged(array: np.ndarray, axis: int, shape: tuple[int, int]) -> np.ndarray:
    moved = np.moveaxis(array, axis, -1)
    swapped = moved.reshape(*moved.shape[:-1], *shape).swapaxes(-1, -2).reshape(moved.shape)
    return np.ascontiguousarray(np.moveaxis(swapped, -1, axis))


LAYOUT: Layout = (
    ("decode.*.enter.weight", lambda w: w.swapaxes(2, 3), lambda w: w.swapaxes(2, 3)),
    ("*.filters.*", tap_by_tap, channel_by_channel),
    ("summary.weight", lambda w: tap_by_tap(w, 2), lambda w: channel_by_channel(w, 2)),
)
RELEASES = (Release("stfan", STFAN, LAYOUT),)
SEED_RELEASES = (Release("stfan_seed", STFAN_SEED, LAYOUT),)
