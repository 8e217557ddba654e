"""Things on the table: a cup of coffee, a pencil, a fern, brass gears, a paper windmill, a toy car, a napkin."""
from __future__ import annotations

import math

import numpy as np

from refvr.drawing.canvas import Canvas, Colour, bars, box, colour, cover, mix, smooth, stroke
from refvr.scene.grounds import weave

LINEN = colour("d8cdb8")
INDIGO = colour("4a6076")
CHINA = colour("dfe3df")
CHINA_BLUE = colour("5f7f8c")
OCHRE = colour("b8862f")
LEAF = colour("5f7f45")
YOUNG_LEAF = colour("8fa55a")
BRASS = colour("b08d4f")
VERMILION = colour("c4573f")
IVORY = colour("e9dfc6")
RACING_RED = colour("a63d33")
CREAM = colour("ecdfc4")
THREAD = 0.0066  # of the napkin, world units
ROAST = colour("5a3720")


def napkin(canvas: Canvas, seed: int, base: Colour = LINEN, stripe: Colour = INDIGO) -> None:
    """A linen napkin with two groups of stripes and a fringe at both ends."""
    half_h, half_w = canvas.half_h, canvas.half_w
    bands = tuple(side * half_w * k for side in (-1, 1) for k in (0.56, 0.66, 0.76))
    weave(canvas, seed, THREAD, base, stripe, bands, 0.055 * half_w)
    fringe = 0.03
    body = cover(box(canvas.u, canvas.v, half_w - 0.008, half_h - fringe - 0.008), canvas.px)
    frayed = np.abs(canvas.v) - (half_h - 0.012 + 0.006 * canvas.noise(seed + 8, 1, 90))
    tassels = cover(frayed, canvas.px) * cover(np.abs(canvas.u) - half_w + 0.008, canvas.px)
    strands = bars(canvas.u / (2 * THREAD) + 0.01 * canvas.noise(seed + 9, 40, 40), canvas.px / (2 * THREAD))
    share = np.maximum(body, tassels * strands)
    canvas.rgb *= share
    canvas.alpha *= share


def cup(canvas: Canvas, seed: int, glaze: Colour = CHINA, rim: Colour = CHINA_BLUE) -> None:
    """A cup of coffee on its saucer, seen from above."""
    px, size = canvas.px, canvas.half_w / 1.06
    rho = np.sqrt(canvas.u ** 2 + canvas.v ** 2) / size
    turned = math.radians(-35)
    x = (math.cos(turned) * canvas.u + math.sin(turned) * canvas.v) / size
    y = (math.cos(turned) * canvas.v - math.sin(turned) * canvas.u) / size
    line = px / size
    canvas.paint(cover(rho - 1.0, line), glaze)
    canvas.dye(stroke(np.abs(rho - 0.955), 0.016, line), rim)
    handle = box(x - 0.72, y, 0.24, 0.085, 0.08)
    shadow = smooth(np.sqrt((canvas.u / size - 0.06) ** 2 + (canvas.v / size - 0.08) ** 2), 0.80, 0.60)
    canvas.dye(0.45 * shadow, colour("4a4640"))
    canvas.dye(cover(handle, line), glaze)
    canvas.dye(cover(rho - 0.64, line), glaze)
    canvas.dye(stroke(np.abs(rho - 0.635), 0.012, line), rim)
    canvas.dye(cover(rho - 0.565, line), _latte(x, y, rho, canvas.noise(seed + 1, 45, 45, 3)))
    wall = smooth(np.sqrt((canvas.u / size + 0.05) ** 2 + (canvas.v / size + 0.07) ** 2), 0.45, 0.58)
    shaded = 0.55 * (1 - wall) * smooth(canvas.u + canvas.v, 0.1 * size, -0.7 * size)
    canvas.dye(cover(rho - 0.565, line) * shaded, (0.01,) * 3)
    dish = 0.16 * smooth(rho, 0.55, 1.0) - 0.05 * smooth(rho, 0.95, 1.02)
    lip = 0.11 * np.exp(-((rho - 0.60) / 0.045) ** 2)
    grip = 0.10 * smooth(-handle, -0.01, 0.09) * (rho > 0.64)
    canvas.height = (size * np.where(rho < 0.565, 0.0, dish + lip + grip)).astype(np.float32)


