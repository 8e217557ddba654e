"""Pictures that put results side by side under captions: whole frames with a detail enlarged, or a column over time."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from refvr.drawing.canvas import Canvas, colour, encode
from refvr.drawing.font import text_width, write

GAP, CAPTION = 8, 30  # pixels
PAPER, INK, FRAME = colour("f7f4ee"), colour("26323b"), np.array([1.0, 0.83, 0.2], np.float32)


def side_by_side(columns: Sequence[tuple[str, np.ndarray]], *, zoom: int = 4) -> np.ndarray:
    """Captions and pictures (h, w, 3) in [0, 1], all of one size -> (y, x, 3) float32.

    The detail is the part of size (h / zoom, w / zoom) with the most structure in the last picture, drawn with every
    pixel as a square; a frame shows where it is.
    """
    h, w, _ = columns[0][1].shape
    zoom = max(1, min(zoom, h, w))
    top, left = busiest(columns[-1][1], h // zoom, w // zoom)
    rows = slice(top, top + h // zoom), slice(left, left + w // zoom)
    sheets = []
    for text, picture in columns:
        detail = picture[rows].repeat(zoom, 0).repeat(zoom, 1)
        parts = (caption(text, w), _framed(picture, rows), _paper(GAP, w), detail)
        sheets.append(np.concatenate([_widened(part, w) for part in parts]))
    space = _paper(len(sheets[0]), GAP)
    row = [space] + [part for sheet in sheets for part in (sheet, space)]
    x = np.concatenate(row, 1)
    return np.concatenate([x, _paper(GAP, x.shape[1])])


def over_time(clips: Sequence[tuple[str, Sequence[np.ndarray]]], *, step_px: int = 8) -> np.ndarray:
    """Captions and clips, each a sequence of (h, w, 3) in [0, 1] -> (y, x, 3): one column of pixels, frame after frame.

    Each frame is `step_px` wide, time goes to the right. The column is that of the last clip which changes most over
    time. Flicker shows as vertical stripes that the clean clip does not have, motion as slanted edges.
    """
    last = np.stack([frame.mean(-1) for frame in clips[-1][1]])                     # (t, h, w)
    column = int(np.abs(np.diff(last, axis=0)).sum((0, 1)).argmax()) if len(last) > 1 else last.shape[2] // 2
    sheets = []
    for text, frames in clips:
        strip = np.stack([frame[:, column] for frame in frames], 1).repeat(step_px, 1)   # (h, t * step_px, 3)
        width = max(strip.shape[1], 16 * step_px)
        sheets.append(np.concatenate([caption(text, width), _widened(strip, width)]))
    space = _paper(len(sheets[0]), GAP)
    row = np.concatenate([space] + [part for sheet in sheets for part in (sheet, space)], 1)
    return np.concatenate([row, _paper(GAP, row.shape[1])])


def busiest(picture: np.ndarray, h: int, w: int) -> tuple[int, int]:
    """Top left corner of the h x w part with the largest sum of local contrast, the first of equals."""
    grey = picture.mean(-1, dtype=np.float64)
    contrast = np.hypot(np.diff(grey, axis=0, append=grey[-1:]), np.diff(grey, axis=1, append=grey[:, -1:]))
    total = np.pad(contrast.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sums = total[h:, w:] - total[:-h, w:] - total[h:, :-w] + total[:-h, :-w]
    top, left = np.unravel_index(int(sums.argmax()), sums.shape)
    return int(top), int(left)


def caption(text: str, width: int) -> np.ndarray:
    """A strip (CAPTION, width, 3) with one line of text, smaller where it would not fit."""
    cap = max(1.0, min(11.0, 11.0 * (width - 4) / text_width(text, 11.0)))
    canvas = Canvas(CAPTION / 2, width / 2, 1.0)  # one texel is one pixel; it has a border of one texel around
    canvas.paint(1.0, PAPER)
    write(canvas, text, -width / 2 + 2, CAPTION / 2 - 10, cap, INK, weight=1.0)
    return encode(canvas.rgb[:, 1:-1, 1:-1]).transpose(1, 2, 0)


def _framed(picture: np.ndarray, rows: tuple[slice, slice]) -> np.ndarray:
    """The picture with a frame of two pixels just inside `rows`."""
    marked = np.array(picture, np.float32)
    inside = np.array(marked[rows])
    marked[rows] = FRAME
    if min(inside.shape[:2]) > 4:
        marked[rows][2:-2, 2:-2] = inside[2:-2, 2:-2]
    return np.clip(marked, 0, 1)


def _paper(h: int, w: int) -> np.ndarray:
    return np.broadcast_to(encode(np.asarray(PAPER)), (h, w, 3))


def _widened(part: np.ndarray, w: int) -> np.ndarray:
    """`part` with paper on the right up to width `w`."""
    return np.concatenate([np.clip(part, 0, 1), _paper(len(part), w - part.shape[1])], 1)
