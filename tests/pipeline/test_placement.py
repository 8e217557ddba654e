"""Where an enlarged picture lies: each output pixel over the part of the input that it shows."""
from fractions import Fraction

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from refvr import scene, zoo
from refvr.degrade.duf import low_resolution, offset_px
from refvr.pipeline.chosen import load_network
from refvr.pipeline.drivers import restore_frames, scale_of
from refvr.pipeline.duf import moved

WIDTH, HEIGHT, FRAMES = 256, 192, 3
ENLARGING = [name for name, row in zoo.MODELS.items() if row.weights and row.task in ("sr", "spacetime")]


def displacement_px(y, x, border=16):
    """(dy, dx) by which y shows the picture x too far down and right: least squares over the gradients, repeated."""
    y, x = (gaussian_filter(frame.mean(-1, dtype=float), 3) for frame in (y, x))
    found, inside = np.zeros(2), np.s_[border:-border, border:-border]
    for _ in range(5):
        guess = shift(x, found, order=5, mode="mirror")
        gradients = np.stack([part[inside].ravel() for part in np.gradient(guess)], 1)
        found = found + np.linalg.lstsq(gradients, (guess - y)[inside].ravel(), rcond=None)[0]
    return found


def clips(seeds=(0, 3)):
    for seed in seeds:
        yield list(scene.frames(scene.Scene(seed), WIDTH, HEIGHT, 24, FRAMES))


def means_of_cells(frame, s):
    """Small pixels that are the light of s x s large ones: what every camera and every other program makes."""
    h, w, _ = frame.shape
    return frame.reshape(h // s, s, w // s, s, 3).mean((1, 3))


def mean_displacement(net, shrink, **options):
    found = []
    for clean in clips():
        answers = list(restore_frames([shrink(frame, scale_of(net)) for frame in clean], net, **options))
        found += [displacement_px(y, x) for y, x in zip(answers, clean)]
    return np.mean(found, 0)


def test_the_measure_sees_a_tenth_of_a_pixel():
    (clean,) = clips([0])
    for by in ((0, 0), (0.1, -0.1), (-1.5, 1.5)):
        there = shift(clean[0], (*by, 0), order=5, mode="mirror")
        np.testing.assert_allclose(displacement_px(there, clean[0]), by, rtol=0, atol=0.01)


@pytest.mark.parametrize("name", ENLARGING)
def test_every_enlarged_picture_lies_on_its_input(name):
    assert np.abs(mean_displacement(load_network(name), means_of_cells)).max() < 0.05


@pytest.mark.parametrize("name", [name for name in ENLARGING if name.startswith("duf")])
def test_the_authors_frames_stay_where_their_degradation_has_them(name):
    net = load_network(name)
    by = float(offset_px(scale_of(net)))

    def shrink(frame, s):
        return low_resolution(frame[None], s)[0]

    np.testing.assert_allclose(mean_displacement(net, shrink, official=True), 0, atol=0.05)
    np.testing.assert_allclose(mean_displacement(net, shrink), by, atol=0.05)
    np.testing.assert_allclose(mean_displacement(net, means_of_cells, official=True), -by, atol=0.05)


def test_moving():
    x = np.random.default_rng(0).random((7, 9, 3))
    assert [offset_px(s) for s in (2, 3, 4)] == [Fraction(1, 2), 1, Fraction(3, 2)]
    assert np.array_equal(moved(x, Fraction(2), 0), np.concatenate([x[:1], x[:1], x[:5]]))
    assert np.array_equal(moved(x, Fraction(-1), 1), np.concatenate([x[:, 1:], x[:, -1:]], 1))
    ramp = np.arange(12.0)[:, None] * np.ones((1, 2))
    for by in (Fraction(3, 2), Fraction(1, 3), Fraction(-5, 4)):  # a cubic is exact for straight lines
        np.testing.assert_allclose(moved(ramp, by, 0)[4:-4], ramp[4:-4] - float(by), rtol=1e-12)
    for by in (Fraction(1, 2), Fraction(7, 3)):
        np.testing.assert_allclose(moved(np.full((1, 1, 3), 0.3), by, 0), 0.3, rtol=1e-12)
    assert moved(x.astype(np.float32), Fraction(3, 2), 0).dtype == np.float32
