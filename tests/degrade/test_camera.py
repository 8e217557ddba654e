"""Simulated camera noise: the cases through the public function, its statistics, its stages, bad input."""
import numpy as np
import pytest
from places import GOLDEN

from refvr.degrade.camera import camera_noise, draw_level, gamma, linear, read_noise, shot_noise, to_u8
from refvr.degrade.demosaic import ahd
from refvr.errors import InputError, ShapeError
from refvr.verify.cases.case import load_case

GREY = np.full((31, 37, 3), 128, np.uint8)


@pytest.mark.parametrize("name", ["isp_pipeline_b", "isp_pipeline_c"])
def test_the_whole_pipeline_with_given_draws(name):
    case = load_case(GOLDEN / f"{name}.h5")
    z1, z2 = case.inputs["z_poisson"][0, 0], case.inputs["z_gauss"][:, 0]
    noisy, clean = camera_noise(np.moveaxis(case.inputs["rgb"], 0, -1), case.config["poisson_k"],
                                case.config["read_noise_sigma"], z_poisson=z1, z_gauss=z2, realisations=len(z2),
                                stops=case.config["nstops"])
    assert np.array_equal(to_u8(noisy), np.moveaxis(case.outputs["noisy_u8"], 1, -1))
    assert np.array_equal(to_u8(clean), np.moveaxis(case.outputs["gt_u8"], 1, -1)[0])


def test_noise_of_the_sensor_has_the_stated_variance():
    rng, k, sigma = np.random.default_rng(0), 0.02, 0.03
    plane = np.full((400, 500), 0.36, np.float32)
    noisy = read_noise(shot_noise(plane, k, rng.standard_normal(plane.shape)), sigma, rng.standard_normal(plane.shape))
    expected = k * k * 0.36 + sigma * sigma
    assert abs(np.var(noisy - plane) / expected - 1) < 5 * np.sqrt(2 / plane.size)


def test_a_grey_frame_stays_grey_and_only_the_noisy_one_is_noisy():
    noisy, clean = camera_noise(GREY, 0.01, 0.02, rng=np.random.default_rng(1), realisations=2)
    assert noisy.shape == (2, 31, 37, 3) and clean.shape == (31, 37, 3)
    assert np.ptp(clean) < 1e-6 and noisy.std() > 0.005
    assert not np.array_equal(noisy[0], noisy[1])
    silent, same = camera_noise(GREY, 0, 0, rng=np.random.default_rng(1))
    assert np.array_equal(silent[0], same)


def test_the_exact_curve_inverts_srgb_and_the_published_one_does_not():
    x = np.linspace(0, 1, 101)
    srgb = np.where(x > 0.0031308, 1.055 * np.maximum(x, 1e-9) ** (1 / 2.4) - 0.055, 12.92 * x)
    assert np.abs(linear(srgb, exact_gamma=True) - x).max() < 1e-4  # the two branches of sRGB meet to that
    assert abs(linear(np.array([1.0]))[0] - 1.0778) < 1e-4
    round_trip = gamma(linear(np.array([0.1, 0.5, 1.0])).clip(0, 1))
    np.testing.assert_allclose(round_trip, [0.1109, 0.5186, 1.0004], atol=5e-5)


def test_levels():
    rng = np.random.default_rng(2)
    drawn = np.array([[draw_level(rng, (0, 0.1), law) for law in ("log", "uniform")] for _ in range(2000)])
    assert (drawn >= 0).all() and (drawn <= 0.1 + 1e-9).all()
    assert 1e-6 < np.median(drawn[:, 0]) < 1e-5 and 0.04 < np.median(drawn[:, 1]) < 0.06


def test_bad_input():
    with pytest.raises(ShapeError, match="expected uint8"):
        camera_noise(GREY / np.float32(255), 0.01, 0.02, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="finite levels"):
        camera_noise(GREY, -1, 0.02, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="neither a generator"):
        camera_noise(GREY, 0.01, 0.02)
    with pytest.raises(ShapeError, match="draws"):
        camera_noise(GREY, 0.01, 0.02, z_poisson=np.zeros((3, 3)), z_gauss=np.zeros((1, 31, 37)))
    with pytest.raises(InputError, match="law"):
        draw_level(np.random.default_rng(0), (0, 1), "normal")
    with pytest.raises(ShapeError, match="at least 2 x 2"):
        ahd(np.zeros((1, 5), np.float32))
