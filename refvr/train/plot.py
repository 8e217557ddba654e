"""loss.png: the curve of a run, drawn with the project's own strokes and typeface."""
from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from refvr.drawing.canvas import Canvas, Colour, colour, encode, stroke
from refvr.drawing.font import text_width, write
from refvr.media import image_file
from refvr.media.atomic import write_bytes
from refvr.train.log import smoothed

SIZE = 480, 800  # pixels; the canvas is 1 unit high
PAPER, INK, GRID, CURVE, MARKS = (colour(code) for code in ("ffffff", "222222", "dddddd", "1f5fa8", "b4472c"))
CAP = 0.022
Range = tuple[float, float]


def draw_log(rows: Sequence[dict[str, float]], path: Path, *, title: str) -> None:
    """Loss (logarithmic) above, validation PSNR below where it was measured. Raises OutputError."""
    canvas = Canvas(0.5, 0.5 * SIZE[1] / SIZE[0], SIZE[0])
    canvas.paint(1.0, PAPER)
    psnr, without = ([(row["step"], row[key]) for row in rows if not math.isnan(row.get(key, math.nan))]
                     for key in ("psnr", "baseline"))
    last = rows[-1]["step"]
    steps, loss = smoothed([row["loss"] for row in rows])
    bottom = 0.05 if psnr else 0.40
    write(canvas, title, -0.7, -0.45, CAP * 1.2, INK)
    _panel(canvas, (-0.40, bottom), steps, np.log10(np.maximum(loss, 1e-12)), last, "loss", CURVE, power=True)
    if psnr:
        at, values = np.array(psnr).T
        line = without[-1][1] if without else None
        label = "validation PSNR in dB, and without a network"
        _panel(canvas, (bottom + 0.10, 0.40), at, values, last, label, MARKS, line=line)
    write(canvas, "step", -text_width("step", CAP) / 2, 0.48, CAP, INK)
    h, w = SIZE
    picture = np.rint(encode(canvas.rgb[:, 1:h + 1, 1:w + 1]) * 255).astype(np.uint8).transpose(1, 2, 0)
    save_picture(picture, path)


def save_picture(picture: np.ndarray, path: Path) -> None:
    """(h, w, 3) uint8 as a PNG file. Raises OutputError."""
    write_bytes(path, image_file.encode(picture, ".png"))


def _panel(canvas: Canvas, rows: Range, x: np.ndarray, y: np.ndarray, last: float, label: str, ink: Colour, *,
           power: bool = False, line: float | None = None) -> None:
    """A diagram between v = rows[0] and rows[1]: grid, numbers, curve.

    power  y are exponents of ten;  line: a value to compare with, drawn all across
    """
    left, right = -0.68, 0.78
    low, high = (float(f([*y, *([] if line is None else [line])])) for f in (min, max))
    pad = 0.06 * (high - low) or 0.05
    low, high = low - pad, high + pad

    def across(step: float) -> float:
        return left + (right - left) * step / last

    def up(value: float) -> float:
        return rows[1] + (rows[0] - rows[1]) * (value - low) / (high - low)

    for tick in log_ticks(low, high) if power else ticks(low, high):
        _line(canvas, (left, up(tick)), (right, up(tick)), GRID, 0.0012)
        text = f"{10 ** tick:.3g}" if power else f"{tick:.4g}"
        write(canvas, text, left - 0.015 - text_width(text, CAP), up(tick) + CAP / 2, CAP, INK)
    for tick in ticks(0, last):
        _line(canvas, (across(tick), rows[0]), (across(tick), rows[1]), GRID, 0.0012)
        text = f"{tick:g}"
        write(canvas, text, across(tick) - text_width(text, CAP) / 2, rows[1] + 0.04, CAP, INK)
    write(canvas, label, right - text_width(label, CAP), rows[0] - 0.012, CAP, ink)
    if line is not None:
        _line(canvas, (left, up(line)), (right, up(line)), INK, 0.002)
    points = [(across(a), up(b)) for a, b in zip(x, y)]
    for a, b in zip(points, points[1:]):
        _line(canvas, a, b, ink, 0.003)
    if len(points) == 1:  # a curve without length is a dot
        _line(canvas, points[0], points[0], ink, 0.012)


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart) between `low` and `high`, about `count`."""
    raw = max(high - low, 1e-9) / count
    unit = 10.0 ** math.floor(math.log10(raw))
    step = unit * next(m for m in (1, 2, 5, 10) if m * unit >= raw * 0.999)
    first, end = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, end + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Exponents of ten of round numbers between 10**low and 10**high."""
    if high - low < 0.7:
        return [math.log10(value) for value in ticks(10 ** low, 10 ** high)]
    return [k + math.log10(m) for k in range(math.floor(low), math.ceil(high)) for m in (1, 2, 5)
            if low <= k + math.log10(m) <= high]


def _line(canvas: Canvas, a: Range, b: Range, ink: Colour, width: float) -> None:
    """A stroke from a to b, (u, v) each."""
    length = math.dist(a, b)
    angle = math.atan2(b[1] - a[1], b[0] - a[0])
    at, x, y = canvas.patch((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, angle, length / 2 + width + canvas.px)
    distance = np.hypot(np.maximum(np.abs(x) - length / 2, 0), y).astype(np.float32)
    canvas.paint(stroke(distance, width / 2, canvas.px), ink, at)
