"""Frames too large for the tape of a page: the whole is restored and shown smaller, stories are of parts of it.

`whole_result` is the picture as `refvr restore` answers; `by_part` gives parts around points, each a Sight of its own.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from refvr.errors import InputError
from refvr.explain.encode import jpeg
from refvr.explain.points import Point
from refvr.explain.sight import GRID, Sight, driver_options
from refvr.networks.safa import SAFA
from refvr.pipeline.drivers import restore_frames
from refvr.pipeline.memory import kept_to
from refvr.pipeline.safa import interpolate

SHOWN = 1280       # pixels of the longer side of what is shown
VIEW = 48          # pixels of the network's input to each side of a point that its page shows
STORY = 256        # pixels of the result of a part, each way
STEP = 64          # pixels of the result between the beginnings of parts, so that near points share one


def whole_result(s: Sight) -> np.ndarray:
    """The frame in question of the whole clip, within the memory that is free."""
    net, k = s.subject.net, s.frame
    whole = s.whole if s.whole is not None else s.frames
    h, w, _ = whole[k].shape
    with kept_to(net, h, w, None):
        if s.subject.record.call.times:
            return interpolate(cast(SAFA, net), whole[k], whole.get(k + 1, whole[k]), s.subject.options["times"])[0]
        numbers = sorted(whole)
        return next(restore_frames([whole[j] for j in numbers], net, start=numbers.index(k), **driver_options(s)))


def by_part(s: Sight, points: list[Point]) -> Iterator[tuple[Sight, list[int]]]:
    """Parts of the frame, each with the numbers of the points that lie in its middle."""
    found: dict[tuple[int, int], list[int]] = {}
    side, step = STORY // s.scale, max(STEP // s.scale, GRID)
    for n, point in enumerate(points):
        top, left = ((v // s.scale - side // 2 + step // 2) // step * step for v in (point.y, point.x))
        found.setdefault((top, left), []).append(n)
    for (top, left), members in sorted(found.items()):
        yield s.part(top, left, side, side), members


def around(s: Sight, asked: tuple[tuple[int, int], ...]) -> tuple[Sight, tuple[tuple[int, int], ...]]:
    """The part around the first pixel that is asked about, and where in its result those are that it has."""
    h, w, _ = (s.frames if s.whole is None else s.whole)[s.frame].shape
    for y, x in asked:
        if not (0 <= y < s.scale * h and 0 <= x < s.scale * w):
            raise InputError(f"pixel {y},{x} lies outside of the result, which has {s.scale * h} rows and "
                             f"{s.scale * w} columns", fix="rows and columns are counted from 0; --at ROW,COLUMN")
    side = STORY // s.scale
    part = s.part(asked[0][0] // s.scale - side // 2, asked[0][1] // s.scale - side // 2, side, side)
    rows, columns, _ = part.frames[s.frame].shape
    moved = [(y - s.scale * part.origin[0], x - s.scale * part.origin[1]) for y, x in asked]
    return part, tuple((y, x) for y, x in moved if 0 <= y < s.scale * rows and 0 <= x < s.scale * columns)


def smaller(picture: np.ndarray, most: int = SHOWN) -> np.ndarray:
    """Averaged over blocks of whole pixels, so that no side has more than `most`; rows that do not fill one go."""
    by = max(-(-max(picture.shape[:2]) // most), 1)
    h, w = (side // by for side in picture.shape[:2])
    return picture[:h * by, :w * by].reshape(h, by, w, by, 3).mean((1, 3))


def moved(told: dict[str, Any], point: Point, part: Sight, given: list[np.ndarray], whole: np.ndarray
          ) -> dict[str, Any]:
    """The story of a point of a part as one of the whole frame, with what lies around it in each frame.

    given   the frames of the part, as the network got them;  whole: the result
    """
    enlarged = part.subject.record.call.enlarged
    top, left = (enlarged * v for v in part.origin)
    for row in (*told["row"], *told["sum"]):
        row["top"], row["left"] = row["top"] + top, row["left"] + left
    for exhibit in told["says"]:
        if exhibit["kind"] == "taps":
            exhibit["at"] = [v + o // exhibit["unit_px"] for v, o in zip(exhibit["at"], (top, left))]
    value = whole[point.y, point.x]
    off = float(np.abs(np.clip(told["value"], 0, 1) - np.clip(value, 0, 1)).max())
    at = [v * enlarged // part.scale for v in (told["y"], told["x"])]
    return told | {"y": point.y, "x": point.x, "why": point.why, "value": [float(v) for v in value], "off": off,
                   "views": [_view(frame, at, (top, left)) for frame in given]}


def _view(frame: np.ndarray, at: list[int], origin: tuple[int, int]) -> dict[str, Any]:
    y, x = (max(v - VIEW, 0) for v in at)
    return {"top": y + origin[0], "left": x + origin[1], "src": jpeg(frame[y:at[0] + VIEW, x:at[1] + VIEW])}
