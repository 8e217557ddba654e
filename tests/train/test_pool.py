"""What is made of the clips before a run."""
import numpy as np
import pytest
from small_training import PLAIN, pattern

from refvr.degrade import duf
from refvr.train import pool
from refvr.train.clips import Clip
from refvr.train.recipes import recipe_of
from refvr.train.samplers import Blurred, Smaller


def test_blurred_pairs():
    recipe = recipe_of("stfan-s", {**PLAIN, "patch": 16, "pairs": 2, "sequence": 3})
    made = pool.blurred_pairs([Clip("stripes", pattern())], recipe, seed=5)
    again = pool.blurred_pairs([Clip("stripes", pattern())], recipe, seed=5)
    for a, b in zip(made, again):
        assert a.frames.tobytes() == b.frames.tobytes() and a.frames.dtype == np.uint8
    frames = made[0].frames.astype(int)
    blurred, sharp = frames[..., :3], frames[..., 3:]
    assert sharp.std() > 1.05 * blurred.std()                 # stripes run over each other while the shutter is open
    assert abs(sharp.mean() - blurred.mean()) < 20            # light is averaged: a little brighter, no more
    x, y = Blurred(made, recipe, seed=5).batch(2)
    assert x.shape == y.shape == (2, 3, 16, 16, 3) and not np.array_equal(x, y)
    official = Blurred(made, recipe_of("stfan", {"patch": 16, "sequence": 3}), seed=5)
    x, y = official.batch(0)
    assert x.shape == y.shape == (1, 3, 16, 16, 3) and x.min() >= 0 and x.max() <= 1


def test_scenes_are_drawn_as_often_as_asked_and_kept(tmp_path, monkeypatch):
    recipe = recipe_of("duf-s-x4", {**PLAIN, "scenes": 0.25, "pool": 2, "batch": 200})
    options = {"seed": 1, "blurs": False, "kept": tmp_path / "pool.h5", "tell": lambda line: None}
    made = pool.make_pool([], recipe, (2, 24), **options)
    assert [clip.frames.shape for clip in made.scenes] == [(4, 36, 36, 3)] * 2 and not made.pairs
    assert not np.array_equal(made.scenes[0].frames, made.scenes[1].frames)
    dark = Clip("dark", np.zeros((4, 48, 48, 3), np.uint8))
    sampler = Smaller([dark], recipe, frames=2, scale=2, seed=0, shrunk=lambda x: duf.downsample(x, 2),
                      scenes=made.scenes)
    share = np.mean(sampler.batch(0)[1].max((1, 2, 3)) > 0)
    assert share == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / 200))        # four standard errors
    monkeypatch.setattr(pool, "render", None)                                      # nothing is rendered again
    kept = pool.make_pool([], recipe, (2, 24), **options)
    assert all(a.frames.tobytes() == b.frames.tobytes() for a, b in zip(kept.scenes, made.scenes))
    with pytest.raises(TypeError):
        pool.make_pool([], recipe, (2, 24), **{**options, "seed": 2})              # another pool is not taken for it
