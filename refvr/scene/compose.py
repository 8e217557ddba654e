"""What is in a scene: the composed still life of seed 0, and still lifes at random for every other seed."""
from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from refvr.drawing.canvas import colour
from refvr.scene import grounds, paper, shuffle, things
from refvr.scene.layers import GROUND, Ball, Flat
from refvr.scene.view import Camera, Hinge, Loop, Motion, Swing, Turn


@dataclass(frozen=True, eq=False)
class Composition:
    """A camera and layers, the lowest first; the first is the ground."""

    camera: Camera
    layers: tuple[Flat | Ball, ...]


def _thing(paint: Callable[..., None], seed: int, half_h: float, half_w: float, motion: Motion,
           **how: Any) -> Flat:
    return Flat(partial(paint, seed=seed), half_h, half_w, motion, **how)


def _on_the_table() -> tuple[Flat | Ball, ...]:
    """An essay on seeing, a test chart, coffee, a pencil, a marble."""
    paper_like = {"z": 0.003, "soft": 0.008}
    teal = colour("3f6470")
    return (
        _thing(grounds.planks, 3, *GROUND, Turn(0j), ground=True, gloss=0.05),
        _thing(things.napkin, 5, 0.25, 0.34, Turn(-0.70 + 0.33j, -0.22), z=0.004, soft=0.008),
        _thing(paper.page, 7, 0.45, 0.31, Turn(0.05 + 0.02j, -0.07), **paper_like),
        _thing(paper.chart, 9, 0.20, 0.20, Turn(0.62 - 0.20j, 0.10), **paper_like, gloss=0.02),
        _thing(things.pencil, 11, 0.014, 0.19, Turn(0.74 + 0.085j, 3.05), z=0.014, soft=0.008, gloss=0.12),
        _thing(things.beans, 27, 0.075, 0.095, Turn(-0.47 + 0.035j, 0.3), z=0.006, soft=0.006, gloss=0.25),
        _thing(things.cup, 17, 0.185, 0.185, Turn(-0.69 + 0.31j), z=0.05, soft=0.022, gloss=0.22),
        Ball(0.045, Swing(-0.32 - 0.40j, 0j, 1.0), (teal, teal, teal)),
    )


def _clockwork() -> tuple[Flat, ...]:
    """Two gears that mesh."""
    (teeth, half), (others, other_half), contact = (20, 0.170), (12, 0.110), 0.50
    pivot, per_s = -0.67 - 0.285j, 0.06
    apart = things.pitch_radius(half, teeth) + things.pitch_radius(other_half, others)
    phase = contact * teeth / (2 * math.pi)  # the part of a tooth that the first has at the point of contact
    angle = contact + math.pi - 2 * math.pi / others * (0.5 - phase)  # so that the second has a gap there
    brass = partial(things.gear, teeth=teeth)
    steel = partial(things.gear, teeth=others, holes=4, metal=colour("9a9a97"))
    follower = Turn(pivot + apart * cmath.exp(1j * contact), angle, per_s=-per_s * teeth / others)
    return (_thing(brass, 13, half, half, Turn(pivot, per_s=per_s), z=0.02, soft=0.010, gloss=0.3),
            _thing(steel, 15, other_half, other_half, follower, z=0.02, soft=0.010, gloss=0.35))


def _toys_and_leaves() -> tuple[Flat | Ball, ...]:
    """A car that laps around a ball that rolls over the text, a windmill above the page, fronds in the wind."""
    lap = Loop(0.09 + 0.085j, 0.43, 0.25, -0.05, 8.0, 0.19)
    roll = Swing(0.04 + 0.12j, 0.20 - 0.02j, 5.0, -0.09)
    low = Turn(1.04 + 0.47j, math.pi + 0.16, sway=0.035, period_s=3.1)
    high = Turn(0.84 + 0.68j, math.pi + 0.90, sway=0.045, period_s=2.6, phase=0.3)
    return (
        _thing(things.car, 19, 0.050, 0.100, lap, z=0.025, soft=0.014, gloss=0.3),
        Ball(0.066, roll, (colour("ece2cb"), colour("45707c"), colour("b8503c"))),
        _thing(things.windmill, 21, 0.165, 0.165, Turn(0.36 - 0.32j, per_s=0.28), z=0.16, soft=0.026),
        _thing(things.fern, 23, 0.19, 0.42, Hinge(low, -0.40), z=0.20, soft=0.030, gloss=0.10),
        _thing(things.fern, 25, 0.16, 0.34, Hinge(high, -0.32), z=0.26, soft=0.036, gloss=0.10),
    )


@lru_cache(maxsize=32)
def composition(seed: int) -> Composition:
    """The composition of a seed."""
    if seed == 0:
        return Composition(Camera(), (*_on_the_table(), *_clockwork(), *_toys_and_leaves()))
    dice = shuffle.Dice(seed)
    return Composition(shuffle.camera(dice), shuffle.layers(dice))
