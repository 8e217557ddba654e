"""The times of all frames that an encoder was given, on disk: with them one knows which are missing among packets."""
from __future__ import annotations

import struct
import zlib

from refvr.media.atomic import PartFile
from refvr.media.part_folder import PartFolder

_RECORD = struct.Struct("<qI")   # time, its check sum


def stored_times(folder: PartFolder) -> list[int]:
    """What is there in the part folder, in units of the encoder, as far as it is whole."""
    path = folder.file("times")
    return _read(path.read_bytes()) if path.exists() else []


class FrameTimes:
    """The list in the part folder, which goes on after its first `count` times: who opens it says how many count.

    The rest is gone from then on, and with it what a killed process has left unfinished at the end of the file.
    """

    def __init__(self, folder: PartFolder, count: int) -> None:
        self.times = stored_times(folder)[:count]
        path = folder.file("times")
        self._file = PartFile(folder.final, part=path, again=path.exists())
        self._file.cut(_RECORD.size * len(self.times))

    def append(self, time: int) -> None:
        """Add the time of the next frame. Raises OutputError."""
        data = struct.pack("<q", time)
        self._file.write(_RECORD.pack(time, zlib.crc32(data)))
        self._file.flush()
        self.times.append(time)

    def sync(self) -> None:
        """Bring it to the disk."""
        self._file.sync()

    def close(self) -> None:
        """Close the file; it stays in the folder."""
        self._file.close()


def _read(data: bytes) -> list[int]:
    times: list[int] = []
    for time, check in _RECORD.iter_unpack(data[:len(data) // _RECORD.size * _RECORD.size]):
        if zlib.crc32(struct.pack("<q", time)) != check:
            break
        times.append(time)
    return times
