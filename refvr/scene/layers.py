"""The layers of a scene, lowest first: a ground, flat things with a relief, balls that roll; how each is lit, sampled.

Every layer lies in a plane parallel to the table, so that its way to the screen is a similarity: it is drawn, and its
motion known, in closed form.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from refvr.drawing.canvas import Canvas, Colour, cover, smooth
from refvr.scene.view import Motion, Similarity, Swing

LIGHT = np.array([-0.42, -0.52, 0.74]) / math.sqrt(0.42 ** 2 + 0.52 ** 2 + 0.74 ** 2)  # u, v, up: from the upper left
HALFWAY = (LIGHT + [0, 0, 1]) / math.sqrt(2 + 2 * LIGHT[2])  # between the light and the eye above
FALL = complex(-LIGHT[0], -LIGHT[1]) / LIGHT[2]  # where the shadow of a point one unit above the table falls
AMBIENT = 0.36
GROUND = (0.69, 1.13)  # half height and width of a ground, world units: what every camera sees, and a little more
SHADOW_DENSITY = 96.0  # texels per unit of shadow maps, the same at every picture size
SHADE = np.array([0.66, 0.63, 0.57], np.float32)  # how much of each channel a full shadow takes; the rest is sky


def lit(rgb: np.ndarray, alpha: np.ndarray, slopes: tuple[np.ndarray, np.ndarray], turn: complex, gloss: float) -> None:
    """Light `rgb` (3, h, w) in place: Lambert relative to a flat surface, plus a highlight of strength `gloss`.

    slopes  the relief's slopes towards v and u in the thing's own frame, which `turn` (unit) turns into the world's
    """
    sv, su = slopes
    wu, wv = turn.real * su - turn.imag * sv, turn.imag * su + turn.real * sv
    scale = 1 / np.sqrt(1 + wu * wu + wv * wv)
    direct = np.maximum(np.float32(LIGHT[2]) - np.float32(LIGHT[0]) * wu - np.float32(LIGHT[1]) * wv, 0) * scale
    rgb *= np.float32(AMBIENT) + np.float32((1 - AMBIENT) / LIGHT[2]) * direct
    if gloss:
        spark = (np.float32(HALFWAY[2]) - np.float32(HALFWAY[0]) * wu - np.float32(HALFWAY[1]) * wv) * scale
        spark = np.maximum(spark, 0)
        for _ in range(5):  # to the power of 32
            spark = spark * spark
        rgb += np.float32(gloss) * spark * alpha


def bilinear(planes: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Samples (c, ...) of `planes` (c, h, w) at rows y and columns x (texel centres are integers); edges repeat."""
    c, h, w = planes.shape
    y, x = np.clip(y, 0, h - 1.001), np.clip(x, 0, w - 1.001)
    top, left = y.astype(np.intp), x.astype(np.intp)
    fy, fx = (y - top).astype(np.float32), (x - left).astype(np.float32)
    first = top * w + left
    out = np.empty((c, *y.shape), np.float32)
    for plane, into in zip(planes.reshape(c, -1), out):
        a = plane.take(first, mode="clip")
        a += (plane.take(first + 1, mode="clip") - a) * fx
        b = plane.take(first + w, mode="clip")
        b += (plane.take(first + (w + 1), mode="clip") - b) * fx
        b -= a
        b *= fy
        np.add(a, b, out=into)
    return out


