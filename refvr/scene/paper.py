"""Printed things: a page of text with an engraving, and a resolution chart."""
from __future__ import annotations

import math

import numpy as np

from refvr.drawing import font
from refvr.drawing.canvas import Canvas, Colour, bars, box, colour, cover, mix, smooth, stroke

INK, PAPER = colour("2b2a2c"), colour("efe9db")
TEXT = (
    "Light arrives one photon at a time. A sensor counts them, and a count is never quite the same twice: that is "
    "noise. It does not hide the picture; it only asks us to look longer. ",
    "A single frame is a guess. The next frame is the same scene, a moment later, seen through other noise. What "
    "moves together belongs together, so we follow each leaf and letter through time and let the frames agree. ",
    "Where they agree we keep the detail. Where they differ we ask why: did it move, did it turn, did something "
    "pass in front of it? A toy car crosses the page, a wheel turns in the wind, and for a while the words behind "
    "them are gone. They return unharmed. ",
    "Nothing is invented here. A letter that was never seen is not drawn, and a thread that was never resolved is "
    "not woven. The best restoration is the one that you do not notice. ",
)


def hatching(x: np.ndarray, period: float, px: float) -> np.ndarray:
    """Fine printed lines, half ink and half paper, across x."""
    return bars(x / period, px / period)


def sheet(canvas: Canvas, seed: int, paper: Colour, corner: float = 0.004) -> None:
    """A sheet of paper that fills the canvas but for a margin, with a faint tooth and a soft curl."""
    edge = box(canvas.u, canvas.v, canvas.half_w - 0.01, canvas.half_h - 0.01, corner)
    tooth = 1 + 0.018 * canvas.noise(seed + 11, 120, 120, 3)
    canvas.paint(cover(edge, canvas.px), np.stack([c * tooth for c in paper]))
    canvas.height = (0.006 * canvas.noise(seed + 12, 1.7, 1.4, 1) + 0 * edge).astype(np.float32)


def engraving(canvas: Canvas, seed: int, centre_v: float, half_h: float, half_w: float) -> None:
    """A small landscape: sky, sun, hills behind hills and a hatched foreground, framed by a hairline."""
    at, x, y = canvas.patch(0.0, centre_v, 0.0, max(half_h, half_w) + 0.01)
    px = canvas.px
    inside = cover(box(x, y, half_w, half_h), px)
    canvas.dye(inside, mix(colour("9db9c2"), colour("f1dcb8"), smooth(y + 0 * x, -half_h, 0.35 * half_h)), at)
    sun = np.sqrt((x - 0.42 * half_w) ** 2 + (y + 0.35 * half_h) ** 2)
    canvas.dye(inside * cover(sun - 0.2 * half_h, px), colour("e0a060"), at)
    tones = [colour(c) for c in ("8ba6a4", "6a8a88", "4d6c66", "36504a")]
    rng = np.random.default_rng([seed, 21])
    for k, tone in enumerate(tones):
        heights = rng.random(40) * 2 - 1
        ridge = np.zeros_like(x[:1] if x.ndim == 2 else x)
        for octave, gain in ((3, 0.30), (7, 0.12), (19, 0.04)):
            ridge = ridge + gain * half_h * np.interp((x[:1] / half_w + 1) / 2 * octave, np.arange(40), heights)
        below = y - ridge - (-0.1 + 0.3 * k) * half_h
        hatched = mix(tone, INK, (0.10 + 0.10 * k) * hatching(x * 0.5 + y, 0.006, px))
        canvas.dye(inside * cover(-below, px), hatched, at)
    canvas.dye(stroke(np.abs(box(x, y, half_w, half_h)), 0.0012, px), INK, at)


def page(canvas: Canvas, seed: int, title: str = "ON SEEING CLEARLY", first: int = 0) -> None:
    """A printed page: title, rule, engraving, two columns of text and a page number."""
    sheet(canvas, seed, PAPER)
    half_h, half_w = canvas.half_h - 0.01, canvas.half_w - 0.01
    cap = 1.5 * half_w / font.text_width(title, 1.0)
    cap = min(cap, 0.075 * half_h)
    top = -half_h + 0.14 * half_h
    font.write(canvas, title, -font.text_width(title, cap) / 2, top, cap, INK, 1.15)
    subtitle = "an essay on frames, noise and patience"
    small = 0.018
    font.write(canvas, subtitle, -font.text_width(subtitle, small) / 2, top + 0.042, small, colour("8a4b3a"))
    rule = np.abs(canvas.v - top - 0.058) + 0 * canvas.u
    canvas.dye(stroke(rule, 0.0011, canvas.px) * cover(np.abs(canvas.u) - 0.8 * half_w, canvas.px), INK)
    picture = 0.30 * half_h
    engraving(canvas, seed, top + 0.08 + picture, picture, 0.8 * half_w)
    _columns(canvas, first, top + 0.08 + 2 * picture + 0.035, half_h - 0.06, half_w)
    number = str(12 + seed % 88)
    font.write(canvas, number, -font.text_width(number, 0.014) / 2, half_h - 0.022, 0.014, INK)


