"""STFAN's training: loss, colour jitter, variations of a clip, steps without gradients in time, rates."""
import numpy as np
import pytest

from refvr import Tensor, gradcheck
from refvr.degrade import colour_jitter
from refvr.degrade.colour_jitter import Factors
from refvr.errors import ShapeError, WeightsError
from refvr.networks.stfan import STFAN, Config
from refvr.train.optim import Adam
from refvr.train.perceptual import VGG19, WEIGHTS, percept, vgg19
from refvr.train.schedules import multi_step
from refvr.train.start import vgg_of
from refvr.train.vary_stfan import varied
from refvr.verify.cases.steps import stfan


def small_vgg():
    return VGG19().init(np.random.default_rng(2)).astype(np.float64)


def clip(*shape, seed=1):
    return np.random.default_rng(seed).random(shape)


def test_percept_by_hand():
    vgg = small_vgg()
    y, target = clip(1, 8, 12, 3), clip(1, 8, 12, 3, seed=2)
    loss, parts = percept(y, target, vgg)
    f, g = (vgg((x - 0.5) / 0.5) for x in (y, target))
    assert f[0].min() >= 0 and f[1].min() >= 0 and f[2].min() < 0     # the first two are rectified
    assert [a.shape for a in f] == [(1, 8, 12, 64), (1, 4, 6, 128), (1, 2, 3, 256)]
    np.testing.assert_allclose(parts, [np.mean((a - b) ** 2) for a, b in zip(f, g)], rtol=1e-12)
    assert float(loss) == pytest.approx(sum(w * float(part) for w, part in zip(WEIGHTS, parts)), rel=1e-12)
    before = vgg((y - 0.5) / 0.5, True)
    assert all(np.array_equal(np.maximum(a, 0), b) for a, b in zip(before[:2], f)) and before[0].min() < 0


def test_gradient_of_the_loss():
    vgg = small_vgg()
    target = clip(1, 5, 7, 3, seed=2)
    gradcheck(lambda y: stfan.losses(y, target, vgg)[0], [clip(1, 5, 7, 3)], elements=12)


def test_vgg_takes_its_part_of_a_whole_state():
    rng = np.random.default_rng(3)
    sizes = {0: (64, 3), 2: (64, 64), 5: (128, 64), 7: (128, 128), 10: (256, 128), 12: (256, 256), 14: (256, 256)}
    state = {f"features.{k}.{what}": rng.standard_normal(shape).astype(np.float32) for k, (o, c) in sizes.items()
             for what, shape in (("weight", (o, c, 3, 3)), ("bias", (o,)))}
    net = vgg19(state | {"features.16.weight": np.zeros(3), "classifier.0.weight": np.zeros(5)})
    assert np.array_equal(net.conv3_2.weight, state["features.12.weight"].transpose(2, 3, 1, 0))
    with pytest.raises(WeightsError, match="missing conv2_1.bias"):
        vgg19({name: array for name, array in state.items() if name != "features.5.bias"})


def test_vgg_of_a_file(tmp_path):
    state = {f"features.{k}.{what}": np.zeros(shape, np.float32) for k, (o, c) in {0: (64, 3), 2: (64, 64)}.items()
             for what, shape in (("weight", (o, c, 3, 3)), ("bias", (o,)))}
    np.savez(tmp_path / "vgg.npz", **state, other=np.zeros(3))
    with pytest.raises(WeightsError, match="missing conv2_1.weight"):   # the rest is found to be missing
        vgg_of(str(tmp_path / "vgg.npz"))
    np.savez(tmp_path / "other.npz", other=np.zeros(3))
    with pytest.raises(WeightsError, match="no VGG19, expected arrays features.0.weight"):
        vgg_of(str(tmp_path / "other.npz"))


