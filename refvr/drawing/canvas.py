"""A canvas on which surfaces are painted as functions of (u, v), filtered over each texel so that no detail aliases.

Units: u (to the right) and v (down) in world units, the centre of the canvas at (0, 0); one world unit is the height
of the picture at zoom 1. Colours are linear light. Planes come first, `(3, h, w)`: gathering single planes is an order
of magnitude faster in NumPy than gathering pixels, and this data never leaves the package in that layout.
"""
from __future__ import annotations

import math

import numpy as np

Colour = tuple[float, float, float] | np.ndarray
EVERYWHERE = (slice(None), slice(None))


def encode(linear: np.ndarray) -> np.ndarray:
    """Linear light to sRGB display values (IEC 61966-2-1), float32, clipped to [0, 1]."""
    x = np.clip(linear, 0.0, 1.0).astype(np.float64)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055).astype(np.float32)


def decode(display: np.ndarray) -> np.ndarray:
    """sRGB display values to linear light, float32: the inverse of `encode`."""
    x = np.asarray(display, np.float64)
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).astype(np.float32)


def colour(code: str) -> Colour:
    """Linear light of an sRGB colour written as six hexadecimal digits."""
    red, green, blue = decode(np.array([int(code[k:k + 2], 16) / 255 for k in (0, 2, 4)]))
    return float(red), float(green), float(blue)


def mix(a: Colour, b: Colour, weight: np.ndarray | float) -> np.ndarray:
    """`a + (b - a) weight` per channel, `(3, h, w)` for a weight of `(h, w)`."""
    weight = np.asarray(weight, np.float32)
    return np.stack([p + (q - p) * weight for p, q in zip(a, b)]).astype(np.float32)


def cover(distance: np.ndarray, px: float) -> np.ndarray:
    """Share of a texel of side `px` inside a shape, from the signed distance of its centre (negative inside)."""
    return np.clip(0.5 - distance / px, 0.0, 1.0)


def stroke(distance: np.ndarray, half_width: float | np.ndarray, px: float) -> np.ndarray:
    """Share of a texel under a line; unlike `cover` it stays in proportion for lines thinner than the texel."""
    return cover(distance - half_width, px) - cover(distance + half_width, px)


def bars(x: np.ndarray, px: float | np.ndarray) -> np.ndarray:
    """A square wave of period 1 (value 1 in [0, 1/2), 0 in [1/2, 1)), averaged exactly over a window of `px`."""
    def integral(s: np.ndarray) -> np.ndarray:
        whole = np.floor(s)
        return 0.5 * whole + np.minimum(s - whole, 0.5)
    px = np.maximum(px, 1e-6)
    return (integral(x + px / 2) - integral(x - px / 2)) / px


def box(x: np.ndarray, y: np.ndarray, half_w: float, half_h: float, corner: float = 0.0) -> np.ndarray:
    """Signed distance to a rectangle with rounded corners."""
    qx, qy = np.abs(x) - (half_w - corner), np.abs(y) - (half_h - corner)
    outside = np.sqrt(np.maximum(qx, 0) ** 2 + np.maximum(qy, 0) ** 2)
    return outside + np.minimum(np.maximum(qx, qy), 0) - corner


def smooth(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """A smooth step from 0 at `low` to 1 at `high`."""
    s = np.clip((x - low) / (high - low), 0.0, 1.0)
    return s * s * (3 - 2 * s)


def _lattice(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Rows of `values` at fractional positions, with a smooth step in between."""
    i = np.minimum(at.astype(np.intp), len(values) - 2)
    s = (at - i).astype(np.float32)
    s = (s * s * (3 - 2 * s))[:, None]
    below = values[i]
    return below + (values[i + 1] - below) * s


class Canvas:
    """A rectangle to paint on, with a transparent border of one texel.

    half_h, half_w  half its size in world units
    density         texels per world unit
    Attributes: `u` (1, w) and `v` (h, 1) of the texel centres, `px` the side of a texel, `rgb` (3, h, w) premultiplied,
    `alpha` (h, w), `height` (h, w) the relief that shading sees, or None for a flat thing.
    """

    def __init__(self, half_h: float, half_w: float, density: float) -> None:
        self.half_h, self.half_w, self.density, self.px = half_h, half_w, density, 1 / density
        h, w = (math.ceil(2 * half * density) + 2 for half in (half_h, half_w))
        self.v = ((np.arange(h) - 0.5) / density - half_h).astype(np.float32)[:, None]
        self.u = ((np.arange(w) - 0.5) / density - half_w).astype(np.float32)[None, :]
        self.rgb, self.alpha = np.zeros((3, h, w), np.float32), np.zeros((h, w), np.float32)
        self.height: np.ndarray | None = None

    def paint(self, share: np.ndarray | float, paint: Colour, at: tuple[slice, slice] = EVERYWHERE) -> None:
        """Lay `paint` (three numbers or (3, h, w)) over the window `at`, where `share` (h, w) in [0, 1] of it shows."""
        for plane, value in zip(self.rgb, paint):
            plane[at] += (value - plane[at]) * share
        self.alpha[at] += (1 - self.alpha[at]) * share

    def dye(self, share: np.ndarray | float, paint: Colour, at: tuple[slice, slice] = EVERYWHERE) -> None:
        """Like `paint`, on what is there already: ink, which never reaches beyond the paper."""
        for plane, value in zip(self.rgb, paint):
            plane[at] += (value * self.alpha[at] - plane[at]) * share

    def patch(self, u: float, v: float, angle: float,
              radius: float) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
        """The window within `radius` of (u, v) and its coordinates x, y in a frame turned by `angle` (radians)."""
        rows, columns = (slice(max(0, math.floor((c + half - radius) * self.density)),
                               max(0, math.ceil((c + half + radius) * self.density) + 2))
                         for c, half in ((v, self.half_h), (u, self.half_w)))
        du, dv = self.u[:, columns] - u, self.v[rows] - v
        cos, sin = math.cos(angle), math.sin(angle)
        return (rows, columns), cos * du + sin * dv, cos * dv - sin * du

    def noise(self, seed: int, per_v: float, per_u: float, octaves: int = 1, gain: float = 0.5) -> np.ndarray:
        """Value noise (h, w), about -1 to 1, anchored in the world; `per_v`, `per_u`: cells per unit, first octave.

        An octave fades out before its cells become smaller than two texels, so that a coarser canvas shows the
        same surface, only softer.
        """
        out, amplitude = np.zeros(self.alpha.shape, np.float32), 1.0
        for octave in range(octaves):
            fv, fu = per_v * 2 ** octave, per_u * 2 ** octave
            fade = min(1.0, max(0.0, 2 - 4 * max(fv, fu) * self.px)) if octave else 1.0
            if fade > 0:
                rng = np.random.default_rng([seed, octave])
                size = [math.ceil(2 * half * f) + 4 for half, f in ((self.half_h, fv), (self.half_w, fu))]
                grid = rng.random(size, dtype=np.float32) * 2 - 1
                rows = _lattice(grid, (self.v[:, 0] + self.half_h) * fv + 1)
                out += amplitude * fade * _lattice(rows.T, (self.u[0] + self.half_w) * fu + 1).T
            amplitude *= gain
        return out

    def slopes(self) -> np.ndarray:
        """The two slopes (2, h, w) of `height`: towards v, towards u."""
        if self.height is None or min(self.height.shape) < 2:
            return np.zeros((2, *self.alpha.shape), np.float32)
        down, right = np.gradient(self.height, self.px)
        return np.stack([down, right]).astype(np.float32)
