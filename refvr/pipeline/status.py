"""How far a run is, in a file beside its parts: another terminal reads it, and who comes after the run has died.

`status.json` in the part folder is written anew every two seconds, whole or not at all.
"""
from __future__ import annotations

import json
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from refvr.errors import InputError, OutputError
from refvr.media.atomic import write_bytes
from refvr.media.part_names import folder_of, in_use
from refvr.media.stored_pieces import stored_pieces
from refvr.media.writer import Writer
from refvr.pipeline.at_cuts import in_full
from refvr.types import Options

NAME, EVERY_S = "status.json", 2.0


@dataclass
class Share:
    """What one worker has done: frames, and the seconds that it took for them."""

    frames: int = 0
    seconds: float = 0.0


@dataclass
class Status:
    """One moment of a run.

    frames, total  of the output: written, and in all where that is known
    shots          (finished, in all), where cuts are known
    ahead          frames that workers have restored and that are not yet written
    rate           frames a second since this run began, written and ahead
    left_s         seconds that are left at this rate
    workers        by name
    failed         frames of pieces that could not be restored
    alive          whether the run goes on; told when it is read
    """

    frames: int = 0
    total: int | None = None
    shots: tuple[int, int] | None = None
    ahead: int = 0
    rate: float | None = None
    left_s: float | None = None
    workers: dict[str, Share] = field(default_factory=dict)
    failed: int = 0
    updated: float = 0.0
    alive: bool = True


class StatusFile:
    """Writes it. status: to be filled by whoever knows something."""

    def __init__(self, writer: Writer, total: int | None, cuts: Sequence[int] | None,
                 options: Options) -> None:
        self.status = Status(writer.written, total)
        self._writer, self._cuts, self._options = writer, cuts, options
        self._began, self._first, self._last = time.monotonic(), writer.written, 0.0

    def look(self, *, ended: bool = False, piece: bool = False) -> None:
        """Write it, if the last time is long ago, a whole piece was written, or the run has `ended` before its end."""
        now = time.monotonic()
        if self._writer.part is None or (now - self._last < EVERY_S and not (ended or piece)):
            return
        if ended and not self._writer.part.path.exists():   # nothing was finished, so nothing is kept
            return
        self._last, status = now, self.status
        status.frames, status.updated = self._writer.written, time.time()
        done = status.frames + status.ahead - self._first
        if done > 0 and now > self._began:
            status.rate = done / (now - self._began)
            status.left_s = status.total and max(0, status.total - status.frames - status.ahead) / status.rate
        if self._cuts:
            full = in_full(status.frames, self._options, self._cuts)
            status.shots = bisect_right(self._cuts, int(full / self._options["rate"])), len(self._cuts) + 1
        path = self._writer.part.file(NAME)
        try:
            write_bytes(path, json.dumps(asdict(status)).encode())
        except (OSError, OutputError):   # a full disk is told by whoever needs it
            self._last += 10 * EVERY_S


def read_status(target: str | Path) -> Status:
    """How far the run is that makes `target`. Raises InputError where there is none."""
    folder = folder_of(Path(target))
    try:
        said: dict[str, Any] = json.loads((folder / NAME).read_text())
        workers = {name: Share(**share) for name, share in said.pop("workers").items()}
        status = Status(**{**said, "workers": workers, "shots": said["shots"] and tuple(said["shots"])})
    except FileNotFoundError:
        raise _nothing_known(target, folder) from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{folder / NAME} is damaged ({error}); expected what a run writes there",
                         fix="--resume writes it anew") from None
    status.alive, status.ahead = in_use(folder), _ahead(folder, status.frames)
    return status


def _ahead(folder: Path, written: int) -> int:
    """Frames of the pieces that lie there: workers may have finished some after the last word of the run."""
    try:
        return sum(max(0, stop - max(start, written)) for start, stop, _ in stored_pieces(folder))
    except OSError:   # the folder has just gone
        return 0


def _nothing_known(target: str | Path, folder: Path) -> InputError:
    """What to say where no run has told how far it is."""
    if folder.is_dir() and in_use(folder):
        return InputError(f"a run that makes {target} has only begun; it says how far it is after its first frames",
                          fix="ask again")
    if folder.is_dir():
        return InputError(f"{folder} was left by a run that had only begun; expected one that has finished frames",
                          fix="--resume goes on with what there is")
    what = "folder" if Path(target).is_dir() else "file"
    there = f"a {what} is there, made by a run that is over or by something else" if Path(target).exists() else \
        "there is no such file, either"
    return InputError(f"no run of refvr is known on {target}; {there}",
                      fix="give the OUT of a `refvr restore` that runs, or was stopped")
