"""A data file that only grows, and its log: after any crash one knows which part of it is good.

    data   frames-000000.mp4        whatever its writer appends
    log    frames-000000.mp4.log    a record of fixed size for each frame or packet that is complete in the data

A record holds the place where its data end and the check sum of everything up to there, so that a lost power supply,
which may leave blocks of zeros, is noticed. Records are written after their data, so that what a record says is there.
"""
from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from refvr.media.atomic import PartFile

_RECORD = struct.Struct("<qqqQIII")   # pts, dts, duration, end, check sum of the data, flags, check sum of the record
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Entry:
    """One frame or packet: its times in the units of its writer, and where its data end.

    end    size of the data file with it
    check  CRC-32 of the data from the end of the head up to `end`
    """

    pts: int = 0
    dts: int = 0
    duration: int = 0
    flags: int = 0
    end: int = 0
    check: int = 0

    def packed(self) -> bytes:
        """The record of the log."""
        fields = (self.pts, self.dts, self.duration, self.end, self.check, self.flags)
        return _RECORD.pack(*fields, zlib.crc32(_RECORD.pack(*fields, 0)))


class AppendFile:
    """A growing data file with its log; both are new, or continued after `good` entries.

    head     bytes at the beginning that may be written again (`rewrite_head`); they are not part of the check sum
    entries  those of the log so far
    """

    def __init__(self, data: Path, final: Path, *, head: bytes = b"", good: list[Entry] | None = None) -> None:
        self.head_size, self.entries = len(head), list(good or ())
        self.data = PartFile(final, part=data, again=good is not None)
        self.log = PartFile(final, part=log_of(data), again=good is not None)
        self._end, self._check = len(head), 0
        if good is None:
            self.data.write(head)
        else:
            self.keep(len(self.entries))
            self.rewrite_head(head)   # it may not have reached the disk before the first entry did

    def keep(self, count: int) -> None:
        """Keep the first `count` entries and their data, and go on after them."""
        del self.entries[count:]
        last = self.entries[-1] if self.entries else Entry(end=self.head_size)
        self._end, self._check = last.end, last.check
        self.data.cut(self._end)
        self.log.cut(_RECORD.size * count)

    @classmethod
    def resumed(cls, data: Path, final: Path, head: bytes) -> AppendFile:
        """The file after the entries whose data are whole, or a new one with `head`."""
        if not (data.exists() and log_of(data).exists()):   # killed between the making of the two
            discard(data)
            return cls(data, final, head=head)
        return cls(data, final, head=head, good=read_log(data, head_size=len(head)))

    def write(self, data: bytes) -> int:
        """Append. Raises OutputError."""
        self.data.write(data)
        self._end += len(data)
        self._check = zlib.crc32(data, self._check)
        return len(data)

    def mark(self, pts: int = 0, dts: int = 0, duration: int = 0, flags: int = 0) -> None:
        """What was written up to here is complete: from now on a killed process does not lose it."""
        entry = Entry(pts, dts, duration, flags, self._end, self._check)
        self.data.flush()
        self.log.write(entry.packed())
        self.log.flush()
        self.entries.append(entry)

    def seal(self) -> None:
        """What was written after the last mark belongs to it: the file is complete."""
        if self.entries:
            self.entries[-1] = replace(self.entries[-1], end=self._end, check=self._check)
            self.data.flush()
            self.log.seek(_RECORD.size * (len(self.entries) - 1))
            self.log.write(self.entries[-1].packed())
            self.log.flush()

    def rewrite_head(self, head: bytes) -> None:
        """Put other bytes, as many as before, at the beginning."""
        assert len(head) == self.head_size
        self.data.seek(0)
        self.data.write(head)
        self.data.seek(self._end)

    def sync(self) -> None:
        """Bring everything to the disk, so that lost power does not lose it. Raises OutputError."""
        self.data.sync()
        self.log.sync()

    def commit(self) -> None:
        """Bring everything to the disk, then give the data the final name. Raises OutputError.

        They keep their own, too, where the file system can: a process that is killed in between can be resumed.
        """
        self.log.close()
        self.data.sync()
        linked = self.data.part.with_name("whole")
        with contextlib.suppress(OSError, NotImplementedError):
            linked.unlink(missing_ok=True)
            os.link(self.data.part, linked)
            self.data.part = linked
        self.data.commit()

    def close(self) -> None:
        """Close both files where they are; never raises."""
        self.data.close()
        self.log.close()

    def abandon(self) -> None:
        """Close both files, and cut off what is not complete; needs no room, and never raises."""
        self.close()
        with contextlib.suppress(OSError):
            os.truncate(self.data.part, self.entries[-1].end if self.entries else self.head_size)


def log_of(data: Path) -> Path:
    """The log of a data file."""
    return data.with_name(data.name + ".log")


def read_log(data: Path, *, head_size: int = 0) -> list[Entry]:
    """The entries whose data are whole, checked by reading all of them. Empty where there is no log."""
    good: list[Entry] = []
    try:
        with data.open("rb") as file:
            file.seek(head_size)
            place, check = head_size, 0
            for entry in _entries(log_of(data)):
                while place < entry.end and (block := file.read(min(_BLOCK, entry.end - place))):
                    place, check = place + len(block), zlib.crc32(block, check)
                if (place, check) != (entry.end, entry.check):
                    break
                good.append(entry)
    except FileNotFoundError:
        pass
    return good


def read_whole(data: Path) -> list[Entry] | None:
    """All entries of a file that was completed; None where some of them have no data any more."""
    entries = read_log(data)
    try:
        return entries if log_of(data).stat().st_size == _RECORD.size * len(entries) else None
    except FileNotFoundError:
        return None


def _entries(log: Path) -> Iterator[Entry]:
    data = log.read_bytes()
    for fields in _RECORD.iter_unpack(data[:len(data) // _RECORD.size * _RECORD.size]):
        pts, dts, duration, end, check, flags, own = fields
        if own != zlib.crc32(_RECORD.pack(pts, dts, duration, end, check, flags, 0)):
            return
        yield Entry(pts, dts, duration, flags, end, check)


def discard(data: Path) -> None:
    """Remove a data file and its log."""
    for path in (data, log_of(data)):
        if os.path.lexists(path):
            path.unlink()