def _latte(x: np.ndarray, y: np.ndarray, rho: np.ndarray, froth: np.ndarray) -> np.ndarray:
    """Coffee with a heart of milk in three nested layers; x points to the handle."""
    milk = np.zeros(rho.shape, np.float32)
    for size, poured in ((0.31, 1.0), (0.215, 0.0), (0.165, 1.0), (0.085, 0.0), (0.05, 1.0)):
        hx, hy = 1.08 * (y - 0.01) / size + 0 * x, (x + 0.07 * (0.31 - size)) / size + 0 * y
        heart = (hx * hx + hy * hy - 1) ** 3 - hx * hx * hy ** 3
        milk += (poured - milk) * smooth(np.sign(heart) * np.abs(heart) ** (1 / 3), 0.10, -0.10)
    brew = mix(colour("8a5527"), colour("5f3717"), smooth(rho, 0.36, 0.56))
    return mix(brew, colour("ecd9b4"), milk * (0.93 + 0.07 * froth)) * (1 + 0.05 * froth)


def pencil(canvas: Canvas, seed: int, coat: Colour = OCHRE) -> None:
    """A sharpened pencil along u, point to the right."""
    px, radius = canvas.px, canvas.half_h - 0.004
    u, v = canvas.u + 0 * canvas.v, canvas.v + 0 * canvas.u
    end = canvas.half_w - 0.006
    taper = np.clip((end - u) / (5.2 * radius), 0, 1)
    half = radius * taper
    along = np.abs(u) - end
    canvas.paint(cover(np.maximum(np.abs(v) - half, along), px), coat)
    scallop = end - 5.2 * radius * (0.86 + 0.10 * np.abs(np.sin(3.0 * np.pi * v / (2 * radius))))
    canvas.dye(cover(scallop - u, px), mix(colour("d9b98a"), colour("c79f6b"), 0.5 + 0.5 * canvas.noise(seed, 500, 20)))
    canvas.dye(cover(end - 5.2 * radius * 0.3 - u, px), colour("2c2b2e"))
    canvas.dye(cover(u + end - 3.4 * radius, px), colour("a9aaa6"))
    canvas.dye(cover(np.abs(np.abs(u + end - 2.6 * radius) - 0.4 * radius) - 0.1 * radius, px), colour("6c6d6b"))
    canvas.dye(cover(u + end - 1.7 * radius, px), colour("b9766b"))
    facet = np.abs(v) / np.maximum(half, 1e-6)
    canvas.height = (radius * 0.9 * np.where(facet < 0.5, 0.0, -(facet - 0.5)) * (taper > 0)).astype(np.float32)


def fern(canvas: Canvas, seed: int, pairs: int = 30, leaf: Colour = LEAF, tip: Colour = YOUNG_LEAF) -> None:
    """A frond that grows from the left end of the canvas to the right, with a pair of leaflets at every node."""
    rng = np.random.default_rng([seed, 31])
    px, length = canvas.px, 1.9 * canvas.half_w
    canvas.height = relief = np.zeros(canvas.alpha.shape, np.float32)
    for k in range(pairs):
        s = (k + 1.2) / (pairs + 1.5)
        stem_u, stem_v = -canvas.half_w * 0.97 + length * s, 0.22 * canvas.half_h * math.sin(2.2 * s)
        reach = 0.80 * canvas.half_h * math.sin(math.pi * min(1.0, 0.16 + 0.84 * s) ** 0.72) + 0.02 * canvas.half_h
        for side in (-1, 1):
            angle = side * math.radians(66 - 30 * s) + rng.uniform(-0.06, 0.06)
            tone = mix(leaf, tip, min(1.0, max(0.0, s * 0.8 + rng.uniform(-0.2, 0.2))))
            _leaflet(canvas, relief, stem_u, stem_v, angle, reach, 0.30 * length / pairs * (1 - 0.35 * s), tone)
    along = (canvas.u + canvas.half_w * 0.97) / length
    stem = np.abs(canvas.v - 0.22 * canvas.half_h * np.sin(2.2 * along))
    here = cover(np.abs(along - 0.49) - 0.49, px / length)
    canvas.paint(stroke(stem, 0.0042, px) * here, colour("75683c"))


def _leaflet(canvas: Canvas, relief: np.ndarray, u: float, v: float, angle: float, length: float, half_width: float,
             tone: Colour) -> None:
    """One leaflet with wavy edges and a midrib; its two halves lean away from the rib."""
    px = canvas.px
    middle = (u + math.cos(angle) * length / 2, v + math.sin(angle) * length / 2)
    at, x, y = canvas.patch(*middle, angle, length / 2 + 2 * px)
    s = np.clip(x / length + 0.5, 0, 1)
    half = half_width * np.sqrt(np.maximum(s * (1 - s) ** 0.8, 0)) * 1.9 * (1 + 0.10 * np.sin(40 * s))
    share = stroke(np.abs(y), half, px) * cover(np.abs(x) - length / 2, px)
    shade = 0.82 + 0.36 * smooth(y, -half_width, half_width)
    canvas.paint(share, np.stack([c * shade for c in np.broadcast_to(tone, (3, *np.shape(tone)[1:]))]), at)
    canvas.dye(share * stroke(np.abs(y), 0.0007, px) * 0.5, colour("b7c48a"), at)
    relief[at] = np.where(share > 0.5, 0.004 - 0.5 * np.abs(y), relief[at])


