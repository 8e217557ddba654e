"""Where things are at a time: similarities of the plane, the motions of things, the camera.

A similarity maps a point z = x + iy (x to the right, y down) to `a z + b`: `a` turns and scales, `b` moves. All motions
are closed forms of the time, without an end, so that any frame can be drawn alone.
"""
from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

CAMERA_HEIGHT = 2.6  # world units above the table: a thing at height z appears, and moves, H / (H - z) larger
FIELD = 16 / 9       # width of the composed picture; any other shape shows a cut-out of it


@dataclass(frozen=True)
class Similarity:
    """`z -> a z + b`."""

    a: complex
    b: complex

    def __matmul__(self, inner: Similarity) -> Similarity:
        return Similarity(self.a * inner.a, self.a * inner.b + self.b)

    def inverse(self) -> Similarity:
        """The similarity that undoes this one."""
        return Similarity(1 / self.a, -self.b / self.a)

    def grid(self, rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Images (v, u), each (h, w), of the grid of `rows` (h,) and `cols` (w,)."""
        u = (self.a.real * cols + self.b.real)[None, :] - (self.a.imag * rows)[:, None]
        v = (self.a.imag * cols + self.b.imag)[None, :] + (self.a.real * rows)[:, None]
        return v, u

    def points(self, v: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Images (v, u) of points."""
        return (self.a.imag * u + self.a.real * v + self.b.imag, self.a.real * u - self.a.imag * v + self.b.real)


class Motion(Protocol):
    """Something that knows where a thing is."""

    def at(self, time_s: float) -> Similarity:
        """The similarity from the coordinates of the thing to the world at a time."""


@dataclass(frozen=True)
class Turn:
    """At `place`, turned by `angle`; spins `per_s` turns a second, sways by `sway` in `period_s` (in radians)."""

    place: complex
    angle: float = 0.0
    per_s: float = 0.0
    sway: float = 0.0
    period_s: float = 1.0
    phase: float = 0.0

    def at(self, time_s: float) -> Similarity:
        """Spin and sway about the origin of the thing."""
        swing = self.sway * math.sin(2 * math.pi * (time_s / self.period_s + self.phase))
        spin = 2 * math.pi * math.fmod(self.per_s * time_s, 1.0)
        return Similarity(cmath.exp(1j * (self.angle + spin + swing)), self.place)


@dataclass(frozen=True)
class Hinge:
    """Another motion of a thing whose pivot is `pivot`, in its own coordinates, instead of its origin."""

    motion: Motion
    pivot: complex

    def at(self, time_s: float) -> Similarity:
        """The motion about the pivot."""
        return self.motion.at(time_s) @ Similarity(1, -self.pivot)


@dataclass(frozen=True)
class Loop:
    """Around an ellipse of half axes `along`, `across`, tilted by `tilt`, nose ahead; one lap takes `period_s`."""

    centre: complex
    along: float
    across: float
    tilt: float
    period_s: float
    phase: float = 0.0

    def at(self, time_s: float) -> Similarity:
        """Place on the ellipse, turned along the tangent."""
        lap = 2 * math.pi * (time_s / self.period_s + self.phase)
        spot = complex(self.along * math.cos(lap), self.across * math.sin(lap))
        ahead = complex(-self.along * math.sin(lap), self.across * math.cos(lap)) / self.period_s
        turn = cmath.exp(1j * self.tilt)
        return Similarity(turn * ahead / abs(ahead), self.centre + turn * spot)


@dataclass(frozen=True)
class Swing:
    """To and fro along `reach` about `centre`, a sine of `period_s`; what a ball rolls along. Never turns."""

    centre: complex
    reach: complex
    period_s: float
    phase: float = 0.0

    def travel(self, time_s: float) -> float:
        """Signed distance from the centre, world units."""
        return abs(self.reach) * math.sin(2 * math.pi * (time_s / self.period_s + self.phase))

    def at(self, time_s: float) -> Similarity:
        """Place on the line."""
        way = self.reach / abs(self.reach) if self.reach else 1
        return Similarity(1, self.centre + way * self.travel(time_s))


@dataclass(frozen=True)
class Camera:
    """Looks straight down: pans, rolls and zooms slowly, with a little shake of the hand.

    pan      half the way it wanders, world units: u and v in the real and imaginary part
    periods  seconds of the pan along u, along v, of the roll and of the zoom
    """

    pan: complex = 0.07 + 0.035j
    roll: float = 0.018
    zoom: float = 1.04
    breath: float = 0.04
    shake: float = 0.0011
    periods: tuple[float, float, float, float] = (9.0, 7.0, 11.0, 12.0)
    phase: float = 0.0

    def _wave(self, time_s: float, period_s: float, shift: float) -> float:
        return math.sin(2 * math.pi * (time_s / period_s + self.phase + shift))

    def per_unit(self, width: int, height: int) -> float:
        """Pixels per world unit on the table, but for the breathing of the zoom."""
        return max(height, width / FIELD) * self.zoom

    def screen(self, time_s: float, width: int, height: int, z: float = 0.0) -> Similarity:
        """The similarity from the world at height `z` to pixels; the first pixel's centre is at (0.5, 0.5)."""
        w, pu, pv = self._wave, *self.periods[:2]
        shake = self.shake * complex(
            w(time_s, 0.83, 0.1) + 0.6 * w(time_s, 0.37, 0.7), w(time_s, 0.71, 0.4) + 0.6 * w(time_s, 0.31, 0.2))
        eye = complex(self.pan.real * w(time_s, pu, 0.05), self.pan.imag * w(time_s, pv, 0.3)) + shake
        breath = 1 + self.breath * w(time_s, self.periods[3], 0.6)
        near = CAMERA_HEIGHT / (CAMERA_HEIGHT - z)
        a = self.per_unit(width, height) * breath * near * cmath.exp(-1j * self.roll * w(time_s, self.periods[2], 0.2))
        return Similarity(a, complex(width / 2, height / 2) - a * eye)
