"""A small typeface drawn with strokes, so that the project prints text without a font file.

Each glyph is a list of strokes, each stroke a run of points "xy" on a grid: x 0..4; y 0 the height of capitals, 2 that
of small letters, 6 the baseline, 8 the depth of tails. "~" rounds a stroke; one that ends where it began is closed.
"""
from __future__ import annotations

from functools import cache

import numpy as np

from refvr.drawing.canvas import Canvas, Colour, stroke

UNITS_PER_CAP = 6
GAP, BLANK = 1.7, 2.6  # between glyphs and for a space, in grid units: a book face's loose fit

GLYPHS = {
    "A": "062046 1434", "B": "0006 ~00303303 ~03434606", "C": "~41400003064645", "D": "0006 ~00404606",
    "E": "40000646 0333", "F": "400006 0333", "G": "~41400003064644 442444", "H": "0006 4046 0343", "I": "0006",
    "J": "~3033360605", "K": "0006 4004 1346", "L": "000646", "M": "0600234046", "N": "06004640",
    "O": "~00404346060300", "P": "0006 ~00404303", "Q": "~00404346060300 2547", "R": "0006 ~00404303 2346",
    "S": "~4140000343460605", "T": "0040 2026", "U": "~000306464340", "V": "002640", "W": "0016233640",
    "X": "0046 4006", "Y": "002340 2326", "Z": "00400646", "a": "~0232360602 3236", "b": "0006 ~0232360602",
    "c": "~32020636", "d": "3036 ~0232360602", "e": "~043432020636", "f": "~20101216 0222",
    "g": "~0232360602 ~32363808", "h": "0006 ~0402323436", "i": "0206 0000", "j": "~12161808 1010",
    "k": "0006 3204 1336", "l": "0006", "m": "0206 ~0402323436 ~3432626466", "n": "0206 ~0402323436",
    "o": "~0232360602", "p": "0208 ~0232360602", "q": "3238 ~0232360602", "r": "0206 ~040222", "s": "~320204343606",
    "t": "~10141626 0222", "u": "~0204063634 3236", "v": "022642", "w": "0216233642", "x": "0236 3206",
    "y": "0226 4218", "z": "02320636", "0": "~00303336060300", "1": "011016", "2": "~0100303205 0636",
    "3": "~00303313 ~1333360605", "4": "300444 3036", "5": "300003 ~0333360605", "6": "~3130000406363303",
    "7": "003016", "8": "~0030330300 ~0333360603", "9": "~0506363230000333", ".": "0606", ",": "0607",
    ":": "0303 0606", "-": "0424", "'": "0001", "/": "0640", "+": "0444 2226", "!": "0004 0606", "(": "~10020416",
    ")": "~00121406", ";": "0303 0607", "?": "~0100303213 1314 1616",
}


def _rounded(points: np.ndarray) -> np.ndarray:
    """Chaikin's corner cutting, twice."""
    closed = np.array_equal(points[0], points[-1])
    for _ in range(2):
        ahead = np.concatenate([0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]], 1)
        cut = ahead.reshape(-1, 2)
        points = np.concatenate([cut, cut[:1]]) if closed else np.concatenate([points[:1], cut[1:-1], points[-1:]])
    return points


@cache
def segments(glyph: str) -> tuple[np.ndarray, float]:
    """The segments (n, 4) of a glyph as x0 y0 x1 y1 in grid units, and its width. Unknown glyphs are blank."""
    runs = []
    for run in GLYPHS.get(glyph, "").split():
        digits = run.lstrip("~")
        points = np.array([[int(a), int(b)] for a, b in zip(digits[::2], digits[1::2])], np.float64)
        points = _rounded(points) if run[0] == "~" else points
        runs.append(np.concatenate([points[:-1], points[1:]], 1))
    lines = np.concatenate(runs) if runs else np.zeros((0, 4))
    return lines, float(lines[:, ::2].max()) if len(lines) else BLANK - GAP


def text_width(text: str, cap: float) -> float:
    """Width in world units of one line of `text` whose capitals are `cap` high."""
    return (sum(segments(glyph)[1] + GAP for glyph in text) - GAP) * cap / UNITS_PER_CAP


def _segment_distance(x: np.ndarray, y: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Distance of every (x, y) to the nearest of `lines`."""
    best = np.full(np.broadcast_shapes(x.shape, y.shape), np.inf, np.float32)
    for x0, y0, x1, y1 in lines:
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((x - x0) * dx + (y - y0) * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
        np.minimum(best, (x - x0 - along * dx) ** 2 + (y - y0 - along * dy) ** 2, out=best)
    return np.sqrt(best)


def write(canvas: Canvas, text: str, u: float, v: float, cap: float, ink: Colour, weight: float = 0.85) -> None:
    """Write one line of `text` from (u, v), the left end of its baseline.

    cap     height of capitals in world units
    weight  width of the strokes in grid units (a sixth of `cap`)
    """
    unit = cap / UNITS_PER_CAP
    for glyph in text:
        lines, width = segments(glyph)
        if len(lines):
            at, x, y = canvas.patch(u + width / 2 * unit, v - 2 * unit, 0.0, 5 * unit + canvas.px)
            distance = _segment_distance(x + width / 2 * unit, y, (lines - [0, 4, 0, 4]) * unit)
            canvas.dye(stroke(distance, weight / 2 * unit, canvas.px), ink, at)
        u += (width + GAP) * unit


def wrap(text: str, width: float, cap: float) -> list[str]:
    """Break a paragraph into lines no wider than `width` world units, the first one indented."""
    lines, line = [], " "
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if line and text_width(longer, cap) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line]
