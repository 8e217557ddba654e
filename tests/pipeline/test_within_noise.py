"""What was taken away as noise: noise goes, pictures come back."""

import numpy as np
import pytest

from refvr.metrics.noise import NoiseLevel
from refvr.pipeline import within_noise as module
from refvr.pipeline.denoise import denoise_told
from refvr.pipeline.within_noise import within_noise
from refvr.zoo.weights import load

SIGMA = np.full((48, 64, 1), 10 / 255, np.float32)


def noisy(clean: np.ndarray, sigma: float = 10 / 255, seed: int = 0) -> np.ndarray:
    """With noise, clipped and rounded as in files."""
    x = np.clip(clean + np.random.default_rng(seed).normal(0, sigma, clean.shape), 0, 1)
    return (np.rint(x * 255) / 255).astype(np.float32)


def drawing() -> np.ndarray:
    """(48, 64, 3): bars of the strongest colours, lines of one pixel, a ramp."""
    x = np.zeros((48, 64, 3), np.float32)
    for k, bits in enumerate(("101", "010", "100", "011", "001", "110", "111", "000")):
        x[:24, 8 * k:8 * k + 8] = [int(bit) for bit in bits]
    x[24:36, ::3] = (1, 0, 1)
    x[36:] = np.linspace(0, 1, 64, dtype=np.float32)[:, None]
    return x


def error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean((a - b) ** 2)) * 255)


@pytest.mark.parametrize("brightness", [0.0, 0.03, 0.5, 1.0])
def test_noise_goes_also_where_it_was_cut_off(brightness):
    clean = np.full((48, 64, 3), brightness, np.float32)
    assert error(within_noise(clean, noisy(clean), SIGMA), clean) < 1


def test_colours_lines_and_shades_that_were_taken_away_come_back():
    clean = drawing()
    frame = noisy(clean)
    for lost in (clean * 0.8 + 0.1, np.repeat(clean.mean(-1, keepdims=True), 3, -1), np.roll(clean, 1, 1)):
        held = within_noise(lost, frame, SIGMA)
        assert error(lost, clean) > 20 and error(held, clean) < 11
    assert np.abs(within_noise(clean * 0, frame, SIGMA) - frame).max() <= 40.1 / 255


def test_rows_are_those_of_the_whole_frame_and_no_noise_is_divided_by(monkeypatch):
    frame, result = noisy(drawing()), drawing()
    sigma = SIGMA * np.linspace(0, 1, 48, dtype=np.float32)[:, None, None]
    whole = within_noise(result, frame, sigma)
    assert np.isfinite(whole).all() and whole.dtype == np.float32
    monkeypatch.setattr(module, "ROWS", 7)
    assert np.abs(within_noise(result, frame, sigma) - whole).max() < 1e-5


def test_the_default_denoiser_leaves_a_drawing_no_worse_than_it_came():
    clean = [np.roll(drawing(), k, 1) for k in range(3)]
    frames = [noisy(x, seed=k) for k, x in enumerate(clean)]
    results = list(denoise_told(load("remonet-s-told"), frames, level=NoiseLevel(10.0)))
    assert all(error(y, x) < error(n, x) for y, n, x in zip(results, frames, clean))