def _columns(canvas: Canvas, first: int, top: float, bottom: float, half_w: float) -> None:
    cap, lead, gutter = 0.0125, 0.0245, 0.03
    width = 0.8 * half_w - gutter / 2
    lines = [line for k in range(8) for line in font.wrap(TEXT[(first + k) % len(TEXT)], width, cap)]
    per_column = int((bottom - top) / lead)
    for k, line in enumerate(lines[:2 * per_column]):
        left = -0.8 * half_w if k < per_column else gutter / 2
        font.write(canvas, line, left, top + (k % per_column + 0.7) * lead, cap, INK)


def _siemens_star(canvas: Canvas, radius: float, cycles: int) -> None:
    at, x, y = canvas.patch(0.0, 0.0, 0.0, radius + 2 * canvas.px)
    rho = np.maximum(np.sqrt(x * x + y * y), 1e-6)
    turns = np.arctan2(y, x) / (2 * np.pi) * cycles
    spokes = bars(turns, canvas.px * cycles / (2 * np.pi * rho))
    canvas.dye(cover(rho - radius, canvas.px), mix(INK, PAPER, spokes), at)
    canvas.dye(stroke(np.abs(rho - radius), 0.0012, canvas.px), INK, at)


def chart(canvas: Canvas, seed: int, cycles: int = 36) -> None:
    """A resolution chart: Siemens star, line pairs in both directions, grey steps and colour patches."""
    sheet(canvas, seed, colour("f2f0ea"))
    half, px = min(canvas.half_h, canvas.half_w) - 0.01, canvas.px
    _siemens_star(canvas, 0.52 * half, cycles)
    for k, period in enumerate((0.016, 0.011, 0.008, 0.0055)):
        size = 0.105 * half
        for sign in (-1, 1):
            at, x, y = canvas.patch(sign * 0.73 * half, (-0.42 + 0.28 * k) * half, 0.0, 1.5 * size)
            lines = hatching(x if sign < 0 else y, period, px)
            canvas.dye(cover(box(x, y, size, size), px) * lines, INK, at)
    for k in range(8):
        at, x, y = canvas.patch((-0.735 + 0.21 * k) * half, 0.74 * half, 0.0, 0.2 * half)
        canvas.dye(cover(box(x, y, 0.105 * half, 0.085 * half), px), (0.9 * 0.62 ** k,) * 3, at)
    patches = ("8e5a4a", "c2a27e", "6d84a0", "6b7d4f", "a3628a", "d9b14a", "4f8f92", "b5533c")
    for k, code in enumerate(patches):
        at, x, y = canvas.patch((-0.735 + 0.21 * k) * half, -0.74 * half, 0.0, 0.2 * half)
        canvas.dye(cover(box(x, y, 0.092 * half, 0.085 * half, 0.01 * half), px), colour(code), at)
    label = "REFVR TEST TARGET"
    cap = 0.055 * half
    font.write(canvas, label, -font.text_width(label, cap) / 2, 0.93 * half, cap, INK, 1.0)
    canvas.dye(stroke(np.abs(box(canvas.u, canvas.v, 0.97 * half, 0.97 * half, 0.02)), 0.0012, px), INK)


def swatch(canvas: Canvas, seed: int, one: Colour, other: Colour) -> None:
    """A card or a disc with a pattern at random: stripes, checks, dots, waves, clouds or rings of a random size."""
    rng = np.random.default_rng([seed, 61])
    period = math.exp(rng.uniform(math.log(0.008), math.log(0.09)))
    turn, bend = rng.uniform(0, math.pi), rng.uniform(0.0, 0.4) * period
    x = math.cos(turn) * canvas.u + math.sin(turn) * canvas.v
    y = math.cos(turn) * canvas.v - math.sin(turn) * canvas.u
    x = x + bend * np.sin(2 * np.pi * y / (4 * period))
    line = canvas.px / period
    kind = rng.integers(6)
    if kind == 0:
        pattern = bars(x / period, line)
    elif kind == 1:
        pattern = 0.5 - 2 * (bars(x / period, line) - 0.5) * (bars(y / period, line) - 0.5)
    elif kind == 2:
        spot = np.sqrt(((x / period) % 1 - 0.5) ** 2 + ((y / period) % 1 - 0.5) ** 2)
        pattern = cover(spot - 0.3, line)
    elif kind == 3:
        pattern = 0.5 + 0.5 * np.sin(2 * np.pi * x / period) * max(0.0, 1 - 2 * line)
    elif kind == 4:
        pattern = np.clip(0.5 + 0.9 * canvas.noise(seed, 0.5 / period, 0.5 / period, 5), 0, 1)
    else:
        pattern = bars(np.sqrt(x * x + y * y) / period, line)
    rho = np.sqrt((canvas.u / canvas.half_w) ** 2 + (canvas.v / canvas.half_h) ** 2)
    disc = (rho - 0.97) * min(canvas.half_h, canvas.half_w)
    card = box(canvas.u, canvas.v, canvas.half_w * 0.97, canvas.half_h * 0.97, rng.uniform(0, 0.3) * canvas.half_h)
    canvas.paint(cover(disc if rng.random() < 0.35 else card, canvas.px), mix(one, other, pattern))
    canvas.height = (rng.uniform(0, 0.0015) * pattern + 0.006 * canvas.noise(seed + 12, 1.9, 1.6)).astype(np.float32)
