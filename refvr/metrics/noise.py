"""How noisy a clip is, as a function of brightness, measured from the clip alone.

    variance at brightness x in [0, 1]:   (sigma / 255)^2 (1 - slope + 2 slope x)         sigma at middle grey, 0 .. 255

What is fine in space and new in the next frame is noise, or texture that moves. So frames t and t+1 are subtracted,
divided by sqrt(2), and put through the second difference along both axes, which gives white noise its own deviation
back (divided by 6). Blocks of 16x16 pixels vote with the mean absolute value of that, times 1.2533 (exact for normal
noise); where the frame alone gives less, as on plain things that move, that counts. A block has no vote whose values
are not as normal noise has them (text, edges, what an encoder has left), or which are cut off at black or white by more
than about a half. The smallest tenth of the votes, brought to their mean by LOWEST, is the level: textured blocks are
among the others. Blocks without a vote still contradict: noise cannot be stronger than what is seen.

The same is measured at half size, where white noise has half the deviation: noise that was blurred, by demosaicking or
enlarging, has more there, which counts up to three times what the full size has: beyond it is texture. The level of a
clip is the median over pairs of frames, of those that can be measured. Equal frames count as one.

What it cannot do: where fine texture moves all over the picture (running water, leaves in wind) it sees up to 2 that is
not there; noise that an encoder has taken away is not seen, and is gone.
Source of the operator: Immerkaer, "Fast noise variance estimation", 1996; the rest is ours.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

SIDE, FEW = 16, 24  # pixels of a block each way; fewer votes than this say nothing
NORMAL = 0.93  # 1.2533 mean absolute value / root of the mean square; 1 for normal noise, below 0.9 for edges
TENTH, LOWEST = 0.1, 1.07  # share of the votes, and what their largest lies below the level, measured on noise
CUT, LOST = (0.02, 0.05, 0.1, 0.2, 0.35, 0.55), 0.85  # share of cut-off values: allowed; what of the level it costs
AREA = 1280  # pixels each way of a larger frame's middle that are looked at
CLEARLY, AT_MOST = 1.25, 3.0  # by how much blurred noise must be stronger at half size, and how much of that counts
UNCUT, CHANGE = 0.01, 1.5 / 255  # share of values that must not be cut off; a smaller difference is rounding
LEAST = 1.5  # a lower level is no noise: clean clips measure 0.3 to 1.4


@dataclass(frozen=True)
class NoiseLevel:
    """Deviation `sigma` at middle grey on the scale 0 .. 255, and how much the variance depends on brightness.

    known  False: something changes all over the picture, and no block of it could be measured; sigma is 0 then
    """

    sigma: float
    slope: float = 0.0
    known: bool = True

    def map(self, frames: np.ndarray) -> np.ndarray:
        """The deviation at every pixel of frames (..., h, w, 3) in [0, 1], on their scale: (..., h, w, 1).

        By the brightness of the 5x5 pixels around, as the noise itself would bend what a single one says.
        """
        grey = frames.mean(-1, keepdims=True)
        for axis in (-3, -2) if self.slope else ():
            grey = _mean_of_five(grey, axis)
        variance = 1 - self.slope + 2 * self.slope * grey
        return (np.sqrt(np.maximum(variance, 0)) * (self.sigma / 255)).astype(frames.dtype)

    def __str__(self) -> str:
        dark, bright = (self.sigma * np.sqrt(1 - self.slope + 2 * self.slope * x) for x in (0.1, 0.9))
        if abs(bright - dark) < 0.15 * self.sigma:
            return f"sigma {self.sigma:.1f}"
        return f"sigma {self.sigma:.1f}, {dark:.1f} in the dark to {bright:.1f} in the light"


def clip_noise(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> NoiseLevel:
    """The level of a clip, from pairs of neighbouring frames (h, w, 3) in [0, 1]; 0 where none can be measured."""
    fine: list[Votes] = []
    coarse: list[Votes] = []
    unrest = False
    for frames in pairs:
        pair = [_middle(frame).astype(np.float32) for frame in frames]
        fine += _votes(*pair)
        coarse += _votes(*map(_halved, pair))
        unrest = unrest or not fine and _unrest(*pair)
    if not fine:
        return NoiseLevel(0.0, known=not unrest)
    level, blurred = _agreed(fine), _agreed(coarse)
    if level.sigma < LEAST:
        return NoiseLevel(0.0)
    if 2 * blurred.sigma < CLEARLY * level.sigma:
        return level
    return NoiseLevel(min(2 * blurred.sigma, AT_MOST * level.sigma), blurred.slope)


def field_noise(field: np.ndarray) -> float:
    """What `clip_noise` measures where nothing but the noise `field` (t, h, w, 3) changes; on the field's scale."""
    fine = np.moveaxis(field, 0, 2)
    level, blurred = (float(np.sqrt(np.square(_second_difference(x)).mean())) for x in (fine, _halved(fine)))
    return level if 2 * blurred < CLEARLY * level else min(2 * blurred, AT_MOST * level)


