"""Names of the pieces that workers have finished, in a part folder: `restored-000000018-000000036.mkv`."""
from __future__ import annotations

import re
from pathlib import Path

from refvr.media.part_folder import STORED

_NAME = re.compile(rf"{STORED}(\d{{9,}})-(\d{{9,}})\.[^.]+")   # its log has one more suffix


def stored_name(start: int, stop: int, suffix: str) -> str:
    """That of frames `start` to `stop` - 1 of the output."""
    return f"{STORED}{start:09d}-{stop:09d}{suffix}"


def stored_pieces(folder: Path) -> list[tuple[int, int, Path]]:
    """(start, stop, path) of those that are there, in order."""
    found = [(match, path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    return sorted((int(match[1]), int(match[2]), path) for match, path in found)
