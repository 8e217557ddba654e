"""Simulated camera noise: back to linear light, a Bayer mosaic, sensor noise, demosaicking, gamma.

The noisy and the clean result share the linear image, so the clean one too carries what mosaic and gamma round trip do.
Published code: xiangly55/ReMoNet, ISP_exp/ISP_sim_code. Frames are (h, w, 3), mosaics (n, h, w) of n realisations.
"""
from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from refvr.degrade.demosaic import Demosaicked, ahd, median_clean_up
from refvr.errors import InputError, ShapeError

K_RANGE, SIGMA_RANGE = (0.0, 0.02), (0.0, 0.1)  # of the published generator, for `draw_level`


class Branch(NamedTuple):
    """A mosaic on its way to colour: lists over realisations; `cleaned` (not clipped) and `image` (n, h, w, 3)."""

    ahd: list[Demosaicked]
    cleaned: np.ndarray
    image: np.ndarray


def draw_level(rng: np.random.Generator, limits: tuple[float, float], law: str = "log") -> float:
    """A noise level: "log" as the published generator draws it (mostly nearly 0), or "uniform"."""
    low, high = limits
    if not 0 <= low <= high < math.inf or (law == "log" and high == 0):
        raise InputError(f"got limits {limits} for the law {law!r}, expected 0 <= low <= high, and high > 0 for log")
    if law == "uniform":
        return float(rng.uniform(low, high))
    if law != "log":
        raise InputError(f"got the law {law!r}, expected log or uniform")
    start = math.log(low + 1e-10)
    return math.exp(start + rng.uniform() * (math.log(high) - start))


def linear(rgb: np.ndarray, exact_gamma: bool = False) -> np.ndarray:
    """sRGB values in [0, 1] to linear light. The published curve divides outside the power and reaches 1.0778."""
    scale, offset = (1.055 ** 2.4, 0.055) if exact_gamma else (1.055, 0.055)
    return np.where(rgb > 0.04045, (rgb + rgb.dtype.type(offset)) ** 2.4 / scale, rgb / 12.92).astype(rgb.dtype)


def gamma(light: np.ndarray) -> np.ndarray:
    """Linear light in [0, 1] to sRGB values; 1 becomes 1.00044, as published."""
    bent = 1.055 * (light + light.dtype.type(0.001)) ** (1 / 2.4) - 0.055
    return np.where(light > 0.0031308, bent, 12.92 * light).astype(light.dtype)


def mosaic(light: np.ndarray) -> np.ndarray:
    """(h, w, 3) to the (h, w) pattern G R / B G."""
    plane = light[..., 1].copy()
    plane[0::2, 1::2] = light[0::2, 1::2, 0]
    plane[1::2, 0::2] = light[1::2, 0::2, 2]
    return plane


def shot_noise(plane: np.ndarray, k: float, z: np.ndarray) -> np.ndarray:
    """v + k sqrt(v) z: variance k^2 v."""
    return plane + plane.dtype.type(k) * np.sqrt(np.maximum(plane, 0)) * z.astype(plane.dtype)


def read_noise(plane: np.ndarray, sigma: float, z: np.ndarray) -> np.ndarray:
    """v + sigma z."""
    return plane + plane.dtype.type(sigma) * z.astype(plane.dtype)


def clip_exposed(plane: np.ndarray, stops: float = 0.0) -> np.ndarray:
    """The sensor saturates; then the exposure of `stops` is taken back."""
    return (plane.clip(0, 1) * plane.dtype.type(2.0 ** -stops)).clip(0, 1)


def develop(planes: np.ndarray) -> Branch:
    """Mosaics (n, h, w) in [0, 1] to images (n, h, w, 3)."""
    found = [ahd(plane) for plane in planes]
    cleaned = np.stack([median_clean_up(each.colour) for each in found])
    return Branch(found, cleaned, gamma(cleaned.clip(0, 1)))


def to_u8(image: np.ndarray) -> np.ndarray:
    """Truncated, not rounded, as published."""
    return (image * image.dtype.type(255)).clip(0, 255).astype(np.uint8)


def camera_noise(rgb_u8: np.ndarray, k: float, sigma: float, *, rng: np.random.Generator | None = None,
                 z_poisson: np.ndarray | None = None, z_gauss: np.ndarray | None = None, realisations: int = 1,
                 stops: float = 0.0, exact_gamma: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """(noisy (n, h, w, 3), clean (h, w, 3)) float32 of a frame (h, w, 3) uint8; `to_u8` makes files of them.

    k, sigma      standard deviation of shot noise at full signal and of read noise; `draw_level` draws them
    z_poisson     (h, w) standard normal, shared by all n realisations; z_gauss (n, h, w); else drawn from `rng`
    exact_gamma   the true inverse of sRGB in place of the published one
    Raises ShapeError or InputError.
    """
    if rgb_u8.dtype != np.uint8 or rgb_u8.ndim != 3 or rgb_u8.shape[2] != 3:
        raise ShapeError(f"a frame of {rgb_u8.dtype} {rgb_u8.shape}, expected uint8 (h, w, 3)")
    if not (0 <= k < math.inf and 0 <= sigma < math.inf and math.isfinite(stops) and realisations >= 1):
        raise InputError(f"k {k}, sigma {sigma}, stops {stops}, {realisations} realisations; expected finite levels"
                         " >= 0 and at least one realisation")
    size = rgb_u8.shape[:2]
    if rng is not None:
        z_poisson = rng.standard_normal(size) if z_poisson is None else z_poisson
        z_gauss = rng.standard_normal((realisations, *size)) if z_gauss is None else z_gauss
    if z_poisson is None or z_gauss is None:
        raise InputError("neither a generator nor both normal draws, expected one of them", fix="give rng=")
    z1, z2 = z_poisson, z_gauss
    if z1.shape != size or z2.shape != (realisations, *size):
        raise ShapeError(f"draws {z1.shape} and {z2.shape}, expected {size} and {(realisations, *size)}")
    light = linear(rgb_u8 / np.float32(255), exact_gamma) * np.float32(2.0 ** stops)
    plane = mosaic(light)
    noisy = clip_exposed(read_noise(shot_noise(plane, k, z1), sigma, z2), stops)
    return develop(noisy).image, develop(clip_exposed(plane, stops)[None]).image[0]
