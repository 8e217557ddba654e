"""Which files a folder, a glob or a numbered name stands for, in natural order (frame2 before frame10)."""
from __future__ import annotations

import glob
import re
from pathlib import Path

from refvr.errors import InputError
from refvr.media.image_file import SUFFIXES

NUMBER = re.compile(r"%(0?)(\d*)d")   # %d, %4d, %04d, as FFmpeg and C have it
FEW_HOLES = 0.05   # of the files of a folder may be followed by a missing number; otherwise they are a choice


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
    """One line that names the numbers missing between files; None where none is.

    Of a numbered name every missing number counts. Of a folder or a glob, which may be a choice of frames, only where
    the files are numbered alike, and next to none is missing.
    """
    given = NUMBER.search(Path(path).name) and not Path(path).exists()
    pattern = Path(path).name if given else _pattern_of(files[0].name)
    numbers = sorted(_number_of(file.name, pattern) for file in files) if pattern else []
    holes = [(a + 1, b - 1) for a, b in zip(numbers, numbers[1:]) if b > a + 1]
    if not holes or min(numbers) < 0 or not given and len(holes) > max(1, len(files) * FEW_HOLES):
        return None
    shown = ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in holes[:5]) + (", ..." if holes[5:] else "")
    missing = sum(b - a + 1 for a, b in holes)
    return (f"{missing} number{'s' * (missing > 1)} of {path} {'are' if missing > 1 else 'is'} missing ({shown}); "
            "the pictures on both sides follow each other")


def _pattern_of(name: str) -> str | None:
    """The numbered name of a file: its last digits are the number, `f0004.png` is one of `f%04d.png`. None without."""
    stem, suffix = Path(name).stem, Path(name).suffix
    digits = re.findall(r"[0-9]+", stem)
    if not digits or "%" in name:
        return None
    before, after = stem.rsplit(digits[-1], 1)
    width = f"0{len(digits[-1])}" if digits[-1][0] == "0" else ""
    return f"{before}%{width}d{after}{suffix}"


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