def _unrest(first: np.ndarray, second: np.ndarray) -> bool:
    """Do most values that are not cut off at black or white change? On drawings and screens they stay."""
    inside = [(frame > 0.5 / 255) & (frame < 254.5 / 255) for frame in (first, second)]
    seen = inside[0] & inside[1]
    return bool(seen.mean() > UNCUT and (np.abs(first - second)[seen] > CHANGE).mean() > 0.5)


Votes = tuple[np.ndarray, np.ndarray, np.ndarray]  # of the blocks that vote: brightness, deviation; of all: the most


def _agreed(votes: list[Votes]) -> NoiseLevel:
    if not votes:
        return NoiseLevel(0.0)
    slope = _slope(votes)
    return NoiseLevel(float(np.median([_level(*each, slope) for each in votes])), slope)


def _votes(first: np.ndarray, second: np.ndarray) -> list[Votes]:
    """Those of a pair; an empty list where too few blocks have one. Deviations on the scale 0 .. 255."""
    if min(first.shape[:2]) < SIDE + 2:
        return []
    inner = [_blocks(frame[1:-1, 1:-1]) for frame in (first, second)]
    still, still_most, still_normal = _deviation(first)
    change, change_most, change_normal = _deviation((first - second) / np.float32(2 ** 0.5))
    same = np.abs(inner[0] - inner[1]).max(1) == 0
    cut = ((inner[0] <= 0.5 / 255) | (inner[0] >= 254.5 / 255)).mean(1)
    change, still = np.where(change_normal & ~same, change, np.inf), np.where(still_normal, still, np.inf)
    spread = np.minimum(change, still) / (1 - LOST * cut)
    seen = cut < CUT[-1]
    most = np.where(same, still_most, np.minimum(change_most, still_most))[seen] * 1.1 / (1 - LOST * cut[seen])
    for allowed in CUT:
        votes = (cut <= allowed) & np.isfinite(spread)
        if votes.sum() >= max(FEW, 0.02 * len(cut)):
            return [(inner[0].mean(1)[votes], spread[votes], most)]
    return []


def _level(brightness: np.ndarray, spread: np.ndarray, most: np.ndarray, slope: float) -> float:
    """The deviation at middle grey."""
    found = np.quantile(spread / np.sqrt(1 - slope + 2 * slope * brightness), TENTH) * LOWEST
    return float(min(found, np.quantile(most, TENTH) * 1.3))


def _slope(votes: list[Votes]) -> float:
    """-0.8 .. 0.95: a line through the variances at up to eight brightnesses, the lowest tenth of the votes at each."""
    brightness, spread = (np.concatenate([each[k] for each in votes]) for k in (0, 1))
    at, variance, weight = [], [], []
    for low in np.arange(0, 1, 0.125):
        inside = (brightness >= low) & (brightness < low + 0.125)
        if inside.sum() >= 2 * FEW:
            at.append(brightness[inside].mean())
            variance.append((np.quantile(spread[inside], TENTH) * LOWEST) ** 2)
            weight.append(1 / variance[-1])
    if len(at) < 3 or np.ptp(at) < 0.25:
        return 0.0
    rise, start = np.polyfit(at, variance, 1, w=weight)
    middle = start + rise / 2
    return float(np.clip(rise / 2 / middle, -0.8, 0.95)) if middle > 0 else 0.0


def _deviation(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the blocks of x: by mean absolute value, by mean square (0 .. 255), and whether the two agree."""
    fine = _blocks(_second_difference(x)) * np.float32(255)
    mean, root = np.abs(fine).mean(1) * np.float32(1.2533), np.sqrt(np.square(fine).mean(1))
    return mean, root, mean > NORMAL * root


def _second_difference(x: np.ndarray) -> np.ndarray:
    """Along the first two axes; white noise keeps its deviation."""
    for axis in (0, 1):
        low, high = (slice(None),) * axis, x.shape[axis]
        x = x[(*low, slice(0, high - 2))] - 2 * x[(*low, slice(1, high - 1))] + x[(*low, slice(2, high))]
    return x / np.float32(6)


def _halved(x: np.ndarray) -> np.ndarray:
    """Means over 2x2 of the first two axes."""
    h, w = (size // 2 * 2 for size in x.shape[:2])
    return x[:h, :w].reshape(h // 2, 2, w // 2, 2, *x.shape[2:]).mean((1, 3))


def _blocks(x: np.ndarray) -> np.ndarray:
    """(h, w, 3) -> (blocks, values of each)."""
    rows, columns = x.shape[0] // SIDE, x.shape[1] // SIDE
    tiles = x[:rows * SIDE, :columns * SIDE].reshape(rows, SIDE, columns, SIDE, -1)
    return tiles.swapaxes(1, 2).reshape(rows * columns, -1)


def _middle(frame: np.ndarray) -> np.ndarray:
    return frame[tuple(slice(max(0, size - AREA) // 2, max(0, size - AREA) // 2 + AREA) for size in frame.shape[:2])]


def _mean_of_five(x: np.ndarray, axis: int) -> np.ndarray:
    """The border is repeated."""
    x = np.moveaxis(x, axis, 0)
    total = np.cumsum(np.concatenate([x[:1]] * 3 + [x] + [x[-1:]] * 2), 0, np.float64)
    return np.moveaxis((total[5:] - total[:-5]) / 5, 0, axis)
