"""Layouts of a port's values: which axes they can have, seen from the shape of ours, and how to transpose them.

Everything is compared as (N, h, w, c): N is all there is of batch and time. Ones may be missing or added.
"""
from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations, permutations
from math import prod

import numpy as np

from refvr.verify.runs.axes import reordered

Shape = tuple[int, ...]

# axes of a value, outermost first; N stands for n t together
HYPOTHESES = ("n h w c", "n c h w", "n t h w c", "n t c h w", "n c t h w", "h w c", "c h w", "n h w", "h w", "n c",
              "c", "t c h w", "t h w c", "c t h w")
FIVE = "nthwc"   # axes of ours where there are five, whatever they are


def canonical(shape: Shape) -> tuple[int, int, int, int]:
    """(N, h, w, c) of a value of ours, whose channels are last."""
    if len(shape) >= 4:
        h, w, c = shape[-3:]
        return prod(shape[:-3]), h, w, c
    if len(shape) == 3:
        return (1, *shape)
    return (prod(shape[:-1]), 1, 1, shape[-1] if shape else 1)


def fits(theirs: Shape, ours: Shape) -> list[str]:
    """The axes that a value of shape `theirs` can have so that it is one like ours; none if there are none.

    Ones at the front are ignored ("1 " stands for each), and a square or a coincidence leaves several.
    """
    return list(_fits(tuple(theirs), tuple(ours)))


@cache
def _fits(theirs: Shape, ours: Shape) -> tuple[str, ...]:
    """`fits`, once for each pair of shapes: a graph has a thousand values of few."""
    if prod(theirs) != prod(ours):
        return ()
    wanted, found = canonical(ours), []
    for ones in range(len(theirs) + 1):
        if ones and theirs[ones - 1] != 1:
            break
        rest = theirs[ones:]
        for axes in HYPOTHESES:
            sizes = dict(zip(axes.split(), rest))
            if len(axes.split()) == len(rest) and _canonical_of(sizes) == wanted:
                found.append("1 " * ones + axes)
    squeezed = tuple(size for size in theirs if size != 1)
    if wanted[1:3] == (1, 1) and squeezed == tuple(size for size in (wanted[0], wanted[3]) if size != 1):
        found.append("n c, and ones")
    if len(ours) == len(FIVE) and theirs:
        usual = theirs == (ours[0], ours[1] * ours[4], *ours[2:4])   # frames one after the other in the channels
        found += ["n tc h w"] if usual else [] if found else _of_five(theirs, ours)
    return tuple(_without_doubles(found, theirs))


def _of_five(theirs: Shape, ours: Shape) -> list[str]:
    """Other orders of five axes, neighbours merged where theirs are fewer: of clips, (n, h, w, taps, c) of filters."""
    sizes, found = dict(zip(FIVE, ours)), dict[str, str]()
    for axes in _orders_of_five(len(theirs)):
        if all(prod(sizes[letter] for letter in group) == size for group, size in zip(axes.split(), theirs)):
            found.setdefault("".join(letter for letter in axes if sizes.get(letter, 1) > 1), axes)   # the same array
    return list(found.values())


@cache
def _orders_of_five(count: int) -> tuple[str, ...]:
    """Five axes as `count` groups. Rows and columns, axes 2 and 3 of a clip, 1 and 2 of filters, stay side by side."""
    found = []
    for letters in map("".join, permutations(FIVE)):
        if "hw" in letters or "th" in letters:
            for cuts in combinations(range(1, len(letters)), count - 1) if count else ():
                ends = (0, *cuts, len(letters))
                found.append(" ".join(letters[start:stop] for start, stop in zip(ends, ends[1:])))
    return tuple(found)


def _canonical_of(sizes: dict[str, int]) -> tuple[int, int, int, int]:
    return (sizes.get("n", 1) * sizes.get("t", 1), sizes.get("h", 1), sizes.get("w", 1), sizes.get("c", 1))


def _without_doubles(found: list[str], theirs: Shape) -> list[str]:
    """Hypotheses that differ in axes of size one only mean the same array."""
    seen: dict[tuple[str, ...], str] = {}
    for axes in found:
        letters = axes.split()
        key = tuple(letter for letter, size in zip(letters, theirs) if size != 1) if "," not in axes else ("n", "c")
        seen.setdefault(tuple("N" if letter in "nt" and len(letter) == 1 else letter for letter in key), axes)
    return list(seen.values())


def in_our_layout(value: np.ndarray, axes: str, ours: Shape) -> np.ndarray:
    """A value with these axes as (N, h, w, c) of ours; a view where it can be."""
    n, h, w, c = canonical(ours)
    letters = axes.split()
    ones = sum(letter == "1" for letter in letters)
    if "," in axes:
        return value.reshape(n, h, w, c)
    if any(len(group) > 1 for group in letters):
        sizes, flat = dict(zip(FIVE, ours)), "".join(letters)
        return reordered(value.reshape([sizes[letter] for letter in flat]), " ".join(flat), " ".join(FIVE)
                         ).reshape(n, h, w, c)
    value, letters = value.reshape(value.shape[ones:]), letters[ones:]
    return reordered(value, " ".join(letters), " ".join(x for x in "nthwc" if x in letters)).reshape(n, h, w, c)


def sample_places(shape: Shape, count: int, seed: int = 0) -> tuple[np.ndarray, ...]:
    """`count` random indices into an array of this shape, the same in every run."""
    rng = np.random.default_rng([seed, *shape])
    return tuple(rng.integers(0, max(1, size), count) for size in shape)


def longest_common(scores: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pairs (i, j), both growing, with the largest sum of scores[i, j]; 0 or less is no pair."""
    rows, columns = scores.shape
    best = np.zeros((rows + 1, columns + 1))
    for i in range(rows):
        for j in range(columns):
            both = best[i, j] + scores[i, j] if scores[i, j] > 0 else -1.0
            best[i + 1, j + 1] = max(best[i, j + 1], best[i + 1, j], both)
    i, j, found = rows, columns, []
    while i and j:
        if scores[i - 1, j - 1] > 0 and best[i, j] == best[i - 1, j - 1] + scores[i - 1, j - 1]:
            found.append((i - 1, j - 1))
            i, j = i - 1, j - 1
        elif best[i, j] == best[i - 1, j]:
            i -= 1
        else:
            j -= 1
    yield from reversed(found)
