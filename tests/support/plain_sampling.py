"""Bilinear samples written out, with a border: what mistakes in sampling operations are compared with."""
import numpy as np


def fetched(x, row, column, border="zero"):
    """x (h, w, ...) at places (any shape) between its pixels; border "zero" or "edge"."""
    r, c = np.floor(row).astype(int), np.floor(column).astype(int)
    a, b = row - r, column - c
    return sum(pixel(x, r + i, c + j, border) * expanded((a if i else 1 - a) * (b if j else 1 - b), x)
               for i in (0, 1) for j in (0, 1))


def pixel(x, row, column, border):
    """x at whole places."""
    h, w = x.shape[:2]
    found = x[np.clip(row, 0, h - 1), np.clip(column, 0, w - 1)]
    inside = (row >= 0) & (row < h) & (column >= 0) & (column < w)
    return found if border == "edge" else found * expanded(inside, x)


def expanded(weight, x):
    return np.asarray(weight, x.dtype).reshape(*np.shape(weight), *(1,) * (x.ndim - 2))
