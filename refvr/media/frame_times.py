"""The times of all frames that an encoder was given, on disk: with them one knows which are missing among packets."""
from __future__ import annotations

import struct
import zlib

from refvr.media.atomic import PartFile
from refvr.media.part_folder import PartFolder

_RECORD = struct.Struct("<qI")   # time, its check sum


class FrameTimes:
    """A list that is kept in the part folder. `times` is what is there, in units of the encoder."""

    def __init__(self, folder: PartFolder) -> None:
        path = folder.file("times")
        again = path.exists()
        self.times: list[int] = _read(path.read_bytes()) if again else []
        self._file = PartFile(folder.final, part=path, again=again)

    def append(self, time: int) -> None:
        """Add the time of the next frame. Raises OutputError."""
        data = struct.pack("<q", time)
        self._file.write(_RECORD.pack(time, zlib.crc32(data)))
        self._file.flush()
        self.times.append(time)

    def cut(self, count: int) -> None:
        """Keep the first `count`."""
        del self.times[count:]
        self._file.cut(_RECORD.size * count)

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
