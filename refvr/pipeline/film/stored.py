"""A restored piece as a file, for outputs that are no video: every value as it was computed, and what goes with it.

A zip without compression, of arrays in .npy and `frames.json`; its check sums tell a damaged one. It has its name only
when it is whole, so that whoever wrote it may be killed at any moment.
"""
from __future__ import annotations

import base64
import json
import os
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from refvr.errors import InputError, OutputError, RefvrError
from refvr.media.clip import NO_PICTURE, Frame
from refvr.media.image_tags import ImageTags
from refvr.media.stored_pieces import stored_name
from refvr.pipeline.film.pieces import Piece

_PICTURES, _LIST, VALUES = ("rgb", "alpha", "beyond"), "frames.json", ".zip"


def path_of(folder: Path, piece: Piece, target: str = "") -> Path:
    """Where a piece of the output `target` lies in its part folder; a video, or with "" the values."""
    return folder / stored_name(*piece, Path(target).suffix or VALUES)


def store(path: Path, frames: Iterable[Frame]) -> int:
    """Write a piece while its frames come; returns how many there were. Raises OutputError."""
    told: list[dict[str, Any]] = []
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with zipfile.ZipFile(part, "w") as out:
            for number, frame in enumerate(frames):
                for name in _PICTURES:
                    _put(out, f"{number}-{name}.npy", getattr(frame, name))
                told.append(_told(frame))
                del frame   # before the next one is computed
            out.writestr(_LIST, json.dumps(told))
        os.replace(part, path)
    except RefvrError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror or error}); expected a folder that every worker "
                          "can write to, with room", fix="free some, and --resume") from error
    finally:
        part.unlink(missing_ok=True)
    return len(told)


def stored(path: Path) -> Iterator[Frame]:
    """The frames of a piece, one after the other. Raises InputError where it is damaged."""
    try:
        with zipfile.ZipFile(path) as found:
            for number, said in enumerate(json.loads(found.read(_LIST))):
                yield _frame(said, *(_got(found, f"{number}-{name}.npy") for name in _PICTURES))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged ({error}); expected a piece as a worker has written it",
                         fix="remove it, and --resume") from error


def _put(out: zipfile.ZipFile, name: str, array: np.ndarray | None) -> None:
    if array is not None:
        with out.open(name, "w", force_zip64=True) as file:
            np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)


def _got(found: zipfile.ZipFile, name: str) -> np.ndarray | None:
    if name not in found.NameToInfo:
        return None
    with found.open(name) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _told(frame: Frame) -> dict[str, Any]:
    """All of a frame but its pictures, for JSON."""
    tags = frame.tags and {"icc": frame.tags.icc and base64.b64encode(frame.tags.icc).decode(), "dpi": frame.tags.dpi,
                           "dpx": frame.tags.dpx}
    return {"pts": frame.pts, "time_base": frame.time_base and str(frame.time_base), "duration": frame.duration,
            "name": frame.name, "tags": tags}


def _frame(said: dict[str, Any], rgb: np.ndarray | None, alpha: np.ndarray | None, beyond: np.ndarray | None) -> Frame:
    tags, base = said["tags"], said["time_base"]
    if tags:
        icc, dpi, dpx = (tags[name] for name in ("icc", "dpi", "dpx"))
        tags = ImageTags(icc and base64.b64decode(icc), dpi and tuple(dpi), dpx and tuple(dpx))
    return Frame(NO_PICTURE if rgb is None else rgb, said["pts"], base and Fraction(base), alpha, said["name"],
                 said["duration"], tags, beyond)
