"""Whether an output fits where it is to go, looked at before the first frame is computed."""
from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from refvr.errors import OutputError


@dataclass(frozen=True)
class Need:
    """Bytes on disk for each pixel of the output, or each sample: what no clip goes below, and what is usual.

    copies    how often everything is on the disk before it is finished
    one_file  it goes into one file, for which there may be a limit (`ulimit -f`)
    """

    least: float
    usual: float
    copies: int = 1
    one_file: bool = True


# Of a still picture an encoder makes almost nothing; 0.3 bits for each pixel are a usual clip in high quality
LOSSY, LOSSLESS = Need(0.0001, 0.04, copies=2), Need(0.01, 1.5, copies=2)
IMAGES = Need(0.01, 1.5, one_file=False)


def check(folder: Path, need: Need, pixels: float) -> str | None:
    """A line where an output of so many pixels may not fit into the file system of `folder`, None where it does.

    Raises OutputError where not even the `least` bytes fit.
    """
    free, limit = _free(folder), _limit() if need.one_file else None
    least, usual = need.least * pixels, need.usual * pixels * need.copies
    if least * need.copies > free:
        raise OutputError(f"{folder} has {_size(free)} free, and the output needs {_size(least * need.copies)} at "
                          "least; expected room for it", fix="free some space or choose another disk")
    if limit is not None and least > limit:
        raise OutputError(f"files may have {_size(limit)} here, and the output needs {_size(least)} at least; "
                          "expected a higher limit", fix="raise it with ulimit -f, or write a folder of images")
    if usual > free:
        return (f"{folder} has {_size(free)} free; the output may need {_size(usual)}. If it is not enough, finished "
                "frames are kept, and --resume goes on")
    return None


def _free(folder: Path) -> float:
    try:
        return shutil.disk_usage(folder).free
    except OSError:   # no such folder is said elsewhere, and some file systems do not tell
        return float("inf")


def _limit() -> int | None:
    if os.name != "posix":
        return None
    import resource
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
