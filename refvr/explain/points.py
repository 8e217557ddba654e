"""Which pixels of a result have a story on the page: a grid, a few that are worth a look, and those that were asked."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refvr.errors import InputError

BORDER = 8  # pixels from the border that are not chosen for their looks


class Point(NamedTuple):
    """A pixel of the result, and why it is here."""

    y: int
    x: int
    why: str


def points_of(picture: np.ndarray, asked: tuple[tuple[int, int], ...], grid: tuple[int, int]) -> list[Point]:
    """The points of a result (h, w, 3), each once, those with a name first. InputError for a pixel outside."""
    h, w, _ = picture.shape
    for y, x in asked:
        if not (0 <= y < h and 0 <= x < w):
            raise InputError(f"pixel {y},{x} lies outside of the result, which has {h} rows and {w} columns",
                             fix="rows and columns are counted from 0; --at ROW,COLUMN")
    found = [Point(y, x, "asked for") for y, x in asked] + _named(picture)
    found += [Point(int((i + 0.5) * h / grid[0]), int((j + 0.5) * w / grid[1]), "of the grid")
              for i in range(grid[0]) for j in range(grid[1])]
    first = {(p.y, p.x): p for p in reversed(found)}
    return [p for p in found if first[p.y, p.x] is p]


def _named(picture: np.ndarray) -> list[Point]:
    """The strongest edge, the strongest corner and the smoothest place away from the border."""
    grey = picture.mean(-1, dtype=np.float64)
    down, right = np.gradient(grey)
    b = min(BORDER, min(grey.shape) // 4)
    inside = np.zeros(grey.shape, bool)
    inside[b:grey.shape[0] - b, b:grey.shape[1] - b] = True
    steep, corner = np.hypot(down, right), np.abs(down * right)
    chosen = ((np.where(inside, steep, -1), "the strongest edge"), (np.where(inside, corner, -1), "a corner"),
              (np.where(inside, -steep, -np.inf), "a smooth place"))
    return [_at_highest(map_, why) for map_, why in chosen]


def _at_highest(map_: np.ndarray, why: str) -> Point:
    y, x = np.unravel_index(map_.argmax(), map_.shape)
    return Point(int(y), int(x), why)