def test_a_step_lowers_the_loss_and_carries_constants():
    vgg = small_vgg()
    rng = np.random.default_rng(4)
    net, optimiser = STFAN(Config(widths=(3, 5, 7), k=3)).init(rng).astype(np.float64), Adam(lr=1e-3)
    frames, sharp = clip(2, 1, 8, 12, 3), clip(2, 1, 8, 12, 3, seed=5)
    net.image.bias += 0.3
    first = stfan.step(net, vgg, optimiser, frames[0], sharp[0], None)
    assert np.array_equal(first.carried.restored, np.minimum(first.y, 1)) and first.y.max() > 1
    assert not any(isinstance(part, Tensor) for part in first.carried)
    assert first.gradients.keys() == net.parameters().keys()
    assert first.loss == pytest.approx(first.mse + 0.01 * first.percept, rel=1e-12)
    for _ in range(5):
        again = stfan.step(net, vgg, optimiser, frames[0], sharp[0], None)
    assert again.loss < first.loss
    then = stfan.step(net, vgg, optimiser, frames[1], sharp[1], again.carried)
    assert np.abs(then.gradients["carry.weight"]).max() > 0


def test_jitter_by_hand():
    x = np.array([[[[200, 100, 50], [10, 10, 10]]]], np.uint8)
    assert np.array_equal(colour_jitter.jitter(x, Factors(1, 1, 1, 0))[0, 0, 1], (10, 10, 10))
    found = colour_jitter.stages(x, Factors(1.5, 0.5, 0, 0))
    assert found["brightness"].tolist() == [[[[255, 150, 75], [15, 15, 15]]]]
    luma = (19595 * 255 + 38470 * 150 + 7471 * 75 + 32768) >> 16
    mean = (luma + 15 + 1) // 2
    assert found["contrast"][0, 0, 1, 0] == int(mean + 0.5 * (15 - mean))
    assert (found["saturation"][..., 0] == found["saturation"][..., 1]).all()    # without saturation: grey


def test_hue_goes_round():
    """A third of a turn takes red to green to blue, as exactly as 8 bits of hue can."""
    red = np.zeros((1, 1, 1, 3), np.uint8) + np.array([240, 0, 0], np.uint8)
    for turn, want in ((1 / 3, (0, 240, 0)), (-1 / 3, (0, 0, 240))):
        got = colour_jitter.jitter(red, Factors(1, 1, 1, turn))[0, 0, 0]
        assert np.abs(got.astype(int) - want).max() <= 6      # one of 255 steps of hue is 240 * 6 / 255


def test_jitter_refuses_floats_and_draws_within_its_ranges():
    with pytest.raises(ShapeError, match="expected uint8"):
        colour_jitter.jitter(np.zeros((1, 2, 3, 3)), Factors(1, 1, 1, 0))
    draws = np.array([colour_jitter.draw(np.random.default_rng(k)) for k in range(300)])
    low, high = np.array([0.8, 0.85, 0.7, -0.1]), np.array([1.2, 1.15, 1.3, 0.1])
    assert (draws >= low).all() and (draws <= high).all()
    assert (draws.min(0) < low + 0.1 * (high - low)).all() and (draws.max(0) > high - 0.1 * (high - low)).all()


def test_varied_clips_are_varied_alike():
    """With the same frames on both sides, all that tells the results apart is the noise, the same for every frame."""
    x = np.random.default_rng(6).integers(30, 220, (3, 11, 17, 3), np.uint8)
    blurred, sharp = varied(x, x, np.random.default_rng(7), crop=(5, 7))
    assert blurred.shape == sharp.shape == (3, 5, 7, 3) and blurred.dtype == sharp.dtype == np.float32
    field = blurred.astype(np.float64) - sharp
    assert np.abs(field - field[:1]).max() < 1e-7 and 0.5e-4 < field.std() < 2e-4
    seen = {varied(x, x, np.random.default_rng(seed), crop=(11, 17))[1].tobytes() for seed in range(8)}
    assert len(seen) == 8
    assert np.array_equal(varied(x, x, np.random.default_rng(7), crop=(5, 7))[0], blurred)
    with pytest.raises(ShapeError, match="at least 320x448"):
        varied(x, x, np.random.default_rng(7))


def test_rates_fall_an_epoch_early_as_newer_frameworks_do():
    def rate(epoch, late):
        return multi_step(epoch * 10, peak=1e-4, milestones=stfan.MILESTONES, steps_per_epoch=10, late=late)

    assert [rate(k, True) for k in (0, 78, 79, 159, 249)] == pytest.approx([1e-4, 1e-4, 1e-5, 1e-6, 1e-7])
    assert [rate(k, False) for k in (79, 80, 160, 250)] == pytest.approx([1e-4, 1e-5, 1e-6, 1e-7])
