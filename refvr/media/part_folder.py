"""The folder `clean.mp4.part`, in which `clean.mp4` comes to be.

    lock           held by the process that writes; who else comes is refused
    record.json    what the frames in here were made from and by: what makes it right to continue them
    frames-...     what is finished; which files these are is the business of each writer
    restored-...   pieces that are restored and not yet written

It is made new, with a name that nothing has, or continued when its record agrees; never through a link. When the output
has its final name it is removed; whatever else ends the process leaves it for `--resume`.
"""
from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from refvr.errors import OutputError
from refvr.media.atomic import PartFile, check_target, fitting, partial_name, sync_folder, unwritable, write_bytes
from refvr.media.lock import lock, owner, unlock
from refvr.media.part_names import LOCK, RECORD, name_for

STORED = "restored-"   # begins the names of pieces that workers have finished (stored_pieces.py)


@dataclass
class Job:
    """A write that can be continued.

    about   what the frames depend on, by name: an output is continued only where all of it is the same
    resume  continue what is there; otherwise what is there is moved out of the way
    """

    about: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = False


class PartFolder:
    """The part folder of the output `final`, locked.

    resumed   whether it holds frames of the same job, to be continued
    can_resume  whether a later run can continue it: not where the input is gone once it has been read
    warnings  what was found, one line each
    Raises OutputError where the output cannot be written, another process writes it, or `job` is not what was begun.
    """

    def __init__(self, final: Path, source: str | None = None, *, overwrite: bool = True, job: Job | None = None,
                 made: Mapping[str, Any] | None = None, folder: bool = False) -> None:
        if not folder:
            check_target(final, source, overwrite=overwrite)
        self.final, self.warnings, self.resumed = final, [], False
        self.can_resume = job is not None
        self.path = name_for(final, source)
        about = {**(job.about if job else {}), **(made or {})}
        self._about: dict[str, Any] = json.loads(json.dumps(about, default=str))
        self._lock: int | None = self._enter()
        try:
            self._begin(bool(job and job.resume))
        except BaseException:
            self.close()
            raise
        if job and job.resume and not self.resumed and final.exists():
            self.warnings.append(f"there is no unfinished work on {final}; it is made again, as a finished output does "
                                 "not keep what it was made of (--no-overwrite leaves it)")

    def file(self, name: str) -> Path:
        """The path of a file in here."""
        return self.path / name

    def names(self, begin: str, end: str) -> list[Path]:
        """The files in here whose names begin and end so, sorted."""
        return sorted(p for p in self.path.iterdir() if p.name.startswith(begin) and p.name.endswith(end))

    def note(self, name: str, value: object) -> None:
        """Keep a fact in the record beside what the job is about."""
        self._record(**{**self._read(), name: value})

    def noted(self, name: str) -> Any:
        """A fact that was kept with `note`, or None."""
        return self._read().get(name)

    def fresh(self, name: str) -> PartFile:
        """A new file in here for the whole output; one that an earlier process left goes."""
        path = self.file(name + self.final.suffix)
        path.unlink(missing_ok=True)
        return PartFile(self.final, part=path)

    def keep(self, part: PartFile) -> Path:
        """Put the frames so far beside the final name, in place of those that this job kept there before."""
        kept = self._kept() or partial_name(self.final)
        part.sync()
        part.close()
        os.replace(part.part, kept)
        self.note("partial", [kept.name, kept.stat().st_size])
        return kept

    def leave(self, kept: Path | None) -> Path | None:
        """The output is not complete: the folder stays with what can be played, `kept`, or goes where that is None.

        Pieces that workers have finished are kept in any case.
        """
        if kept is None and not self.names(STORED, ""):
            self.remove()
        else:
            self.close()
        return kept

    def finished(self) -> None:
        """The output has its final name: what is here, and what was kept beside, is of no use any more."""
        kept = self._kept()
        if kept:
            kept.unlink(missing_ok=True)
        self.remove()

    def give_up(self) -> None:
        """Nothing could be begun: what was made goes, what was there stays."""
        if self.resumed:
            self.close()
        else:
            self.remove()

    def _kept(self) -> Path | None:
        """What `keep` put there, if it is still that."""
        name, size = self.noted("partial") or ("", 0)
        path = self.path.with_name(name) if name else None
        return path if path and path.is_file() and not path.is_symlink() and path.stat().st_size == size else None

    def close(self) -> None:
        """Leave it as it is, to be continued."""
        if self._lock is not None:
            unlock(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Remove it with all that is in it. Whatever cannot be removed stays: the output is complete."""
        try:
            _clear(self.path)   # the record last, so that what a killed process leaves is known to be ours
            self.file(RECORD).unlink(missing_ok=True)
            self.file(LOCK).unlink(missing_ok=True)
            self.path.rmdir()
        except OSError as error:
            self.warnings.append(f"{self.path} could not be removed ({error.strerror}); it is of no use any more")
        self.close()

    def _enter(self) -> int:
        while True:
            try:
                self.path.mkdir()
            except FileExistsError:
                pass
            except OSError as error:
                raise unwritable(self.final, error) from error
            try:
                number = lock(self.file(LOCK))
            except FileNotFoundError:   # its owner has just removed it
                continue
            except OSError as error:
                raise unwritable(self.final, error) from error
            if number is None:
                raise OutputError(f"{self.final} is being written by {owner(self.file(LOCK))}; expected one run at a "
                                  "time", fix="wait until it ends, or choose another output")
            return number

    def _begin(self, resume: bool) -> None:
        earlier = self._read()
        if resume and earlier:
            self._compare(earlier.get("about", {}))
            self.resumed = True
            return
        if earlier and any(p.stat().st_size for p in [*self.names("frames", ".log"), *self.names("tail", ""),
                                                           *self.names(STORED, "")]):
            self._move_aside()
        _clear(self.path)
        self._record(about=self._about)

    def _compare(self, earlier: Mapping[str, Any]) -> None:
        for name in [*self._about, *earlier]:
            old, new = earlier.get(name), self._about.get(name)
            if old != new:
                raise OutputError(f"{self.path} was begun with {_said(name, old)}, now it is {_said('', new)}; "
                                  "expected the same input, options, weights and version",
                                  fix="repeat those, or leave --resume out to begin anew")

    def _move_aside(self) -> None:
        count = 1
        while os.path.lexists(aside := self.path.with_name(fitting(self.path.name, str(count)))):
            count += 1
        self.path.rename(aside)
        self.close()
        self._lock = self._enter()
        self.warnings.append(f"finished frames of an earlier run are now in {aside}; --resume would have continued it")

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self.file(RECORD).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _record(self, **facts: object) -> None:
        write_bytes(self.file(RECORD), json.dumps(facts, indent=1).encode())
        sync_folder(self.path)


def _clear(path: Path) -> None:
    for entry in os.scandir(path):
        if entry.name not in (LOCK, RECORD):
            os.unlink(entry.path)


def _said(name: str, value: object) -> str:
    text = "nothing" if value is None else str(value)
    return f"{name} {text}".strip()[:100]
