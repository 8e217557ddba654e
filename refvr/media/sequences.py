"""Which files a folder, a glob or a numbered name stands for, in natural order (frame2 before frame10)."""
from __future__ import annotations

import glob
import re
from pathlib import Path

from refvr.errors import InputError
from refvr.media.image_file import SUFFIXES

NUMBER = re.compile(r"%(0?)(\d*)d")   # %d, %4d, %04d, as FFmpeg and C have it


def natural(name: str) -> list:
    """Sort key: runs of digits count as numbers, so that frame2 comes before frame10."""
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", name)]


def names_several(path: str | Path) -> bool:
    """Whether a path that does not exist itself is a glob or a numbered name."""
    return any(sign in str(path) for sign in "*?[") or bool(NUMBER.search(Path(path).name))


def find_images(path: str | Path, pattern: str | None = None) -> list[Path]:
    """The images of a folder (of those, the ones that match `pattern`), a glob or a numbered name, in natural order.

    Raises InputError if there are none.
    """
    folder = Path(path)
    if folder.is_dir():
        found = list(folder.glob(pattern or "*"))
    elif NUMBER.search(folder.name) and not any(sign in folder.name for sign in "*?"):
        found = _numbered(folder)
    else:
        found = _globbed(path)
    files = [p for p in found if p.is_file() and p.suffix.lower() in SUFFIXES and p.name[0] != "."]
    if not files:
        kinds = " ".join(sorted(SUFFIXES))
        raise InputError(f"{path}{f' ({pattern})' if pattern else ''} holds no images; expected files such as {kinds}",
                         fix="check the folder, or give a video file")
    return sorted(files, key=lambda p: natural(str(p)))


def gaps(path: str | Path, files: list[Path]) -> str | None:
    """One line that names the numbers missing between the files of a numbered name; None where none is."""
    if not NUMBER.search(Path(path).name) or Path(path).exists():
        return None
    numbers = sorted(_number_of(file.name, Path(path).name) for file in files)
    holes = [(a + 1, b - 1) for a, b in zip(numbers, numbers[1:]) if b > a + 1]
    if not holes:
        return None
    shown = ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in holes[:5]) + (", ..." if holes[5:] else "")
    return (f"{sum(b - a + 1 for a, b in holes)} numbers of {path} are missing ({shown}); the pictures on both sides "
            "follow each other")


def _numbered(pattern: Path) -> list[Path]:
    folder = pattern.parent
    return [p for p in folder.iterdir() if _number_of(p.name, pattern.name) >= 0] if folder.is_dir() else []


def _number_of(name: str, pattern: str) -> int:
    """The number that makes `pattern` to `name`; -1 if there is none."""
    before, zero, width, after = NUMBER.split(pattern, 1)
    digits = name[len(before):len(name) - len(after)]
    fits = name == before + digits + after and digits.isascii() and digits.strip(" ").isdigit()
    return int(digits) if fits and f"{int(digits):{zero}{width or 1}d}" == digits else -1


def _globbed(path: str | Path) -> list[Path]:
    """The matches; `[` is a letter in folders that are called so, and in names if there are any such files."""
    folder, there = "", Path(path).parent   # the first as a glob
    for k, part in enumerate(there.parts):
        known = Path(*there.parts[:k + 1]).exists()
        folder = str(Path(folder, glob.escape(part) if known and part != there.anchor else part))
    name = Path(path).name
    found = glob.glob(str(Path(folder, name.replace("[", "[[]")))) if "[" in name else []
    return [Path(match) for match in found or glob.glob(str(Path(folder, name)))]
