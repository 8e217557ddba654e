"""Draw a scene: frames of any size at any time, and the exact optical flow between two times."""
from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from refvr.drawing.canvas import encode, smooth
from refvr.errors import InputError
from refvr.scene.compose import Composition, composition
from refvr.scene.layers import FALL, SHADE, Ball, Flat
from refvr.scene.view import Similarity

MAX_DENSITY = 2048.0  # texels per world unit: keeps the ground below 200 MB
MIN_SAMPLES_PER_UNIT = 192  # however small the picture
TEXELS_PER_SAMPLE = 1.6  # measured: 1.0 blurs (bilinear sampling is a filter too), 2.2 begins to alias
STRIP = 1 << 17    # samples drawn at once: they stay in the processor's cache
TIME_STEP_PX = 0.5  # nothing moves further between two instants of an exposure
MAX_INSTANTS = 144
MAX_SPREAD = 4  # a grid of samples up to this side is spread over the instants of an exposure, one for each
SCATTER = 7  # a stride through that grid, prime to its size: where and when in an exposure must not go together


@dataclass(frozen=True)
class Scene:
    """A scene. Seed 0 is the demo scene; every other seed is another random content, motion and occlusion."""

    seed: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise InputError(f"scene seed {self.seed}; expected 0 or more", fix="use 0 for the demo scene")


