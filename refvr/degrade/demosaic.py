"""AHD demosaicking of a GRBG mosaic with median clean-up, as the published simulated camera of ReMoNet does it.

Two candidates are interpolated, one along rows and one along columns; each pixel takes the one whose surroundings are
more alike. Published code: xiangly55/ReMoNet, ISP_exp/ISP_sim_code/ahd_demosaicking.py. Borders repeat the edge value
(d c b a | a b c d). Shapes are (h, w) for planes and (h, w, 3) for colour.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refvr.errors import ShapeError

_GREEN = np.array([[-0.25, 0.5, 0.5, 0.5, -0.25]])
_COLOUR = np.array([[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]])
_ALONG_Y = np.array([[-0.5, -1.0, -0.5], [0.0, 0.0, 0.0], [0.5, 1.0, 0.5]])
_BOX = np.full((3, 3), 1 / 9)
_YUV = np.array([[0.299, 0.587, 0.114], [-0.3375, -0.6625, 1.0], [1.0, -0.8374, -0.1626]], np.float32)
# The published range stops at +1, so the neighbourhood of radius 2 is lopsided.
_BALL = [(i, j) for i in range(-2, 2) for j in range(-2, 2) if i * i + j * j <= 4]
_CROSS = [(0, 1), (1, 0), (1, 2), (2, 1)]
_RING = [(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]


class Demosaicked(NamedTuple):
    """What `ahd` found: the picture, and for both candidates how many neighbours of each pixel are like it.

    colour         (h, w, 3) float32 in [0, 1]
    rows, columns  (h, w) counts of the candidates along rows and along columns
    chosen         (h, w), where the one along rows was taken
    """

    colour: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    chosen: np.ndarray


def masks(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the mosaic G R / B G has red and where blue; (h, w) float64 of 0 and 1."""
    red, blue = np.zeros((2, height, width))
    red[0::2, 1::2] = 1
    blue[1::2, 0::2] = 1
    return red, blue


def ahd(mosaic: np.ndarray) -> Demosaicked:
    """Demosaic (h, w) float32, at least 2 x 2. Raises ShapeError for other shapes."""
    if mosaic.ndim != 2 or min(mosaic.shape) < 2:
        raise ShapeError(f"a mosaic of shape {mosaic.shape}, expected (h, w) of at least 2 x 2")
    red, blue = masks(*mosaic.shape)
    rows = _candidate(mosaic, red, blue)
    columns = _candidate(mosaic.T, red.T, blue.T).transpose(1, 0, 2)
    yuv_r, yuv_c = _yuv(rows), _yuv(columns)
    light = np.minimum(abs(_convolve(yuv_r[0], _ALONG_Y.T)), abs(_convolve(yuv_c[0], _ALONG_Y)))
    chroma = np.minimum(_chroma_slope(yuv_r, _ALONG_Y.T), _chroma_slope(yuv_c, _ALONG_Y))
    # Sums of counts / 9 round differently for equal totals; only this order of summation makes the published choice.
    count_r, count_c = (_homogeneity(yuv, light, chroma) for yuv in (yuv_r, yuv_c))
    chosen = _convolve(count_r, _BOX) > _convolve(count_c, _BOX)
    colour = np.where(chosen[..., None], rows, columns).clip(0, 1).astype(np.float32)
    return Demosaicked(colour, count_r, count_c, chosen)


def median_clean_up(colour: np.ndarray, iterations: int = 3) -> np.ndarray:
    """Smooth the differences between colours by upper medians; (h, w, 3) float32, not clipped."""
    r, g, b = np.moveaxis(colour, -1, 0)
    for _ in range(iterations):
        r, b = _median(r - g, _RING) + g, _median(b - g, _RING) + g
        g = np.float32(0.5) * (_median(g - r, _CROSS) + _median(g - b, _CROSS) + r + b)
    return np.stack([r, g, b], -1)


def _convolve(plane: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """True convolution (kernel flipped) in float64, summed row by row from the top left."""
    kh, kw = kernel.shape
    height, width = plane.shape
    padded = np.pad(plane.astype(np.float64), ((kh // 2,) * 2, (kw // 2,) * 2), "symmetric")
    total = np.zeros(plane.shape)
    for i in range(kh):
        for j in range(kw):
            total += padded[i:i + height, j:j + width] * kernel[kh - 1 - i, kw - 1 - j]
    return total


def _candidate(mosaic: np.ndarray, red: np.ndarray, blue: np.ndarray) -> np.ndarray:
    """Green along the rows, then red and blue through their difference from green."""
    estimate = _convolve(mosaic, _GREEN).astype(mosaic.dtype)
    green = (1 - red - blue) * mosaic + (red + blue) * estimate
    r, b = (green + _convolve(mask * (mosaic - green), _COLOUR) for mask in (red, blue))
    return np.stack([r, green, b], -1)


def _yuv(colour: np.ndarray) -> list[np.ndarray]:
    r, g, b = np.moveaxis(colour, -1, 0)
    return [row[0] * r + row[1] * g + row[2] * b for row in _YUV.astype(np.float64)]


def _chroma_slope(yuv: list[np.ndarray], kernel: np.ndarray) -> np.ndarray:
    return _convolve(yuv[1], kernel) ** 2 + _convolve(yuv[2], kernel) ** 2


def _homogeneity(yuv: list[np.ndarray], light: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """How many neighbours are within both thresholds of a pixel."""
    height, width = light.shape
    padded = [np.pad(plane, 2, "symmetric") for plane in yuv]
    count = np.zeros(light.shape)
    for i, j in _BALL:
        y, u, v = (p[2 - i:2 - i + height, 2 - j:2 - j + width] - plane for p, plane in zip(padded, yuv))
        count += (abs(y) <= light) & (u * u + v * v <= chroma)
    return count


def _median(plane: np.ndarray, places: list[tuple[int, int]]) -> np.ndarray:
    """The upper median of the given places of a 3 x 3 window."""
    height, width = plane.shape
    padded = np.pad(plane, 1, "symmetric")
    values = np.stack([padded[i:i + height, j:j + width] for i, j in places])
    return np.sort(values, axis=0)[len(places) // 2]
