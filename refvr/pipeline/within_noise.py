"""What a denoiser takes away, held to what noise of the level that it was told can be.

Noise of standard deviation s has hardly a mean over many pixels, hardly more energy in one place than s^2, and no
element of it is four times s away from zero. Where what was taken away is more than that, it was picture: colours that
the network was never trained on, lines of one pixel, drawings. There the frame is given back:

    c = result - frame                          what was taken away, with its sign
    c = c - (m - clip(m, -a, a))                m its mean over a square, a what noise may have there, for three squares
    c = c s^2 / (s^2 + e)                       e the energy over a square beyond what noise may have there: as much of
                                                c is noise as its share of the energy (Wiener's rule)
    c = clip(c, -4 s, 4 s)

Blurred noise (cameras, encoders) is stronger than it was measured, and has a mean over small squares. It has them
everywhere, a picture here and there: what the middle one of all pixels has, in each channel (a camera's differ), counts
as noise, as far as the measured level can be wrong.

No noise counts as less than that of rounding to 8 bits. Noise that was cut off at black or white has a mean: at black
0.4 s, nothing from 1.2 s on (of a normal distribution). Source: ours.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

SQUARES = (8, 4, 2)            # pixels around each, for means
MEANS = (0.12, 0.25, 0.5)      # what noise may have there, of its deviation
USUAL = 3.5                    # how many times the usual mean it may have
WRONG = 2.5                    # times that the deviation can be more than measured
AROUND, ENERGY = 3, 1.4        # pixels around each, and the energy that noise may have, of its variance or of the usual
MOST = 4.0                     # of the deviation
LEAST = 0.3 / 255              # deviation of rounding to 8 bits
CUT_OFF, CUT_OFF_FROM, CUT_OFF_OVER = 0.4, 1.2, 0.8   # the mean of noise cut off at black; see the note above
ROWS, LOOKS = 64, 6            # of a frame at a time, so that little is held; times that one looks for what is usual
REACH = sum(SQUARES) + AROUND


class Usual(NamedTuple):
    """What the middle one of all pixels has, (3,) by channel.

    energy  of the variance, 1 to WRONG^2
    means   of the deviation, over each of SQUARES
    """

    energy: np.ndarray
    means: tuple[np.ndarray, ...]


def within_noise(result: np.ndarray, frame: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """The result with no more taken away from the frame than noise can be.

    result, frame  (h, w, 3) in [0, 1]
    sigma          (h, w, 1) or (h, w, 3), standard deviation of the noise on the scale of the frame
    """
    h = len(frame)
    sigma = np.broadcast_to(np.maximum(sigma, LEAST).astype(frame.dtype), frame.shape)
    usual, out = _usual(result, frame, sigma), np.empty_like(result)
    for top in range(0, h, ROWS):
        first, end = max(0, top - REACH), min(h, top + ROWS + REACH)
        part = _held(result[first:end], frame[first:end], sigma[first:end], usual)
        out[top:top + ROWS] = part[top - first:min(h, top + ROWS) - first]
    return out


def _usual(result: np.ndarray, frame: np.ndarray, sigma: np.ndarray) -> Usual:
    """Of at most LOOKS bands of ROWS rows, evenly over the frame."""
    tops = range(0, len(frame), ROWS)
    looks = [slice(top, top + ROWS) for top in tops[::-(-len(tops) // LOOKS)]]
    taken = [(result[rows] - frame[rows]) / sigma[rows] for rows in looks]

    def middle(values: list[np.ndarray]) -> np.ndarray:
        return np.median(np.concatenate([x[::2, ::2].reshape(-1, 3) for x in values]), 0)

    return Usual(np.clip(middle([box_mean(x * x, AROUND) for x in taken]), 1, WRONG ** 2),
                 tuple(np.minimum(middle([np.abs(box_mean(x, square)) for x in taken]), WRONG * least / USUAL)
                       for square, least in zip(SQUARES, MEANS)))


def _held(result: np.ndarray, frame: np.ndarray, sigma: np.ndarray, usual: Usual) -> np.ndarray:
    """Of some rows; those at a cut between rows see too few neighbours and are not used."""
    taken = result - frame
    dark, bright = _cut_off(frame, sigma), _cut_off(1 - frame, sigma)
    for square, least, mean_of_all in zip(SQUARES, MEANS, usual.means):
        mean, share = box_mean(taken, square), np.maximum(least, USUAL * mean_of_all)
        taken = taken - (mean - np.clip(mean, -share * sigma - dark, share * sigma + bright))
    variance, deviation = sigma * sigma * usual.energy, sigma * np.sqrt(usual.energy)
    beyond = np.maximum(0, box_mean(taken * taken, AROUND) - ENERGY * variance)
    taken = np.clip(taken * (variance / (variance + beyond)), -MOST * deviation, MOST * deviation)
    return np.clip(frame + taken, 0, 1)


def _cut_off(above: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """The mean of noise that is cut off, at pixels that are so far above black (or below white) in the mean."""
    mean = box_mean(above, SQUARES[1])
    return CUT_OFF * sigma * np.clip((CUT_OFF_FROM * sigma - mean) / (CUT_OFF_OVER * sigma), 0, 1)


def box_mean(x: np.ndarray, around: int) -> np.ndarray:
    """(h, w, c) -> (h, w, c): the mean over 2 around + 1 pixels each way, mirrored at borders."""
    from scipy.ndimage import uniform_filter  # late: a tenth of a second
    side = 2 * around + 1
    return uniform_filter(x, (side, side, 1), mode="reflect")