def render(scene: Scene, width: int, height: int, time_s: float, *, exposure_s: float = 0.0,
           samples: int = 2) -> np.ndarray:
    """One frame (h, w, 3), float32 in [0, 1], sRGB display values.

    exposure_s  the shutter is open from `time_s - exposure_s / 2` to `time_s + exposure_s / 2`; the light of that
                time is averaged (in linear light). 0: an instant.
    samples     samples along each side of a pixel (more for pictures of a few pixels). A long exposure spreads them
                over time.
    The same arguments give the same bytes on one machine; other machines may differ in the last bit of a float32.
    Raises InputError for a size below 1, a time that is not finite, a negative exposure.
    """
    _check(width, height, time_s, exposure_s)
    if samples < 1:
        raise InputError(f"samples = {samples}; expected at least 1", fix="use samples=2")
    made = composition(scene.seed)
    per_unit = made.camera.per_unit(width, height)
    side = max(samples, math.ceil(MIN_SAMPLES_PER_UNIT / per_unit))
    density = _density(per_unit * side)
    if exposure_s == 0:
        return encode(_instant(made, width, height, time_s, density, side)).transpose(1, 2, 0).copy()
    spread = side if side <= MAX_SPREAD else 1
    instants = _instants(made, width, height, time_s, exposure_s, spread * spread)
    total = np.zeros((3, height, width), np.float32)
    for k in range(instants):
        at = time_s + ((k + 0.5) / instants - 0.5) * exposure_s
        cell = SCATTER * k % (spread * spread)
        shift = (cell // spread + 0.5) / spread, (cell % spread + 0.5) / spread
        total += _instant(made, width, height, at, density, side // spread, shift)
    return encode(total / np.float32(instants)).transpose(1, 2, 0).copy()


def frames(scene: Scene, width: int, height: int, fps: float, count: int, *, start_s: float = 0.0,
           exposure_s: float = 0.0) -> Iterator[np.ndarray]:
    """`count` frames at `fps` frames per second from `start_s`, as `render` gives them, one at a time."""
    if not fps > 0:
        raise InputError(f"fps = {fps}; expected a positive number", fix="use fps=24")
    for k in range(count):
        yield render(scene, width, height, start_s + k / fps, exposure_s=exposure_s)


def flow(scene: Scene, width: int, height: int, time0_s: float, time1_s: float) -> tuple[np.ndarray, np.ndarray]:
    """The exact optical flow from time 0 to time 1.

    Returns `flow_px` (h, w, 2) float32, the displacement (dy, dx), rows before columns, of the surface point that the
    centre of each pixel sees at time 0; and `visible` (h, w) bool, whether that point can be seen at time 1: inside the
    picture, on the near side of its ball, and covered by nothing. Shadows and highlights are no surface points: they
    move over things whose flow is their own.
    """
    _check(width, height, time0_s, 0.0)
    _check(width, height, time1_s, 0.0)
    made = composition(scene.seed)
    density = _density(2 * made.camera.per_unit(width, height))
    rows, cols = np.arange(height) + 0.5, np.arange(width) + 0.5
    y1, x1 = np.zeros((2, height, width))
    seen, top = np.ones((height, width), bool), np.zeros((height, width), np.intp)
    for k, layer in enumerate(made.layers):
        window, v, u = _window(made, layer, width, height, time0_s, rows, cols)
        if v.size:
            hit = np.full(v.shape, True) if layer.ground else layer.alpha(v, u, density) > 0.5
            v, u, facing = layer.move(v, u, time0_s, time1_s)
            y, x = _pose(made, layer, width, height, time1_s).points(v, u)
            for into, value in ((y1, y), (x1, x), (seen, facing), (top, k)):
                into[window] = np.where(hit, value, into[window])
    seen &= (y1 >= 0) & (y1 < height) & (x1 >= 0) & (x1 < width)
    for k, layer in enumerate(made.layers[1:], 1):
        v, u = _pose(made, layer, width, height, time1_s).inverse().points(y1, x1)
        inside = (np.abs(v) < layer.half_h) & (np.abs(u) < layer.half_w) & (top < k)
        seen[inside] &= layer.alpha(v[inside], u[inside], density) <= 0.5
    return np.stack([y1 - rows[:, None], x1 - cols[None, :]], 2).astype(np.float32), seen


def _check(width: int, height: int, time_s: float, exposure_s: float) -> None:
    if width < 1 or height < 1:
        raise InputError(f"a scene of {height} x {width} pixels (rows x columns); expected at least 1 x 1",
                         fix="give a positive width and height")
    if not (math.isfinite(time_s) and math.isfinite(exposure_s) and exposure_s >= 0):
        raise InputError(f"time {time_s} s, exposure {exposure_s} s; expected finite numbers, no negative exposure",
                         fix="use exposure_s=0 for an instant")


def _density(per_unit: float) -> float:
    """Texels per world unit for `per_unit` samples; it does not depend on the time, so that nothing pops in a clip."""
    return min(MAX_DENSITY, TEXELS_PER_SAMPLE * max(MIN_SAMPLES_PER_UNIT, per_unit))


def _pose(made: Composition, layer: Flat | Ball, width: int, height: int, time_s: float) -> Similarity:
    return made.camera.screen(time_s, width, height, layer.z) @ layer.motion.at(time_s)


def _window(made: Composition, layer: Flat | Ball, width: int, height: int, time_s: float, rows: np.ndarray,
            cols: np.ndarray) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
    """The part of the grid that `layer` may cover and its own coordinates (v, u) there."""
    pose = _pose(made, layer, width, height, time_s)
    window = _box(layer, pose, 0.0, rows, cols)
    v, u = pose.inverse().grid(rows[window[0]], cols[window[1]])
    return window, v, u


def _box(layer: Flat | Ball, pose: Similarity, margin: float, rows: np.ndarray,
         cols: np.ndarray) -> tuple[slice, slice]:
    """Where on the grid `layer` with a margin (world units) may lie."""
    half_h, half_w = (half + margin * abs(pose.a) + 1 for half in layer.reach(pose))
    return (slice(*np.searchsorted(rows, (pose.b.imag - half_h, pose.b.imag + half_h))),
            slice(*np.searchsorted(cols, (pose.b.real - half_w, pose.b.real + half_w))))


def _instants(made: Composition, width: int, height: int, time_s: float, exposure_s: float, multiple: int) -> int:
    """How many instants make up an exposure: a multiple, so that every place in the pixel sees equally many."""
    times, far = (time_s - exposure_s / 2, time_s, time_s + exposure_s / 2), 0.0
    for layer in made.layers:
        poses = [_pose(made, layer, width, height, t) for t in times]
        corners = [complex(su * layer.half_w, sv * layer.half_h) for su in (-1, 1) for sv in (-1, 1)]
        way = max(sum(abs((q.a - p.a) * c + q.b - p.b) for p, q in zip(poses, poses[1:])) for c in corners)
        far = max(far, way * (2 if isinstance(layer, Ball) else 1))  # the top of a rolling ball is twice as fast
    return min(MAX_INSTANTS // multiple, max(2, math.ceil(far / TIME_STEP_PX / multiple))) * multiple


def _instant(made: Composition, width: int, height: int, time_s: float, density: float, side: int,
             shift: tuple[float, float] = (0.5, 0.5)) -> np.ndarray:
    """Linear light (3, h, w) of an instant, the mean of `side` x `side` samples in every pixel.

    shift  where in its cell a sample lies, row and column, 0 to 1
    """
    cols = (np.arange(width * side) + shift[1]) / side
    strip = max(1, STRIP // (width * side * side))
    out = np.empty((3, height, width), np.float32)
    for top in range(0, height, strip):
        rows = top + (np.arange(min(strip, height - top) * side) + shift[0]) / side
        fine = _draw(made, width, height, time_s, density, rows, cols)
        out[:, top:top + strip] = fine.reshape(3, -1, side, width, side).mean((2, 4))
    return out


def _draw(made: Composition, width: int, height: int, time_s: float, density: float, rows: np.ndarray,
          cols: np.ndarray) -> np.ndarray:
    """Linear light (3, len(rows), len(cols)) at an instant, one sample at each crossing of the rows and columns."""
    rows, cols = rows.astype(np.float32), cols.astype(np.float32)
    table = made.camera.screen(time_s, width, height)
    rgb = np.zeros((3, len(rows), len(cols)), np.float32)
    for layer in made.layers:
        if not layer.ground:
            _darken(rgb, layer, table, time_s, rows, cols)
        window, v, u = _window(made, layer, width, height, time_s, rows, cols)
        if v.size:
            values = layer.shade(v, u, layer.motion.at(time_s), density, time_s)
            under = rgb[:, window[0], window[1]]
            under *= 1 - values[3]
            under += values[:3]
    rgb *= _daylight(*table.inverse().grid(rows, cols))
    return rgb


def _darken(rgb: np.ndarray, layer: Flat | Ball, table: Similarity, time_s: float, rows: np.ndarray,
            cols: np.ndarray) -> None:
    """Throw the shadow of `layer` on what lies below it."""
    pose = layer.motion.at(time_s)
    pose = table @ Similarity(pose.a, pose.b + layer.z * FALL)
    window = _box(layer, pose, 2.1 * layer.soft + 0.02, rows, cols)
    v, u = pose.inverse().grid(rows[window[0]], cols[window[1]])
    if v.size:
        rgb[:, window[0], window[1]] *= 1 - SHADE[:, None, None] * layer.shadow(v, u)


def _daylight(v: np.ndarray, u: np.ndarray) -> np.ndarray:
    """The light on the table: of a tall window to the upper left with blurred bars, falling off to the lower right."""
    along, aside = 0.78 * u + 0.62 * v, 0.62 * u - 0.78 * v
    bars = 1 - 0.16 * smooth(np.abs(aside + 0.10), 0.12, 0.0) - 0.16 * smooth(np.abs(aside - 0.56), 0.12, 0.0)
    return 1.12 * bars * (1 - 0.34 * smooth(along, -0.55, 1.1)) * (0.72 + 0.28 * smooth(np.abs(aside), 1.0, 0.5))