def blurred(plane: np.ndarray, radius: float) -> np.ndarray:
    """`plane` under three box filters in each direction: a bell of about `radius` texels. Outside is zero."""
    size = max(1, 2 * round(radius * 0.58) + 1)
    for _ in range(3):
        for _ in range(2):
            total = np.cumsum(np.pad(plane, ((size // 2 + 1, size // 2), (0, 0))), axis=0, dtype=np.float64)
            plane = ((total[size:] - total[:-size]) / size).T
    return plane.astype(np.float32)


@dataclass(frozen=True, eq=False)
class Flat:
    """A flat thing: `paint(canvas)` paints it.

    half_h, half_w  half the size of its canvas in world units
    z               its height above the table; soft: the blur of its shadow in world units; gloss: of its highlights
    ground          it fills the picture, has no outline and throws no shadow
    """

    paint: Callable[[Canvas], None]
    half_h: float
    half_w: float
    motion: Motion
    z: float = 0.0
    soft: float = 0.012
    gloss: float = 0.0
    ground: bool = False

    def reach(self, pose: Similarity) -> tuple[float, float]:
        """Half the height and width, on the screen, of the box around it."""
        a = abs(pose.a.real), abs(pose.a.imag)
        return self.half_h * a[0] + self.half_w * a[1], self.half_w * a[0] + self.half_h * a[1]

    def shade(self, v: np.ndarray, u: np.ndarray, world: Similarity, density: float, time_s: float) -> np.ndarray:
        """Premultiplied colour and alpha, (4, ...), at its own coordinates; `world` takes them to the world."""
        planes, at = _texture(self, density), _texel(self, v, u, density)
        values = bilinear(planes, *at)
        if len(values) > 4:
            lit(values[:3], values[3], (values[4], values[5]), world.a / abs(world.a), self.gloss)
        return values[:4]

    def alpha(self, v: np.ndarray, u: np.ndarray, density: float) -> np.ndarray:
        """How much of it covers a point, (...)."""
        return bilinear(_texture(self, density)[3:4], *_texel(self, v, u, density))[0]

    def move(self, v: np.ndarray, u: np.ndarray, time0_s: float, time1_s: float) -> tuple[np.ndarray, np.ndarray, bool]:
        """Where its surface points are at time 1 in its own coordinates, and whether they face the camera."""
        return v, u, True

    def shadow(self, v: np.ndarray, u: np.ndarray) -> np.ndarray:
        """How dark its shadow is at its own coordinates, 0 to 1."""
        planes, margin = _shadow(self)
        y, x = ((c + half + margin) * SHADOW_DENSITY + 0.5 for c, half in ((v, self.half_h), (u, self.half_w)))
        return bilinear(planes, y, x)[0]


def _texel(thing: Flat, v: np.ndarray, u: np.ndarray, density: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns in the texture of `thing`: the canvas has a border of one texel."""
    rows, columns = ((c + np.float32(half)) * np.float32(density) + np.float32(0.5)
                     for c, half in ((v, thing.half_h), (u, thing.half_w)))
    return rows, columns


@lru_cache(maxsize=32)
def _texture(thing: Flat, density: float) -> np.ndarray:
    """Colour, alpha and, where there is relief, slopes: (4 or 6, h, w). A ground is lit here, once."""
    canvas = Canvas(thing.half_h, thing.half_w, density)
    thing.paint(canvas)
    parts = [canvas.rgb, canvas.alpha[None]]
    if thing.ground:
        lit(canvas.rgb, canvas.alpha, tuple(canvas.slopes()), 1, thing.gloss)
    else:
        for edge in (0, -1):
            canvas.rgb[:, edge], canvas.rgb[:, :, edge], canvas.alpha[edge], canvas.alpha[:, edge] = 0, 0, 0, 0
        parts += [] if canvas.height is None else [canvas.slopes()]
    return np.concatenate(parts)


@lru_cache(maxsize=256)
def _shadow(thing: Flat) -> tuple[np.ndarray, float]:
    """The shadow map (1, h, w) of `thing` and its margin in world units."""
    canvas = Canvas(thing.half_h, thing.half_w, SHADOW_DENSITY)
    thing.paint(canvas)
    border = math.ceil(2 * thing.soft * SHADOW_DENSITY) + 2
    plane = blurred(np.pad(canvas.alpha, border), thing.soft * SHADOW_DENSITY)
    return plane[None], border / SHADOW_DENSITY


@dataclass(frozen=True, eq=False)
class Ball:
    """A glossy ball that rolls without slipping along a `Swing` (or lies still); its frame never turns.

    coats  colours of the ball, its belt and its poles; axis: the direction of its poles at the middle of its way
    """

    radius: float
    motion: Swing
    coats: tuple[Colour, Colour, Colour]
    axis: tuple[float, float, float] = (0.3, 0.9, 0.3)
    ground: bool = False

    @property
    def half_h(self) -> float:
        """Half the height of its box, world units."""
        return self.radius

    @property
    def half_w(self) -> float:
        """Half the width of its box, world units."""
        return self.radius

    @property
    def z(self) -> float:
        """Height of its middle above the table."""
        return self.radius

    @property
    def soft(self) -> float:
        """Blur of its shadow, world units."""
        return 0.32 * self.radius

    @cached_property
    def _shade_disc(self) -> Flat:
        def disc(canvas: Canvas) -> None:
            canvas.paint(cover(np.sqrt(canvas.u ** 2 + canvas.v ** 2) - self.radius, canvas.px), (0, 0, 0))
        return Flat(disc, self.radius, self.radius, self.motion, soft=self.soft)

    def reach(self, pose: Similarity) -> tuple[float, float]:
        """Half the height and width, on the screen, of the box around it."""
        return self.radius * abs(pose.a), self.radius * abs(pose.a)

    def _roll(self, x: np.ndarray, y: np.ndarray, up: np.ndarray, travel: float) -> tuple[np.ndarray, ...]:
        """Turn the vector (x, y, up) as the ball turns when it rolls `travel` world units ahead (Rodrigues)."""
        way = self.motion.reach / abs(self.motion.reach) if self.motion.reach else 1
        angle = travel / self.radius
        cos, sin = math.cos(angle), math.sin(angle)
        ahead, aside = x * way.real + y * way.imag, y * way.real - x * way.imag
        ahead, up = cos * ahead + sin * up, cos * up - sin * ahead
        return ahead * way.real - aside * way.imag, ahead * way.imag + aside * way.real, up

    def alpha(self, v: np.ndarray, u: np.ndarray, density: float) -> np.ndarray:
        """How much of it covers a point, (...)."""
        return cover(np.sqrt(u * u + v * v) - np.float32(self.radius), 1 / density)

    def move(self, v: np.ndarray, u: np.ndarray, time0_s: float,
             time1_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where its surface points are at time 1 in its own coordinates, and whether they face the camera."""
        x, y = u / self.radius, v / self.radius
        up = np.sqrt(np.maximum(1 - x * x - y * y, 0))
        x, y, up = self._roll(x, y, up, self.motion.travel(time1_s) - self.motion.travel(time0_s))
        return y * self.radius, x * self.radius, up > 0

    def shade(self, v: np.ndarray, u: np.ndarray, world: Similarity, density: float, time_s: float) -> np.ndarray:
        """Premultiplied colour and alpha, (4, ...): painted belt and poles, soft light, a window in the gloss."""
        x, y = u / np.float32(self.radius), v / np.float32(self.radius)
        up = np.sqrt(np.maximum(1 - x * x - y * y, 0))
        line = 1 / (density * self.radius)
        norm = math.sqrt(sum(c * c for c in self.axis))
        ahead, aside, upward = (np.asarray(c / norm) for c in self.axis)
        pole = self._roll(ahead, aside, upward, self.motion.travel(time_s))
        lift = np.abs(np.float32(pole[0]) * x + np.float32(pole[1]) * y + np.float32(pole[2]) * up)
        belt, cap = cover(lift - 0.30, line), cover(0.83 - lift, line)
        lambert = np.float32(LIGHT[0]) * x + np.float32(LIGHT[1]) * y + np.float32(LIGHT[2]) * up
        light = 0.20 + 0.14 * up + 0.95 * smooth(lambert, -0.35, 1.15)
        shine = self._window(x, y, up) + 0.05 * (1 - up) ** 3
        alpha = self.alpha(v, u, density)
        channels = [((c + (b - c) * belt + (p - c) * cap) * light + shine) * alpha for c, b, p in zip(*self.coats)]
        return np.stack([*channels, alpha]).astype(np.float32)

    @staticmethod
    def _window(x: np.ndarray, y: np.ndarray, up: np.ndarray) -> np.ndarray:
        """The reflection of a window with a cross bar, in the direction of the light."""
        rx, ry, rz = 2 * up * x, 2 * up * y, 2 * up * up - 1
        length = math.hypot(LIGHT[0], LIGHT[1])
        cu, cv = LIGHT[0] / length, LIGHT[1] / length
        aside = np.abs(rx * cv - ry * cu)
        along = np.abs((rx * cu + ry * cv) * LIGHT[2] - rz * length)
        frame = smooth(aside, 0.40, 0.32) * smooth(along, 0.44, 0.36)
        pane = frame * smooth(aside, 0.01, 0.05) * smooth(along, 0.01, 0.05)
        return 0.65 * pane * (rx * LIGHT[0] + ry * LIGHT[1] + rz * LIGHT[2] > 0)

    def shadow(self, v: np.ndarray, u: np.ndarray) -> np.ndarray:
        """How dark its shadow is at its own coordinates, 0 to 1."""
        return self._shade_disc.shadow(v, u)
