"""Still lifes at random: other things in other colours that move in other ways. Unlimited material for training."""
from __future__ import annotations

import math
from functools import partial

import numpy as np

from refvr.drawing.canvas import Colour, colour
from refvr.scene import grounds, paper, things
from refvr.scene.layers import GROUND, Ball, Flat
from refvr.scene.view import Camera, Hinge, Loop, Motion, Swing, Turn

PALETTE = tuple(colour(c) for c in (
    "d9cdb4", "efe6d2", "b8503c", "45707c", "c98d3c", "6b7d4f", "8a6a8e", "2f3d47", "a3b5b0", "7d5430", "d7a48f",
    "51607d", "9a9a97", "c2b280", "3d5a45", "e0c15a"))
TITLES = ("A LONG EXPOSURE", "GRAIN", "OF LEAVES AND LETTERS", "THE QUIET FRAME", "MOVING THINGS", "LOW LIGHT")


class Dice:
    """A random generator with the few throws that a scene needs."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng([seed, 2024])

    def between(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return float(self.rng.uniform(low, high))

    def chance(self, share: float) -> bool:
        """True in `share` of the throws."""
        return bool(self.rng.random() < share)

    def number(self) -> int:
        """A seed for something to paint."""
        return int(self.rng.integers(1 << 30))

    def colours(self, count: int) -> list[Colour]:
        """Different colours of the palette, each a little lighter or darker."""
        picked = self.rng.permutation(len(PALETTE))[:count]
        tones = [self.between(0.7, 1.15) for _ in picked]
        return [tuple(c * tone for c in PALETTE[k]) for k, tone in zip(picked, tones)]

    def place(self) -> complex:
        """A place on the table that the camera can see."""
        return complex(self.between(-0.85, 0.85), self.between(-0.48, 0.48))


def motion(dice: Dice) -> Motion:
    """Still, spinning, swaying, around a loop, or to and fro: slow and fast."""
    place, angle = dice.place(), dice.between(-math.pi, math.pi)
    kind = dice.rng.choice(5, p=(0.28, 0.22, 0.15, 0.2, 0.15))
    phase, period = dice.between(0, 1), math.exp(dice.between(math.log(2.0), math.log(12.0)))
    if kind == 0:
        return Turn(place, angle)
    if kind == 1:
        return Turn(place, angle, per_s=dice.between(-0.45, 0.45))
    if kind == 2:
        return Turn(place, angle, sway=dice.between(0.03, 0.5), period_s=period, phase=phase)
    if kind == 3:
        way_round = 1 if dice.chance(0.5) else -1
        return Loop(place * 0.6, dice.between(0.1, 0.55), dice.between(0.1, 0.4), angle, period * way_round, phase)
    return Swing(place, complex(dice.between(-0.5, 0.5), dice.between(-0.4, 0.4)), period, phase)


def ground(dice: Dice) -> Flat:
    """Planks, tiles, brick or a table cloth."""
    seed, (a, b, c) = dice.number(), dice.colours(3)
    kind = dice.rng.integers(4)
    if kind == 0:
        tone = dice.between(0.5, 1.1)
        light, dark = (tone * np.array(colour(code)) for code in ("c99f6c", "7d5430"))
        paint = partial(grounds.planks, seed=seed, plank=dice.between(0.15, 0.4), light=light, dark=dark)
    elif kind == 1:
        paint = partial(grounds.tiles, seed=seed, side=dice.between(0.08, 0.25), body=a, other=b, joint=c)
    elif kind == 2:
        paint = partial(grounds.tiles, seed=seed, side=dice.between(0.06, 0.11), shift=0.5, aspect=dice.between(2, 3),
                        body=colour("a8684c"), other=colour("7d4a3a"), joint=colour("b3a998"), rough=0.6)
    else:
        stripes = tuple(dice.between(-1.2, 1.2) for _ in range(int(dice.rng.integers(0, 12))))
        paint = partial(grounds.weave, seed=seed, thread=dice.between(0.005, 0.012), base=a, stripe=b, stripes=stripes,
                        stripe_width=dice.between(0.01, 0.08))
    return Flat(paint, *GROUND, Turn(0j), ground=True, gloss=0.03)


def thing(dice: Dice) -> Flat | Ball:
    """Something at a random place, size, height and motion."""
    seed, (a, b, c), size = dice.number(), dice.colours(3), dice.between(0.6, 1.3)
    kind = dice.rng.integers(12)
    if kind == 0:
        swing = Swing(dice.place(), complex(dice.between(-0.5, 0.5), dice.between(-0.3, 0.3)), dice.between(2, 8),
                      dice.between(0, 1))
        axis = dice.between(-1, 1), dice.between(-1, 1), dice.between(-1, 1)
        return Ball(0.07 * size, swing, (a, b, c), axis)
    card = dice.between(0.06, 0.2), dice.between(0.06, 0.2), dice.between(0.003, 0.2)
    kinds = (  # what to paint, half sizes, height, gloss
        (partial(paper.page, title=TITLES[seed % len(TITLES)], first=seed % 4), 0.42, 0.31, 0.004, 0.0),
        (partial(paper.chart, cycles=24 + seed % 40), 0.20, 0.20, 0.004, 0.0),
        (partial(things.napkin, base=a, stripe=b), 0.25, 0.32, 0.006, 0.0),
        (partial(things.cup, rim=a), 0.17, 0.17, 0.05, 0.2),
        (partial(things.pencil, coat=a), 0.015, 0.19, 0.015, 0.12),
        (partial(things.fern, pairs=18 + seed % 16), 0.17, 0.36, dice.between(0.02, 0.3), 0.1),
        (partial(things.gear, teeth=9 + seed % 20, metal=a, holes=3 + seed % 4), 0.14, 0.14, 0.02, 0.35),
        (partial(things.windmill, blades=4 + 2 * (seed % 4), sails=(a, b)), 0.16, 0.16, dice.between(0.03, 0.3), 0.0),
        (partial(things.car, coat=a, roof=b), 0.05, 0.10, 0.025, 0.3),
        (partial(paper.swatch, one=a, other=b), *card, 0.02),
        (partial(things.beans, count=3 + seed % 9), 0.08, 0.10, 0.006, 0.25),
    )
    paint, half_h, half_w, z, gloss = kinds[kind - 1]
    way = motion(dice)
    if paint.func is things.fern:
        way = Hinge(way, complex(-half_w * size, 0))
    return Flat(partial(paint, seed=seed % 100_000), half_h * size, half_w * size, way, z, 0.006 + 0.13 * z, gloss)


def camera(dice: Dice) -> Camera:
    """A camera that moves in its own rhythm; it never sees past the ground."""
    periods = dice.between(3, 12), dice.between(3, 12), dice.between(3, 12), dice.between(3, 12)
    return Camera(complex(dice.between(0, 0.1), dice.between(0, 0.06)), dice.between(0, 0.05), dice.between(1.0, 1.5),
                  dice.between(0, 0.08), dice.between(0, 0.003), periods, dice.between(0, 1))


def layers(dice: Dice) -> tuple[Flat | Ball, ...]:
    """A ground and eight to eighteen things, the lowest first."""
    made = [thing(dice) for _ in range(int(dice.rng.integers(8, 19)))]
    return (ground(dice), *sorted(made, key=lambda it: it.z))

