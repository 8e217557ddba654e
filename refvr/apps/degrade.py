"""`degrade`: a clean clip in, two clips out, degraded and clean, frame by frame.

For the user who wants to see what a network can do, or to train and score one of their own.
"""
from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from refvr import ops
from refvr.degrade.kinds import SEED, degradation
from refvr.errors import InputError
from refvr.media import open_reader, open_writer
from refvr.media.atomic import made_folder
from refvr.media.clip import DEFAULT_FPS, ClipInfo, Frame
from refvr.media.writer import Writer

FORMATS = {"png": "", "h5": ".h5", "mkv": ".mkv", "mp4": ".mp4"}  # of the two clips -> ending of their names


@dataclass(frozen=True)
class DegradeReport:
    """What `degrade` wrote: two clips, their numbers of frames, and what of the values the format could not hold.

    clipped    share of the degraded values that lay outside [0, 1]; .h5 keeps them, pictures do not
    truncated  None, or where the input ended early
    """

    source: str
    kind: str
    files: tuple[str, str]
    degraded: int
    clean: int
    clipped: float
    truncated: str | None


def degrade(source: str | Path, out: str | Path, kind: str, *, form: str = "png", frames: int | None = None,
            seed: int = SEED, threads: int | None = None,
            progress: Callable[[int, int | None], None] = lambda done, total: None) -> DegradeReport:
    """Write OUT/degraded and OUT/clean: folders of 8-bit PNG, or files in the format `form` (h5: float32).

    kind    a name of degrade/kinds.py, "duf-x4", "noise-25", ...
    frames  how many of the clip are read; None: all
    Raises InputError or OutputError.
    """
    wanted = degradation(kind, seed=seed)
    if form not in FORMATS:
        raise InputError(f"format: got {form!r}, expected one of {', '.join(FORMATS)}")
    if frames is not None and frames < 1:
        raise InputError(f"frames: got {frames}, expected at least 1")
    paths = [Path(out) / f"{name}{FORMATS[form]}" for name in ("degraded", "clean")]
    counts, outside, total = [0, 0], 0, 0
    with ExitStack() as stack:
        stack.enter_context(ops.threads(threads))
        reader = stack.enter_context(open_reader(source))
        expected = reader.info.frames_hint if frames is None else frames
        writers: list[Writer] = []
        for small, clean in wanted.apply(frame.rgb for frame in islice(reader, frames)):
            if not writers:
                made_folder(out)
                first = clean if small is None else small
                writers = [stack.enter_context(_writer(path, picture, rate, form)) for path, picture, rate
                           in zip(paths, (first, clean), _rates(reader.info, kind, wanted.keeps))]
            for k, picture in enumerate((small, clean)):
                if picture is not None:
                    writers[k].write(Frame(picture))
                    counts[k] += 1
            if small is not None:
                outside += int(np.count_nonzero((small < 0) | (small > 1)))
                total += small.size
            progress(counts[1], expected)
        if not writers:
            raise InputError(f"{source} has no frames; expected at least one")
    return DegradeReport(str(source), kind, (str(paths[0]), str(paths[1])), counts[0], counts[1],
                         outside / total, reader.truncated)


def _rates(info: ClipInfo, kind: str, keeps: int) -> tuple[Fraction, Fraction]:
    """Frame rates of the degraded and the clean clip: "spacetime" has the frames between among the clean ones."""
    rate = Fraction(info.fps or DEFAULT_FPS)
    return rate / keeps, rate if kind == "spacetime" else rate / keeps


def _writer(path: Path, picture: np.ndarray, rate: Fraction, form: str) -> Writer:
    h, w, _ = picture.shape
    like = ClipInfo(w, h, fps=rate, bit_depth=32 if form == "h5" else 8)
    codec, pix_fmt = ("ffv1", "bgr0") if form == "mkv" else (None, None)
    return open_writer(path if path.suffix else f"{path}/", like, codec=codec, pix_fmt=pix_fmt)
