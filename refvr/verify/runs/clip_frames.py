"""Frames of a clip by number: those around the wanted one, or one by one where a state comes from the first."""
from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice, repeat

import numpy as np

from refvr.errors import InputError
from refvr.media import open_reader

AHEAD = 8   # frames on each side of the wanted one that a window may need, where it is not longer than that
SCENE_SIZE, SCENE_FPS = (96, 64), 24


def clip_frames(source: str, first: int, wanted: int, ahead: int = AHEAD) -> dict[int, np.ndarray]:
    """index -> (h, w, 3), from `first` to `ahead` - 1 after the wanted one, as far as the clip goes."""
    return dict(enumerate(islice(_frames(source, first, wanted), wanted + ahead - first), first))


class InOrder:
    """index -> (h, w, 3), asked for in order up to the wanted one: one is in memory, those before it are forgotten."""

    def __init__(self, source: str, wanted: int) -> None:
        self._coming, self._now = enumerate(_frames(source, 0, wanted)), (-1, np.zeros(0))

    def __getitem__(self, k: int) -> np.ndarray:
        while self._now[0] < k:
            self._now = next(self._coming)
        if self._now[0] != k:
            raise KeyError(k)
        return self._now[1]


def _frames(source: str, first: int, wanted: int) -> Iterator[np.ndarray]:
    """Frames from `first` on; raises InputError where the clip ends before the wanted one. The scene never ends, nor
    does black:WIDTHxHEIGHT, for calls of which only the shapes count."""
    size = scene_size(source) if source.startswith("black:") else None
    if size:
        yield from repeat(np.broadcast_to(np.float32(0), (size[1], size[0], 3)))
    if is_scene(source):
        from refvr.scene import Scene, render

        size = scene_size(source) or SCENE_SIZE
        yield from (render(Scene(), *size, k / SCENE_FPS) for k in count(first))
    with open_reader(source) as reader:
        reader.skip = first
        yield from (frame.rgb for frame in reader)
        if reader.decoded <= wanted:
            raise InputError(f"{source} has {reader.decoded} frames, expected one of number {wanted}; they are "
                             "counted from 0", fix="choose another with --frame")


def is_scene(source: str) -> bool:
    """Whether it means the demo scene: scene, or scene:WIDTHxHEIGHT."""
    return source.partition(":")[0] == "scene"


def scene_size(source: str) -> tuple[int, int] | None:
    """Width and height of scene:WIDTHxHEIGHT; None where it says none."""
    size = source.partition(":")[2].split("x")
    if size == [""]:
        return None
    if not (len(size) == 2 and all(side.isdecimal() and int(side) for side in size)):
        raise InputError(f"got {source!r}, expected scene or scene:WIDTHxHEIGHT, such as scene:96x64")
    return int(size[0]), int(size[1])
