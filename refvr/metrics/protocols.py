"""Published protocols: what was done to the frames before PSNR and SSIM were taken, as rows of a table.

Two papers' "PSNR" can differ by 2 dB on the same pictures. A row says everything that matters, in this order: clip to
[0, 1], scale to 0..255, quantise, take the colour channel, drop frames and borders, score per frame, mean over frames.
A set's score is the mean over its clips.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refvr.errors import InputError, ShapeError
from refvr.metrics.colour import luma
from refvr.metrics.psnr import psnr
from refvr.metrics.ssim import ssim

# Y of BT.601 limited range, 16..235, from R, G, B in 0..255, to the digits that each project uses
_Y_MATLAB = (65.481 / 255, 128.553 / 255, 24.966 / 255)
_Y_DUF = (0.256788235294118, 0.504129411764706, 0.097905882352941)


@dataclass(frozen=True)
class Protocol:
    """One recipe.

    quantise   "" (floats as they are), "round" or "truncate" to the 256 levels
    luma       weights of R, G, B for Y = 16 + ..., or None for RGB
    single     Y as a share of 255 in float32, as `colour.luma` has it; `luma` is then that of colour.py
    round_luma for SSIM: Y to integers first
    border_px  pixels dropped on every side; border_frames: frames dropped at each end
    identical  PSNR that counts for equal frames
    """

    source: str
    quantise: str = ""
    luma: tuple[float, float, float] | None = None
    single: bool = False
    round_luma: bool = False
    border_px: int = 0
    border_frames: int = 0
    identical: float = float("inf")


PROTOCOLS = {
    "denoise": Protocol("m-tassano/fastdvdnet and xiangly55/ReMoNet: RGB, unquantised; noise not clipped"),
    "stfan": Protocol("sczhou/STFAN: RGB, unquantised; equal frames count 100 dB", identical=100.0),
    "duf": Protocol("yhjo09/VSR-DUF, AVG_PSNR: Y, without 2 frames at each end and 8 pixels on every side; the SSIM "
                    "that fits the published figure rounds Y", "round", _Y_DUF, round_luma=True, border_px=8,
                    border_frames=2),
    "duf-printed": Protocol("yhjo09/VSR-DUF, what test.py prints: levels cut off instead of rounded", "truncate",
                            _Y_DUF, round_luma=True, border_px=8, border_frames=2),
    "edvr-rgb": Protocol("XPixelGroup/BasicSR: RGB of the 8-bit pictures (REDS)", "round"),
    "edvr-y": Protocol("XPixelGroup/BasicSR, test_y_channel: Y of the 8-bit pictures (Vid4, Vimeo-90K)", "round",
                       _Y_MATLAB, single=True),
    "luma": Protocol("ours, for deblurring and frames between: Y of the 8-bit pictures", "round", _Y_MATLAB),
    "luma-8px": Protocol("ours, for super-resolution: Y of the 8-bit pictures, without 8 pixels on every side", "round",
                         _Y_MATLAB, border_px=8),
    "safa": Protocol("hzwer/WACV2024-SAFA, evaluate: Y with the weights of R and B exchanged, unquantised", "",
                     _Y_MATLAB[::-1]),
}


@dataclass(frozen=True)
class Score:
    """Means over the frames of a clip; `ssim` is None where it was not asked for."""

    psnr: float
    ssim: float | None = None


def score(protocol: str | Protocol, output: np.ndarray, clean: np.ndarray, *, with_ssim: bool = False) -> Score:
    """Score a clip (t, h, w, 3), RGB in [0, 1], against the clean one by a protocol of the table or one of your own."""
    if isinstance(protocol, str):
        if protocol not in PROTOCOLS:
            raise InputError(f"no protocol {protocol!r}", fix=f"protocols are: {', '.join(PROTOCOLS)}")
        protocol = PROTOCOLS[protocol]
    if output.shape != clean.shape or output.ndim != 4:
        raise ShapeError(f"score: got clips {output.shape} and {clean.shape}, expected two equal ones (t, h, w, 3)")
    t, edge = len(output), protocol.border_frames
    pairs = [(_prepared(protocol, output[k]), _prepared(protocol, clean[k])) for k in range(edge, t - edge)]
    if not pairs or not pairs[0][0].size:
        raise ShapeError(f"score: a clip {output.shape} has nothing left without {edge} frames at each end and "
                         f"{protocol.border_px} pixels on every side", fix="score a longer or larger clip")
    ratios = [min(psnr(a, b, peak=255), protocol.identical) for a, b in pairs]
    similar = None
    if with_ssim:
        similar = float(np.mean([ssim(_levels(protocol, a), _levels(protocol, b), peak=255) for a, b in pairs]))
    return Score(float(np.mean(ratios)), similar)


def _prepared(protocol: Protocol, frame: np.ndarray) -> np.ndarray:
    """The values 0..255 that are compared, (h, w, 3) or (h, w), float64."""
    levels = np.clip(frame, 0, 1) * frame.dtype.type(255)  # in the frame's own type, where the originals round
    if protocol.quantise:
        levels = {"round": np.rint, "truncate": np.floor}[protocol.quantise](levels)
    levels = levels.astype(np.float64)
    if protocol.single:
        levels = (luma((levels / 255).astype(np.float32)) * np.float32(255)).astype(np.float64)
    elif protocol.luma is not None:
        levels = 16 + levels @ np.asarray(protocol.luma)
    h, w, edge = *frame.shape[:2], protocol.border_px
    return levels[edge:h - edge, edge:w - edge]


def _levels(protocol: Protocol, picture: np.ndarray) -> np.ndarray:
    return np.rint(picture) if protocol.round_luma else picture
