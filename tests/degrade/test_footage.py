"""Small frames as real footage has them: for training, for scores, and the model that is chosen for them."""
from fractions import Fraction

import numpy as np
import pytest

from refvr import zoo
from refvr.degrade.footage import small_footage
from refvr.degrade.kinds import degradation
from refvr.degrade.safa import quarter
from refvr.errors import InputError
from refvr.evaluate.score import score_task
from refvr.pipeline.chosen import chosen


def clip(t=3, h=64, w=96):
    y, x = np.mgrid[:h, :w]
    frames = [0.5 + 0.25 * np.sin(0.15 * (x - k)) + 0.2 * np.sin(0.1 * y + 0.05 * x) for k in range(t)]
    return np.repeat(np.stack(frames)[..., None], 3, -1).astype(np.float32)


def test_windows_are_worn_by_seed_alone_and_some_stay_clean():
    window, clean = clip(), quarter(clip())
    made = [small_footage(window, np.random.default_rng(seed)) for seed in range(24)]
    again = [small_footage(window, np.random.default_rng(seed)) for seed in range(24)]
    assert all((x == y).all() and x.shape == clean.shape and x.dtype == np.float32 for x, y in zip(made, again))
    untouched = sum((x == clean).all() for x in made)
    assert 2 <= untouched <= 12
    assert max(np.abs(x - clean).mean() for x in made) < 0.1        # degraded, not another picture


def test_the_kind_footage_is_noise_and_an_encoder():
    pairs = list(degradation("footage-x4").apply(clip(5, 67, 101)))
    assert len(pairs) == 5 and pairs[0][0].shape == (16, 24, 3) and pairs[0][1].shape == (64, 96, 3)
    small = quarter(np.stack([large for _, large in pairs]))
    error = np.abs(np.stack([small for small, _ in pairs]) - small).mean() * 255
    assert 1 < error < 20


def test_the_model_for_footage_is_chosen_by_name_of_the_input():
    assert chosen("sr", None, None, None, "winograd", Fraction(1), True)[1] == "edvr-s-x4-real"
    assert chosen(None, None, 4, None, "winograd", Fraction(1), True)[1] == "edvr-s-x4-real"
    with pytest.raises(InputError, match="no model that is here is made for real footage and denoise"):
        zoo.recommended("denoise", real=True)
    with pytest.raises(InputError, match="real footage and sr by 2"):
        zoo.recommended("sr", 2, real=True)
    with pytest.raises(InputError, match="leave one of the two out"):
        chosen(None, "duf-s-x4", None, None, "winograd", Fraction(1), True)


def test_scores_take_another_kind_of_small_frames(tmp_path):
    np.save(tmp_path / "clip.npy", clip(3))
    rows = list(score_task("sr", [tmp_path / "clip.npy"], models=["edvr-s-x4-real", "duf-s-x2"], degraded="footage-x4"))
    assert {row.kind for row in rows} == {"footage-x4"}
    assert "edvr-s-x4-real" in {row.method for row in rows} and "duf-s-x2" not in {row.method for row in rows}
    with pytest.raises(InputError, match="none of these models enlarges 4 times"):
        next(score_task("sr", [tmp_path / "clip.npy"], models=["duf-s-x2"], degraded="footage-x4"))
    with pytest.raises(InputError, match="expected small frames"):
        next(score_task("denoise", [tmp_path / "clip.npy"], degraded="footage-x4"))
