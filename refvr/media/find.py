"""Which clips a folder of data holds."""
from __future__ import annotations

from pathlib import Path

from refvr.errors import InputError

FILES = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".y4m", ".npy", ".h5")
IMAGES = (".png", ".tif", ".tiff", ".jpg", ".jpeg")


def find_clips(data: str | Path) -> list[Path]:
    """Every clip in `data`, at any depth, sorted by path: clip files, and folders that hold images.

    A clip file stands for itself. Raises InputError if there is none.
    """
    if not str(data):   # as a path it is the current folder
        raise InputError("got an empty name, expected a clip or a folder of clips")
    data = Path(data)
    if data.is_file():
        return [data]
    if not data.is_dir():
        raise InputError(f"data {data} does not exist; expected a folder of clips", fix="check the path")
    found = {path for path in data.rglob("*") if path.suffix.lower() in FILES and path.is_file()}
    found |= {path.parent for path in data.rglob("*") if path.suffix.lower() in IMAGES and path.is_file()}
    if not found:
        raise InputError(f"no clips in {data}; expected video files or folders of images",
                         fix=f"known types are {' '.join(FILES + IMAGES)}")
    return sorted(found)