def pitch_radius(half: float, teeth: int) -> float:
    """Radius at which a gear of `teeth` on a canvas of half side `half` meets its neighbour."""
    return (half - 0.006) / (1 + 2 / teeth)


def gear(canvas: Canvas, seed: int, teeth: int = 20, metal: Colour = BRASS, holes: int = 5) -> None:
    """A gear wheel that fills its canvas: `pitch_radius` says where it meets another."""
    px, radius = canvas.px, pitch_radius(canvas.half_w, teeth)
    rho = np.maximum(np.sqrt(canvas.u ** 2 + canvas.v ** 2), 1e-6)
    theta = np.arctan2(canvas.v, canvas.u)
    wave = 2 * np.abs(((theta * teeth / (2 * np.pi)) % 1.0) - 0.5)  # 1 at the middle of a gap, 0 of a tooth
    outline = radius + 2 * radius / teeth * np.clip((0.5 - wave) * 3.2, -1.0, 0.85)
    body = (rho - outline) * 0.8
    hub = 0.13 * radius - rho
    spread = np.abs((theta * holes / (2 * np.pi)) % 1.0 - 0.5) * 2 * np.pi / holes
    spoke = rho * np.sin(np.pi / holes - spread) - 0.085 * radius
    window = np.maximum(np.abs(rho - 0.53 * radius) - 0.19 * radius, -spoke)
    edge = np.maximum(np.maximum(body, -window), hub)
    brushed = np.random.default_rng([seed, 41]).random(2048, dtype=np.float32)
    fine = min(1.0, max(0.0, 2 - 700 * px))
    grain = np.interp(rho / radius * 350, np.arange(2048), brushed).astype(np.float32) - 0.5
    patina = 0.10 * canvas.noise(seed + 1, 14, 14, 3)
    canvas.paint(cover(edge, px), np.stack([c * (1 + 0.22 * fine * grain + patina) for c in metal]))
    canvas.dye(stroke(np.abs(rho - 0.80 * radius), 0.004, px) * 0.5, colour("4f3c1d"))
    canvas.dye(stroke(np.abs(rho - 0.25 * radius), 0.003, px) * 0.5, colour("4f3c1d"))
    canvas.height = (1.0 * smooth(-edge, -0.001, 0.006) * 0.004 - 0.0003 * fine * grain).astype(np.float32)


def windmill(canvas: Canvas, seed: int, blades: int = 8, sails: tuple[Colour, Colour] = (VERMILION, IVORY)) -> None:
    """A paper windmill of curved blades in two colours, pinned in the middle."""
    px, radius = canvas.px, canvas.half_w / 1.03
    rho = np.maximum(np.sqrt(canvas.u ** 2 + canvas.v ** 2), 1e-6)
    turn = (np.arctan2(canvas.v, canvas.u) / (2 * np.pi) - 0.10 * rho / radius) * blades
    which, part = np.floor(turn), turn % 1.0
    reach = radius * (1 - 0.42 * part ** 1.5)
    arc = 2 * np.pi * rho / blades  # a blade's width on this circle
    odd = (which % 2).astype(np.float32)
    fold = 1.10 - 0.50 * part ** 1.2 - 0.25 * np.exp((part - 1) * arc / 0.004)
    dots = _dots(part, rho / radius, px / radius)
    plain = mix(sails[0], sails[1], odd)
    printed = mix(plain, mix(sails[1], colour("54707c"), odd), 0.85 * dots)
    free_edge = np.where(rho < 0.58 * radius, 1.0, cover(-part * arc, px))
    canvas.paint(cover((rho - reach) * 0.85, px) * free_edge, printed * fold.astype(np.float32))
    next_blade = cover((1 - part) * arc, px) * cover(rho - radius, px)
    canvas.paint(next_blade, mix(sails[1], sails[0], odd) * np.float32(1.10))
    canvas.dye(cover(rho - 0.085 * radius, px), colour("d9b45a"))
    canvas.dye(cover(rho - 0.035 * radius, px), colour("6b5526"))
    canvas.height = (0.10 * radius * (1 - part) * smooth(rho / radius, 0.05, 0.4)).astype(np.float32) * 0.35


