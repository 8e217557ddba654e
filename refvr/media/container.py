"""Opening video files with FFmpeg, and what to say of those that are none."""
from __future__ import annotations

from pathlib import Path

import av
from av.error import FFmpegError

from refvr.errors import InputError
from refvr.media.looks_like import looks_like
from refvr.media.open_video import listed, open_alone


def reason(error: Exception) -> str:
    """What FFmpeg says about a failure, without its numbers and paths."""
    return (getattr(error, "strerror", None) or str(error)).strip().lower()


def open_container(path: Path) -> av.container.InputContainer:
    """Open a file that should be a video. Raises InputError naming what it is instead, as far as that can be told."""
    size = path.stat().st_size if path.is_file() else None
    if size == 0:
        raise InputError(f"{path} is empty (0 bytes); expected a video", fix="copy or export the file again")
    if what := listed(_head(path)):
        raise InputError(f"{path} is {what}, which names other files or addresses; refvr opens the one file that it is "
                         "given", fix="give the clip that it names, or make one: ffmpeg -i LIST -c copy clip.mkv")
    try:
        return open_alone(path)
    except (FFmpegError, OSError) as error:
        raise InputError(f"{path} cannot be opened as a video: {reason(error)}; expected a complete file in a format "
                         "that FFmpeg reads", fix=_advice(path)) from error


def _advice(path: Path) -> str:
    head = _head(path)
    if not head:
        return "check the path and its permissions"
    if (found := looks_like(head)) and found[1] and "video" not in found[0]:
        return f"it is {found[0]}: give it the ending {found[1]}"
    if b"\0" not in head:
        return "it looks like text; check that it is the right file"
    if head[4:8] == b"ftyp":
        return "its index (moov) is missing, so it was cut off; copy or export it again"
    return "check that it is the right file and that it was copied completely"


def _head(path: Path) -> bytes:
    """The first bytes; none of what is no file."""
    try:
        with path.open("rb") as file:
            return file.read(4096) if path.is_file() else b""
    except OSError:
        return b""
