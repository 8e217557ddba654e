"""DUF's training step and its pairs."""
import numpy as np
import pytest
from small_duf import SMALL, clip, drawn

from refvr.degrade.duf import downsample
from refvr.errors import InputError
from refvr.networks.duf import DUF, Config
from refvr.train.optim import Adam
from refvr.verify.cases.steps.duf import TIME_STEPS, batch, learning_rate, pair, step


def test_training_steps_lower_the_loss_and_state_is_complete():
    net, optimiser = drawn(), Adam(lr=1e-3)
    x, target = clip(14, 5, 4).reshape(2, 7, 5, 4, 3), clip(2, 10, 8)
    losses = [step(net, optimiser, x, target).loss for _ in range(5)]
    assert losses[4] < losses[0]
    other = DUF(Config(**SMALL)).load(net.state()).train()
    assert np.array_equal(other(x), net(x)) and other.norm.steps == net.norm.steps == 6


def test_pairs_are_what_the_gaussian_makes_of_the_whole_frame():
    """Inside of a frame a patch is as cut from the small whole; its place follows from the large middle one."""
    rng, clips = np.random.default_rng(3), [clip(20, 61, 67), clip(7, 53, 59)]
    for scale in (2, 3, 4):
        for _ in range(6):
            frames = clips[rng.integers(2)]
            small, large = pair(frames, scale, rng, patch=5)
            assert small.shape == (7, 5, 5, 3) and large.shape == (5 * scale, 5 * scale, 3)
            t, top, left = next((t, y, x) for t in range(len(frames)) for y, x in np.argwhere(
                np.isclose(frames[t, ..., 0], large[0, 0, 0])) if np.array_equal(
                frames[t, y:y + 5 * scale, x:x + 5 * scale], large))
            whole = downsample(frames[:, top % scale:, left % scale:], scale)
            rows, columns = (slice(k // scale, k // scale + 5) for k in (top, left))
            assert any(all(0 <= t + k * by < len(frames) for k in (-3, 3)) and np.allclose(
                small, whole[[t + k * by for k in range(-3, 4)], rows, columns], rtol=0, atol=1e-6)
                for by in TIME_STEPS)
    steps = [pair(np.arange(20.0)[:, None, None, None] * np.ones((20, 24, 24, 3)), 2, rng, patch=8)[0][:, 0, 0, 0]
             for _ in range(40)]
    assert {round(float(s[1] - s[0])) for s in steps} == set(TIME_STEPS)
    small, large = batch(clips, 2, rng, size=3, patch=7)
    assert small.shape == (3, 7, 7, 7, 3) and large.shape == (3, 14, 14, 3)
    for wrong in (clip(6, 61, 67), clip(7, 15, 67)):
        with pytest.raises(InputError, match="at least 7 of 18x18"):
            pair(wrong, 2, rng, patch=5)
    assert [learning_rate(epoch) for epoch in (0, 9, 10, 20)] == pytest.approx([1e-3, 1e-3, 1e-4, 1e-5])
