"""New frames of a clip: their times, durations, names and alpha, from those of the two frames that they lie between."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from refvr.media.clip import Frame
from refvr.pipeline import beside


def with_last(clip: Iterable[Frame], looks: bool) -> Iterator[tuple[Frame, bool]]:
    """Frames, and whether each is the last, for which the one after it is read; not `looks`: False for all."""
    stream = iter(clip)
    frame = next(stream, None)
    while frame is not None:
        coming = next(stream, None) if looks else None
        yield frame, looks and coming is None
        frame = coming if looks else next(stream, None)


def shown_until(last: Frame, frame: Frame) -> int | None:
    """From when `frame` is shown to the end of `last`, in units of `frame`; None where that has no end."""
    start, shown = last.seconds, frame.seconds
    if start is None or shown is None or not (last.duration and last.time_base and frame.time_base):
        return None
    return int((start + last.duration * last.time_base - shown) / frame.time_base)


def frame_between(a: Frame, b: Frame, t: Fraction, rate: Fraction, rgb: np.ndarray) -> Frame:
    """The new frame at time `t` from frame `a` to frame `b`; the unit of its time is theirs by the numerator of `rate`.
    """
    parts = rate.numerator
    pts: int | None = None
    duration: int | None = None
    time_base: Fraction | None = None
    if a.pts is not None and a.time_base is not None and b.pts is not None:
        gap = b.pts - a.pts
        pts, time_base = int(a.pts * parts + gap * (t * parts)), a.time_base / parts
        duration = gap * rate.denominator if gap > 0 else None if a.duration is None else a.duration * parts
    alpha = beside.enlarged(beside.blended(a.alpha, b.alpha, float(t)), 4)
    beyond = beside.enlarged(beside.blended(a.beyond, b.beyond, float(t), nothing=0), 4)
    name = a.name if a.name is None or not t else f"{a.name}_{int(t * parts)}"
    return Frame(rgb, pts, time_base, alpha, name, duration, a.tags, beyond)
