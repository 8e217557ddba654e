"""Mistakes in losses: each by its formula, on a batch of two."""
import numpy as np
import pytest
from wrong_calls import drawn, made_in, possible, shows

from refvr.verify.mistakes import losses

Y, TARGET = drawn(2, 3, 4, seed=1), drawn(2, 3, 4, seed=2)
D = Y - TARGET
DELTA, EPS = 0.25, 0.5


def huber(d, delta=DELTA):
    return np.where(np.abs(d) <= delta, d * d / 2, delta * (np.abs(d) - delta / 2))


def charbonnier(d, eps=EPS):
    return np.sqrt(d * d + eps)


OF = {"mse_loss": (np.square, {}), "l1_loss": (np.abs, {}), "charbonnier_loss": (charbonnier, {"eps": EPS}),
      "huber_loss": (huber, {"delta": DELTA})}
ALIKE = {f"{loss}.{name}": (expected, options) for loss, (of, options) in OF.items() for name, expected in (
    ("sum_or_mean", of(D).sum()), ("mean_over_the_batch_only", of(D).sum() / 2), ("halved", of(D).mean() / 2),
    ("pictures_of_bytes", of(255 * D).mean()))}
OF_ONE = {
    "mse_loss.root_taken": (np.sqrt((D * D).mean()), {}),
    "charbonnier_loss.eps_squared": (charbonnier(D, EPS ** 2).mean(), {"eps": EPS}),
    "charbonnier_loss.eps_outside_the_root": ((np.abs(D) + EPS).mean(), {"eps": EPS}),
    "charbonnier_loss.plain_l1": (np.abs(D).mean(), {"eps": EPS}),
    "huber_loss.smooth_l1": (huber(D).mean() / DELTA, {"delta": DELTA}),
    "huber_loss.delta_of_pytorch": (huber(D, 1).mean(), {"delta": DELTA}),
}


@pytest.mark.parametrize("name", [*ALIKE, *OF_ONE])
def test_of_pixels(name):
    expected, options = (ALIKE | OF_ONE)[name]
    shows(name, expected, Y, TARGET, **options)


@pytest.mark.parametrize("name, expected", [
    ("mse_loss.sum_or_mean", np.square(D).mean()),                         # the other reduction of a sum is the mean
    ("charbonnier_loss.eps_outside_the_root", (np.abs(D) + EPS).sum()),
    ("charbonnier_loss.plain_l1", np.abs(D).sum())])
def test_of_sums(name, expected):
    shows(name, expected, Y, TARGET, "sum", **({"eps": EPS} if name.startswith("charb") else {}))


def test_at_delta_1_all_three_are_the_same_loss():
    for name in ("smooth_l1", "delta_of_pytorch"):
        assert not possible(f"huber_loss.{name}", Y, TARGET, delta=1.0)


CLIPS, OTHERS = drawn(2, 3, 2, 2, 1, seed=3), drawn(2, 3, 2, 2, 1, seed=4)   # two clips of three frames


def likeness(clips, others, normalised=True):
    """Sum over clips of |G1 - G2|^2, G the likeness of every frame to every other, rows of length 1."""
    total = 0.0
    for pair in zip(clips, others):
        grams = []
        for clip in pair:
            flat = clip.reshape(len(clip), -1)
            gram = np.array([[(one * other).sum() for other in flat] for one in flat])
            grams.append(gram / np.linalg.norm(gram, axis=1, keepdims=True) if normalised else gram)
        total += np.square(grams[0] - grams[1]).sum()
    return total


TOGETHER = [clips.reshape(1, 6, 2, 2, 1) for clips in (CLIPS, OTHERS)]
OF_CLIPS = {
    "similarity_loss.divided_by_frames_once": likeness(CLIPS, OTHERS) / 3,
    "similarity_loss.mean_over_clips": likeness(CLIPS, OTHERS) / 9 / 2,
    "similarity_loss.clips_of_a_batch_together": likeness(*TOGETHER) / 36,
    "similarity_loss.rows_not_normalised": likeness(CLIPS, OTHERS, normalised=False) / 9,
}


@pytest.mark.parametrize("name", OF_CLIPS)
def test_of_clips(name):
    shows(name, OF_CLIPS[name], CLIPS, OTHERS, within=1e-9)   # rows have a guard of 1e-12


def test_a_batch_of_one_clip_has_nothing_to_mix():
    for name in ("mean_over_clips", "clips_of_a_batch_together"):
        assert not possible(f"similarity_loss.{name}", CLIPS[:1], OTHERS[:1])


def test_every_mistake_of_the_file_is_here():
    assert made_in(losses) == {*ALIKE, *OF_ONE, *OF_CLIPS}
