"""Clips with noise as files have it."""
import numpy as np

from refvr import zoo
from refvr.degrade.file_noise import in_file
from refvr.metrics.noise import NoiseLevel
from refvr.scene import Scene, render


def textured(h=192, w=256, frames=3, number=5):
    """A drawn scene in motion: edges, gradients, texture."""
    return [render(Scene(number), w, h, k / 24).astype(np.float32) for k in range(frames)]


def pairs(frames):
    return list(zip(frames, frames[1:] or frames))


def with_noise(frames, sigma, seed=0, slope=0.0):
    rng = np.random.default_rng(seed)
    spread = NoiseLevel(sigma, slope)
    return [in_file(f + spread.map(f) * rng.standard_normal(f.shape).astype(np.float32)) for f in frames]


def page(shift):
    """Black signs on white paper, scrolled."""
    rng = np.random.default_rng(4)
    signs = np.kron(rng.random((48, 64)) < 0.3, np.ones((4, 4)))
    return np.repeat(np.roll(1 - signs, shift, 0)[..., None], 3, -1).astype(np.float32)


def net(seed=1):
    made = zoo.build("remonet-s-told", widths=(8, 12, 16), fusion_widths=(8, 12, 16), state=8)
    return made.init(np.random.default_rng(seed))
