"""Batches for every task: what a network gets and what it should answer, made from clean windows. Float32, [0, 1].

    Noisy     clean window + Gaussian noise, one sigma per sample, not clipped                          denoisers
    Told      clean window + noise as files have it, and a map of its level                             denoisers
    Smaller   small frames of a window by a downsampling, and its large middle frame                    DUF, EDVR
    Blurred   frames of an open shutter and the sharp ones, as many as a training clip has              STFAN
    Between   first and last frame, a quarter and enlarged again; times; the frames at these times      SAFA

A batch is a function of the seed and the step alone, so that runs can be resumed and batches prepared ahead.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.degrade import file_noise, safa
from refvr.degrade.footage import small_footage
from refvr.nn.noise_gate import gate_map
from refvr.pipeline.motion import estimated
from refvr.train.augment import augment, draw_kind
from refvr.train.clips import Clip
from refvr.train.data import Windows
from refvr.train.recipes import Recipe
from refvr.train.vary_stfan import varied

Batch = tuple[np.ndarray, ...]
BORDER = 2  # small pixels around a patch that are made and cut off: a downsampling mirrors pixels at its border
LEVEL_STEPS = 4  # of a noise level in clips with real noise, to a step of 8 bits
ENDS = 1 / 3  # share of the times that are 0 or 1, where a single time is drawn


class Sampler(Windows):
    """Batches of `recipe.batch` samples; subclasses say what a sample is and what windows it needs."""

    def batch(self, step: int) -> Batch:
        """The arrays of step `step`, each (n, ...)."""
        rng = self.stream(step)
        return tuple(np.stack(part) for part in zip(*(self.sample(rng) for _ in range(self._recipe.batch))))

    def sample(self, rng: np.random.Generator) -> Batch:
        """One sample: the arrays of a batch without their first axis."""
        raise NotImplementedError(type(self).__name__)


class Noisy(Sampler):
    """(noisy, clean), each (n, t, p, p, 3)."""

    def __init__(self, clips: Sequence[Clip], recipe: Recipe, *, frames: int, seed: int, scenes: Sequence[Clip] = ()
                 ) -> None:
        super().__init__(clips, recipe, frames=frames, side=recipe.patch, seed=seed, scenes=scenes)

    def batch(self, step: int) -> Batch:
        """Transforms of the whole batch come before the noise."""
        recipe, rng = self._recipe, self.stream(step)
        clean = np.stack([self.window(rng) for _ in range(recipe.batch)])     # (n, t, p, p, 3)
        if recipe.augment == "batch":
            clean = augment(clean, draw_kind(rng), rng)
        low, high = recipe.sigma
        sigma = rng.uniform(low / 255, high / 255, (recipe.batch, 1, 1, 1, 1)).astype(np.float32)
        return clean + sigma * rng.standard_normal(clean.shape, np.float32), clean


class Told(Sampler):
    """(noisy (n, t, p, p, 3), maps of the level (n, t, p, p, 2), clean (n, t, p, p, 3)): degrade/file_noise.py.

    The share recipe.low of the levels is drawn with a preference for low ones. The share recipe.scenes of the samples
    are cut from `scenes`, which are clips with real noise of train/pool.py: noisy, clean and level in one.
    """

    def __init__(self, clips: Sequence[Clip], recipe: Recipe, *, frames: int, seed: int, scenes: Sequence[Clip] = ()
                 ) -> None:
        super().__init__(clips, recipe, frames=frames, side=recipe.patch, seed=seed)
        as_they_are = replace(recipe, shrink=0.0, jitter=0.0, strides=(1.0,), clip_weighting="equal")
        self._worn = Windows(scenes, as_they_are, frames=frames, side=recipe.patch, seed=seed) if scenes else None

    def sample(self, rng: np.random.Generator) -> Batch:
        """A window with the noise of a camera or an encoder, or one with noise of a drawn level; and the clean one."""
        if self._worn and rng.random() < self._recipe.scenes:
            window = self._worn.window(rng)                                   # (t, p, p, 9)
            noisy, clean, level = (np.ascontiguousarray(window[..., k:k + 3]) for k in (0, 3, 6))
            return noisy, gate_map(level[..., :1] / np.float32(LEVEL_STEPS)), clean
        clean, (low, high) = self.window(rng), self._recipe.sigma
        share = rng.random() ** (2 if rng.random() < self._recipe.low else 1)
        noisy, level = file_noise.noisy(clean, low + (high - low) * share, rng)
        return noisy, gate_map(level), clean


class Smaller(Sampler):
    """(small windows (n, t, p, p, 3), large middle frames (n, s p, s p, 3)), of one crop.

    shrunk  (t, h, w, 3) -> (t, h/s, w/s, 3), but for the share recipe.footage, which degrade/footage.py makes
    """

    def __init__(self, clips: Sequence[Clip], recipe: Recipe, *, frames: int, scale: int, seed: int,
                 shrunk: Callable[[np.ndarray], np.ndarray], scenes: Sequence[Clip] = ()) -> None:
        super().__init__(clips, recipe, frames=frames, side=scale * (recipe.patch + 2 * BORDER), seed=seed,
                         scenes=scenes)
        self._scale, self._shrunk = scale, shrunk

    def sample(self, rng: np.random.Generator) -> Batch:
        """One window shrunk, as the task does it or as footage has it, and its middle frame."""
        window = self.window(rng)
        real = self._recipe.footage and rng.random() < self._recipe.footage
        small = small_footage(window, rng) if real else self._shrunk(window)
        return _inner(small), _inner(window[self._frames // 2], self._scale)


class Blurred(Sampler):
    """(blurred, sharp), each (n, t, p, p, 3); `clips` hold pairs: frames (t, h, w, 6), blurred before sharp.

    Where recipe.augment is "stfan", samples are varied as its authors do (train/vary_stfan.py) and in no other way.
    """

    def __init__(self, clips: Sequence[Clip], recipe: Recipe, *, seed: int, scenes: Sequence[Clip] = ()) -> None:
        super().__init__(clips, recipe, frames=recipe.sequence, side=recipe.patch, seed=seed, scenes=scenes)

    def sample(self, rng: np.random.Generator) -> Batch:
        """Blurred frames with their sharp ones, varied as the recipe says."""
        pair = self.window(rng)                                               # (t, p, p, 6)
        if self._recipe.augment == "stfan":
            levels = np.rint(pair * 255).astype(np.uint8)
            return varied(levels[..., 2::-1], levels[..., :2:-1], rng, crop=pair.shape[1:3])   # theirs are BGR
        return np.ascontiguousarray(pair[..., :3]), np.ascontiguousarray(pair[..., 3:])


class Between(Sampler):
    """(first, last, times, answers, seeds, motion) with q = 4 p and k = recipe.times.

    (n, q, q, 3) twice; (n, k) from 0 to 1; (n, k, q, q, 3); (n,); (n, q, q, 4), or (n, 0) where nothing begins at it

    The first and the last of recipe.interval + 1 frames, a quarter of their size and enlarged again, are what SAFA
    gets. Three times are 0, one between, and 1, as its authors train; one is any of these. The seeds
    are for scales that are drawn (recipe.routing).
    """

    def __init__(self, clips: Sequence[Clip], recipe: Recipe, *, seed: int, scenes: Sequence[Clip] = (),
                 motion: bool = False) -> None:
        super().__init__(clips, recipe, frames=recipe.interval + 1, side=4 * (recipe.patch + 2 * BORDER), seed=seed,
                         scenes=scenes)
        self._motion = motion

    def sample(self, rng: np.random.Generator) -> Batch:
        """One pair of enlarged small frames, times, the frames then, a seed for the scales, and the motion."""
        window, last = self.window(rng), self._recipe.interval
        small = safa.quarter(window[[0, last]])
        first, second = array_of(ops.resize_cubic(small, 4))
        indices = [int(rng.integers(1, last))]
        if self._recipe.times == 3:
            indices = [0, *indices, last]
        elif rng.random() < ENDS:
            indices = [int(rng.integers(2)) * last]
        answers = np.stack([_inner(window[k], 4) for k in indices])
        times, seed = np.array(indices, np.float32) / np.float32(last), np.array(rng.integers(2 ** 31))
        motion = _inner(estimated(small[0], small[1], 4), 4) if self._motion else np.zeros(0, np.float32)
        return _inner(first, 4), _inner(second, 4), times, answers, seed, motion


def _inner(x: np.ndarray, scale: int = 1) -> np.ndarray:
    """(..., h, w, c) without the border."""
    cut = slice(BORDER * scale, -BORDER * scale)
    return np.ascontiguousarray(x[..., cut, cut, :])
