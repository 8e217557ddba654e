"""What was taken away as noise: noise goes, pictures come back."""

import numpy as np
import pytest

from refvr.metrics.noise import NoiseLevel
from refvr.pipeline import denoise
from refvr.pipeline import within_noise as module
from refvr.pipeline.denoise import denoise_told
from refvr.pipeline.within_noise import box_mean, within_noise
from refvr.zoo.weights import load

SIGMA = np.full((96, 128, 1), 10 / 255, np.float32)


def noisy(clean: np.ndarray, sigma: float = 10 / 255, seed: int = 0) -> np.ndarray:
    """With noise, clipped and rounded as in files."""
    x = np.clip(clean + np.random.default_rng(seed).normal(0, sigma, clean.shape), 0, 1)
    return (np.rint(x * 255) / 255).astype(np.float32)


def drawing() -> np.ndarray:
    """(96, 128, 3): grey shades, and in the midst bars of the strongest colours and lines of one pixel."""
    x = np.empty((96, 128, 3), np.float32)
    x[:] = np.linspace(0.2, 0.8, 128, dtype=np.float32)[:, None]
    for k, bits in enumerate(("101", "010", "100", "011", "001", "110", "111", "000")):
        x[24:48, 32 + 8 * k:40 + 8 * k] = [int(bit) for bit in bits]
    x[48:60, 32:96:3] = (1, 0, 1)
    return x


def error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean((a - b) ** 2)) * 255)


@pytest.mark.parametrize("brightness", [0.0, 0.03, 0.5, 1.0])
def test_noise_goes_also_where_it_was_cut_off(brightness):
    clean = np.full((96, 128, 3), brightness, np.float32)
    assert error(within_noise(clean, noisy(clean), SIGMA), clean) < 1


def test_noise_goes_that_was_measured_too_low_and_is_blurred():
    clean = np.full((96, 128, 3), 0.5, np.float32)
    blurred = box_mean(np.random.default_rng(0).normal(0, 0.2, clean.shape), 1)
    blurred *= 20 / 255 / blurred.std()
    frame = (clean + blurred).astype(np.float32)
    assert error(frame, clean) > 19 and error(within_noise(clean, frame, SIGMA), clean) < 20 / 4


def test_colours_lines_and_shades_that_were_taken_away_come_back():
    clean = drawing()
    frame = noisy(clean)
    for lost in (np.clip(clean, 0.2, 0.8), np.repeat(clean.mean(-1, keepdims=True), 3, -1), np.roll(clean, 1, 1)):
        held = within_noise(lost, frame, SIGMA)
        assert error(lost, clean) > 15 and error(held, clean) < error(frame, clean)


def test_rows_are_those_of_the_whole_frame_and_no_noise_is_divided_by(monkeypatch):
    frame, result = noisy(drawing()), drawing()
    sigma = SIGMA * np.linspace(0, 1, 96, dtype=np.float32)[:, None, None]
    usual = module.Usual(np.ones(3, np.float32), (np.zeros(3, np.float32),) * 3)
    monkeypatch.setattr(module, "_usual", lambda *frames: usual)
    whole = within_noise(result, frame, sigma)
    assert np.isfinite(whole).all() and whole.dtype == np.float32
    monkeypatch.setattr(module, "ROWS", 7)
    assert np.abs(within_noise(result, frame, sigma) - whole).max() < 1e-5


def test_the_default_denoiser_leaves_a_drawing_no_worse_than_it_came(monkeypatch):
    clean = [np.roll(drawing(), k, 1) for k in range(3)]
    frames = [noisy(x, seed=k) for k, x in enumerate(clean)]

    def errors() -> list[float]:
        results = denoise_told(load("remonet-s-told"), frames, level=NoiseLevel(10.0))
        return [error(y, x) / error(n, x) for y, n, x in zip(results, frames, clean)]

    assert max(errors()) < 1
    monkeypatch.setattr(denoise, "within_noise", lambda result, frame, sigma: result)
    assert min(errors()) > 1.2   # which is what the network alone makes of it


def test_what_is_usual_is_looked_for_in_few_bands_of_a_high_frame(monkeypatch):
    seen = []
    mean = box_mean
    monkeypatch.setattr(module, "box_mean", lambda x, around: seen.append(len(x)) or mean(x, around))
    for height in (1, 64, 65, 500, 1080):
        frame, seen[:] = np.full((height, 8, 3), 0.5, np.float32), []
        module._usual(frame, frame, np.full_like(frame, 0.1))
        assert 1 <= len(seen) / (1 + len(module.SQUARES)) <= module.LOOKS
