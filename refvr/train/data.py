"""Windows cut from clips and varied: what every task trains on. Float32 RGB in [0, 1].

One window: draw a clip, a temporal stride, a first frame, a direction; cut the same square from all frames; shrink it,
turn and mirror it, change its brightness. `Recipe` says how often each of these happens. What a task makes of a window
is in samplers.py.
"""
from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from refvr.train.augment import augment, draw_from
from refvr.train.clips import Clip
from refvr.train.recipes import Recipe
from refvr.train.streams import BATCH, stream

SYMMETRIES = dict.fromkeys(("do_nothing", "flipud", "rot90", "rot90_flipud", "rot180", "rot180_flipud", "rot270",
                            "rot270_flipud"), 1)


class Windows:
    """Draws windows of `frames` frames, `side` pixels square, from clips that have at least that.

    scenes  rendered clips, of which `recipe.scenes` of all windows are cut
    """

    def __init__(self, clips: Sequence[Clip], recipe: Recipe, *, frames: int, side: int, seed: int,
                 scenes: Sequence[Clip] = ()) -> None:
        self._clips, self._recipe, self._frames, self._side, self._seed = list(clips), recipe, frames, side, seed
        self._scenes = list(scenes)
        lengths = [len(clip.frames) - frames + 1 for clip in clips]
        weights = lengths if recipe.clip_weighting == "length" else [1] * len(lengths)
        self._weights = dict(enumerate(weights))

    def stream(self, step: int) -> np.random.Generator:
        """What step `step` draws from: a function of the seed and the step alone."""
        return stream(self._seed, BATCH, step)

    def window(self, rng: np.random.Generator) -> np.ndarray:
        """One clean window (t, side, side, 3), or as many channels as the clips have."""
        recipe, frames = self._recipe, self._clip(rng)
        x = shrink(self._cut(frames, self._factor(rng, frames), rng), self._side) / np.float32(255)
        if recipe.augment == "sample":
            x = augment(x, draw_from(rng, SYMMETRIES))
        if recipe.jitter:
            spread = rng.uniform(-recipe.jitter, recipe.jitter, 4)
            gain = np.exp(spread[0] + spread[1:] / 3).astype(np.float32)        # brightness, and a little colour
            x = np.minimum(x * np.tile(gain, x.shape[-1] // 3), np.float32(1))
        return x

    def _clip(self, rng: np.random.Generator) -> np.ndarray:
        if self._scenes and rng.random() < self._recipe.scenes:
            return self._scenes[rng.integers(len(self._scenes))].frames
        return self._clips[draw_from(rng, self._weights)].frames

    def _factor(self, rng: np.random.Generator, frames: np.ndarray) -> float:
        """By how much the window is shrunk, 1 .. recipe.shrink_limit, as far as the clip is large enough."""
        recipe = self._recipe
        limit = min(recipe.shrink_limit, min(frames.shape[1:3]) / self._side)
        return rng.uniform(1, max(1, limit)) if rng.random() < recipe.shrink else 1.0

    def _cut(self, frames: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
        """A random square of `factor` * side, the same in `self._frames` frames; (t, side, side, 3) of uint8."""
        recipe, t = self._recipe, len(frames)
        strides = {k + 1: weight for k, weight in enumerate(recipe.strides) if (self._frames - 1) * (k + 1) < t}
        stride = draw_from(rng, strides)
        first = rng.integers(t - (self._frames - 1) * stride)
        indices = [first + k * stride for k in range(self._frames)]
        if recipe.reverse and rng.random() < 0.5:
            indices.reverse()
        side = math.ceil(self._side * factor)
        top, left = (int(rng.integers(size - side + 1)) for size in frames.shape[1:3])
        return np.stack([frames[i, top:top + side, left:left + side] for i in indices])


def shrink(x: np.ndarray, size: int) -> np.ndarray:
    """Area filter: (t, side, side, c) -> (t, size, size, c) of float32; each result is the mean over its square.

    Means over intervals with fractional ends are differences of the running sum, read between its entries.
    """
    x = x.astype(np.float32)
    for axis in (1, 2):
        side = x.shape[axis]
        if side == size:
            continue
        total = np.concatenate([np.zeros_like(x.take([0], axis)), np.cumsum(x, axis)], axis)   # side + 1 entries
        ends = np.arange(size + 1) * (side / size)
        below = np.minimum(ends.astype(np.intp), side - 1)
        part = (ends - below).astype(np.float32).reshape([-1 if k == axis else 1 for k in range(4)])
        at = total.take(below, axis) + part * x.take(below, axis)
        x = np.diff(at, axis=axis) / np.float32(side / size)
    return x
