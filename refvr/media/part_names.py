"""Where the part folder of an output lies, `clean.mp4.part` beside `clean.mp4`, and whether somebody works in it."""
from __future__ import annotations

import os
from pathlib import Path

from refvr.errors import OutputError
from refvr.media.atomic import fitting, same_file
from refvr.media.lock import lock, unlock

LOCK, RECORD = "lock", "record.json"
_TAGS = (".part", ".refvr-part")   # the second where something else has the first


def folder_of(final: Path) -> Path:
    """Where the part folder of an output lies, whether it is there or not. Raises OutputError where none can be."""
    final = _named(final)
    if not final.name:
        raise OutputError(f"{final} has no name that a part folder could have; expected the path of an output",
                          fix="name a file, or a folder below")
    found = [path for tag in _TAGS if (path := final.with_name(fitting(final.name, tag))).is_dir() and _ours(path)]
    return found[0] if found else final.with_name(fitting(final.name, _TAGS[0]))


def in_use(folder: Path) -> bool:
    """Whether a process works in a part folder."""
    if not (folder / LOCK).exists():
        return False
    try:
        number = lock(folder / LOCK)
    except OSError:
        return False
    if number is None:
        return True
    unlock(number)
    return False


def name_for(final: Path, source: str | None) -> Path:
    """`clean.mp4.part`, unless that is something else than a part folder, the input for example."""
    final = _named(final)
    paths = [final.with_name(fitting(final.name, tag)) for tag in _TAGS]
    for path in paths:
        taken = os.path.lexists(path) and (path.is_symlink() or not path.is_dir() or not _ours(path))
        if not taken and not (source and same_file(path, Path(source))):
            return path
    raise OutputError(f"{paths[-1]} is in the way; expected nothing of this name, or an unfinished output",
                      fix="move it away")


def _named(final: Path) -> Path:
    """The same place by a path that ends in a name, where it has one: "." and ".." have none."""
    return Path(os.path.abspath(final)) if final.name in ("", "..") else final


def _ours(path: Path) -> bool:
    names = {p.name for p in path.iterdir() if p.name[0] != "."}   # hidden: a record that was being written
    return names <= {LOCK} or RECORD in names
