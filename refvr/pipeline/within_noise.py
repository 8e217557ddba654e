"""What a denoiser takes away, held to what noise of the level that it was told can be.

Noise of standard deviation s has hardly a mean over many pixels, hardly more energy in one place than s^2, and no
element of it is four times s away from zero. Where what was taken away is more than that, it was picture: colours that
the network was never trained on, lines of one pixel, drawings. There the frame is given back:

    c = result - frame                          what was taken away, with its sign
    c = c - (m - clip(m, -a, a))                m its mean over a square, a what noise may have there, for three squares
    c = c s^2 / (s^2 + e)                       e the energy over a square beyond what noise may have there: as much of
                                                c is noise as its share of the energy (Wiener's rule)
    c = clip(c, -4 s, 4 s)

No noise counts as less than that of rounding to 8 bits. Noise that was cut off at black or white has a mean: at black
0.4 s, nothing from 1.2 s on (of a normal distribution).
Source: ours.
"""
from __future__ import annotations

import numpy as np

MEANS = ((8, 0.12), (4, 0.25), (2, 0.5))  # pixels around each, and the mean that noise may have, of its deviation
AROUND, ENERGY = 3, 1.4                   # pixels around each, and the energy that noise may have, of its variance
MOST = 4.0                                # of the deviation
CUT_OFF, CUT_OFF_FROM, CUT_OFF_OVER = 0.4, 1.2, 0.8   # the mean of noise cut off at black; see the note above
LEAST = 0.3 / 255                         # deviation of rounding to 8 bits
ROWS = 64                                 # of a frame at a time, so that little is held
REACH = sum(around for around, _ in MEANS) + AROUND


def within_noise(result: np.ndarray, frame: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """The result with no more taken away from the frame than noise can be.

    result, frame  (h, w, 3) in [0, 1]
    sigma          (h, w, 1) or (h, w, 3), standard deviation of the noise on the scale of the frame
    """
    h, w, channels = frame.shape
    out, sigma = np.empty_like(result), np.broadcast_to(np.maximum(sigma, LEAST).astype(frame.dtype), frame.shape)
    for top in range(0, h, ROWS):
        first, end = max(0, top - REACH), min(h, top + ROWS + REACH)
        part = _held(*(x[first:end] for x in (result, frame, sigma)))
        out[top:top + ROWS] = part[top - first:min(h, top + ROWS) - first]
    return out


def _held(result: np.ndarray, frame: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Of some rows; those at a cut between rows see too few neighbours and are not used."""
    taken = result - frame
    dark, bright = _cut_off(frame, sigma), _cut_off(1 - frame, sigma)
    for around, share in MEANS:
        mean = box_mean(taken, around)
        taken = taken - (mean - np.clip(mean, -share * sigma - dark, share * sigma + bright))
    variance = sigma * sigma
    beyond = np.maximum(0, box_mean(taken * taken, AROUND) - ENERGY * variance)
    taken = np.clip(taken * (variance / (variance + beyond)), -MOST * sigma, MOST * sigma)
    return np.clip(frame + taken, 0, 1)


def _cut_off(above: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """The mean of noise that is cut off, at pixels that are so far above black (or below white) in the mean."""
    mean = box_mean(above, MEANS[1][0])
    return CUT_OFF * sigma * np.clip((CUT_OFF_FROM * sigma - mean) / (CUT_OFF_OVER * sigma), 0, 1)


def box_mean(x: np.ndarray, around: int) -> np.ndarray:
    """(h, w, c) -> (h, w, c): the mean over 2 around + 1 pixels each way, mirrored at borders."""
    from scipy.ndimage import uniform_filter  # late: a tenth of a second
    side = 2 * around + 1
    return uniform_filter(x, (side, side, 1), mode="reflect")