def _dots(part: np.ndarray, rho: np.ndarray, line: float) -> np.ndarray:
    """A row of printed dots down the middle of every blade; `rho` and `line` in radii."""
    cell = rho / 0.14
    along = (cell % 1.0 - 0.5) * 0.14
    across = (part - 0.42) * rho * 0.785
    return cover(np.sqrt(along ** 2 + across ** 2) - 0.028, line) * ((rho > 0.28) & (rho < 0.84))


def car(canvas: Canvas, seed: int, coat: Colour = RACING_RED, roof: Colour = CREAM) -> None:
    """A tin toy car, seen from above, driving to the right."""
    px, length = canvas.px, canvas.half_w / 1.04
    x, y = canvas.u / length + 0 * canvas.v, canvas.v / length + 0 * canvas.u
    line, width = px / length, 0.46
    for wheel in (-0.56, 0.56):
        canvas.paint(cover(box(x - wheel, np.abs(y) - width * 0.93, 0.17, 0.09, 0.05), line), colour("26262a"))
    body = box(x, y * (1 + 0.10 * smooth(np.abs(x), 0.5, 1.0)), 0.99, width, 0.22)
    canvas.paint(cover(body, line), coat)
    canvas.dye(cover(np.abs(y) - 0.10, line) * cover(body + 0.03, line), roof)
    canvas.dye(stroke(np.abs(np.abs(y) - 0.135), 0.012, line) * cover(body + 0.03, line), roof)
    cabin = box(x + 0.12, y, 0.52, 0.36, 0.14)
    canvas.dye(cover(cabin, line), colour("2f3d47"))
    top = box(x + 0.16, y, 0.30, 0.31, 0.10)
    pillars = np.abs(np.abs(y) - 0.325 + 0.05 * np.abs(x + 0.15))
    canvas.dye(stroke(pillars, 0.022, line) * cover(cabin + 0.01, line), coat)
    canvas.dye(cover(top, line), roof)
    disc = np.sqrt((x + 0.16) ** 2 + y ** 2)
    canvas.dye(cover(disc - 0.19, line), colour("f4efe2"))
    canvas.dye(stroke(np.abs(disc - 0.19), 0.015, line), coat)
    canvas.dye(cover(box(x + 0.16, y, 0.10, 0.032), line), colour("2b2b2e"))
    lamps = np.sqrt((x - 0.91) ** 2 + (np.abs(y) - 0.30) ** 2) - 0.075
    canvas.dye(cover(lamps, line), colour("f3e3a8"))
    canvas.dye(cover(box(x + 0.95, np.abs(y) - 0.30, 0.035, 0.08, 0.02), line), colour("6d1f1a"))
    seams = stroke(np.abs(np.abs(x - 0.66) - 0.10), 0.008, line) * cover(np.abs(y) - 0.34, line)
    canvas.dye(0.6 * seams, (0.05, 0.02, 0.02))
    swell = 0.16 * smooth(-body, 0.0, 0.24) + 0.10 * smooth(-cabin, -0.02, 0.16)
    canvas.height = (length * swell).astype(np.float32)


def beans(canvas: Canvas, seed: int, count: int = 7, roast: Colour = ROAST) -> None:
    """Coffee beans, scattered."""
    rng = np.random.default_rng([seed, 51])
    px, size = canvas.px, 0.0165
    canvas.height = relief = np.zeros(canvas.alpha.shape, np.float32)
    for k in range(count):  # on a spiral, so that no two lie on each other
        turn, way = 2.4 * k + rng.uniform(-0.2, 0.2), math.sqrt((k + 0.3) / count)
        u = way * math.cos(turn) * (canvas.half_w - 1.3 * size)
        v = way * math.sin(turn) * (canvas.half_h - 1.3 * size)
        at, x, y = canvas.patch(u, v, rng.uniform(0, math.pi), 1.2 * size)
        rho = np.sqrt((x / size) ** 2 + (y / (0.70 * size)) ** 2)
        share = cover((rho - 1) * 0.8 * size, px)
        canvas.paint(share, np.array([c * rng.uniform(0.8, 1.25) for c in roast]), at)
        crease = np.abs(y - 0.10 * size * np.sin(3.0 * x / size))
        canvas.dye(share * stroke(crease, 0.0011, px) * 0.8, colour("24130a"), at)
        dome = 0.62 * size * np.sqrt(np.maximum(1 - rho ** 2, 0.02))
        relief[at] = np.where(share > 0.5, dome, relief[at])
