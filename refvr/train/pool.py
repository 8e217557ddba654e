"""Clips that are made before a run: rendered scenes, pairs of blurred and sharp frames, real noise beside clean clips.

Scenes give pairs at any exposure and exact motion; every seed is another content. Scene 0 is the demo's: never drawn.
Pairs are `Clip`s with six channels, blurred before sharp. All is a function of the recipe, the clips and the seed; it
takes minutes, so a run keeps it in a file for when it is resumed.
"""
from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from refvr import hdf5
from refvr.degrade.file_noise import real_noise
from refvr.degrade.motion_blur import EXPOSURE, motion_blur
from refvr.errors import InputError
from refvr.media.atomic import write_bytes
from refvr.scene import Scene, render
from refvr.train.clips import Clip
from refvr.train.data import Windows
from refvr.train.recipes import Recipe
from refvr.train.samplers import LEVEL_STEPS
from refvr.train.streams import POOL, stream

FPS = 24.0
REACH = 1  # frames at each end of a clip that the shutter of a pair reaches into
NOISY_SIDE, TRIES = 176, 3  # pixels of a clip with real noise each way; draws for each that is wanted
ROOM = 1.5  # a pair's side over that of the samples that are cut from it
MADE_FROM = ("scenes", "pool", "pairs", "sequence", "patch", "clip_weighting", "strides", "reverse", "shrink",
             "shrink_limit")  # what of a recipe decides the pool


class Pool(NamedTuple):
    """Rendered scenes, for denoisers clips with real noise; for deblurring pairs made of the clips (else empty)."""

    scenes: list[Clip]
    pairs: list[Clip]


def make_pool(clips: Sequence[Clip], recipe: Recipe, needs: tuple[int, int], *, seed: int, blurs: bool, kept: Path,
              tell: Callable[[str], None], real: bool = False) -> Pool:
    """What the recipe asks for, from the file `kept` if that holds just this, else made and written there.

    needs  frames and side of a sample;  blurs: scenes are pairs, and `pairs` are wanted
    real  clips with real noise are wanted in place of scenes. Raises OutputError.
    """
    frames, side = needs
    wanted = {name: getattr(recipe, name) for name in MADE_FROM}
    key = json.dumps([wanted, needs, seed, [clip.facts() for clip in clips]])
    found = _loaded(kept, key)
    if found is None:
        found = Pool(noisy_clips(clips, recipe, frames=2 * frames, seed=seed, tell=tell) if real else
                     scenes(recipe, frames=frames if blurs else 2 * frames, side=round(side * ROOM), seed=seed,
                            blurs=blurs, tell=tell),
                     blurred_pairs(clips, recipe, seed=seed, tell=tell) if blurs else [])
        if any(found):
            _save(kept, key, found)
    return found


def _save(path: Path, key: str, pool: Pool) -> None:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as f:
        f.create_dataset("key", data=np.frombuffer(key.encode(), np.uint8), track_times=False)
        for name, made in pool._asdict().items():
            for k, clip in enumerate(made):
                f.create_dataset(f"{name}/{k:05d}", data=clip.frames, track_times=False).attrs["name"] = clip.name
    write_bytes(path, buffer.getvalue())


def _loaded(path: Path, key: str) -> Pool | None:
    """The pool in `path`; None if there is none, or another."""
    try:
        with hdf5.opened(path) as f:
            found = hdf5.datasets(f)
            if hdf5.values(found["key"]).tobytes() != key.encode():
                return None
            return Pool(*([Clip(str(hdf5.attributes(item)["name"]), hdf5.values(item)) for path, item in found.items()
                           if path.startswith(f"{name}/")] for name in Pool._fields))
    except InputError:
        return None


def scenes(recipe: Recipe, *, frames: int, side: int, seed: int, blurs: bool = False,
           tell: Callable[[str], None] = lambda line: None) -> list[Clip]:
    """recipe.pool rendered clips of `frames` frames, `side` pixels square, or of blurred pairs of such frames."""
    if not recipe.scenes:
        return []
    rng, made = stream(seed, POOL, 0), []
    for k in range(recipe.pool):
        number, start, speed = int(rng.integers(1, 2 ** 31)), rng.uniform(0, 20), rng.uniform(0.5, 2)
        times = start + speed * np.arange(frames) / FPS
        sharp = np.stack([_levels(render(Scene(number), side, side, t)) for t in times])
        if blurs:
            exposure = EXPOSURE * speed / FPS / 2
            blurred = [_levels(render(Scene(number), side, side, t, exposure_s=exposure)) for t in times]
            sharp = np.concatenate([np.stack(blurred), sharp], -1)
        made.append(Clip(f"scene {number}", sharp))
        tell(f"scene {k + 1} of {recipe.pool}")
    return made


def blurred_pairs(clips: Sequence[Clip], recipe: Recipe, *, seed: int,
                  tell: Callable[[str], None] = lambda line: None) -> list[Clip]:
    """recipe.pairs windows of the clips, as pairs: what an open shutter would have seen along their motion."""
    count, frames = recipe.pairs, recipe.sequence + 2 * REACH
    longest = min(len(clip.frames) for clip in clips)
    side = min(round(recipe.patch * ROOM), *(min(clip.frames.shape[1:3]) for clip in clips))
    plain = replace(recipe, augment="none", jitter=0.0)
    windows, made = Windows(clips, plain, frames=min(2 * frames, longest), side=side, seed=seed), []
    for k in range(count):
        window = windows.window(stream(seed, POOL, 1, k))
        pairs = [np.concatenate([_levels(blurred), _levels(sharp)], -1)
                 for blurred, sharp in motion_blur(window, stride=1)]
        made.append(Clip(f"pair {k}", np.stack(pairs)))
        tell(f"blurred pair {k + 1} of {count}")
    return made


def noisy_clips(clips: Sequence[Clip], recipe: Recipe, *, frames: int, seed: int,
               tell: Callable[[str], None] = lambda line: None) -> list[Clip]:
    """recipe.pool windows with real noise (degrade/file_noise.py): noisy, clean and level as nine channels.

    Those without a level are drawn again: a network that is told of no noise leaves the frames as they are.
    """
    made: list[Clip] = []
    if not recipe.scenes:
        return made
    frames = min(frames, *(len(clip.frames) for clip in clips))
    side = min(NOISY_SIDE, *(size // 2 * 2 for clip in clips for size in clip.frames.shape[1:3]))
    windows = Windows(clips, replace(recipe, augment="none", jitter=0.0), frames=frames, side=side, seed=seed)
    for k in range(TRIES * recipe.pool):
        rng = stream(seed, POOL, 2, k)
        left, clean, level = real_noise(windows.window(rng), rng)
        if level.sigma:
            map_ = np.minimum(level.map(left) * LEVEL_STEPS, 1).repeat(3, -1)
            made.append(Clip(f"real noise {k}", np.concatenate([_levels(x) for x in (left, clean, map_)], -1)))
            tell(f"clip with real noise {len(made)} of {recipe.pool}")
        if len(made) == recipe.pool:
            break
    return made


def _levels(frame: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(frame, 0, 1) * 255).astype(np.uint8)
