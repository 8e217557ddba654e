"""A part file for libraries that write through it."""
from __future__ import annotations

from collections.abc import Callable

from refvr.media.atomic import PartFile


class Quiet:
    """A part file as a library wants it, which writes through it and cannot bear failures: they are remembered in
    `part.error` and look like success, and after `part.close` everything goes nowhere.

    FFmpeg and HDF5 must be let to end their files even when that is pointless: after a failed or forbidden write they
    print tracebacks, or crash when their objects are collected (PyAV 17 and 18, h5py 3.16).
    """

    def __init__(self, part: PartFile) -> None:
        self._part = part

    def attempt(self, action: Callable[[], int], otherwise: int) -> int:
        """What `action` returns, `otherwise` where it fails or all is over."""
        if not self._part.error and not self._part.file.closed:
            try:
                return action()
            except OSError as error:
                self._part.error = self._part.error or error
        return otherwise

    def write(self, data: bytes) -> int:
        """As for any file, but never raises."""
        return self.attempt(lambda: self._part.file.write(data), len(data))

    def seek(self, offset: int, whence: int = 0) -> int:
        """As for any file, but never raises."""
        return self.attempt(lambda: self._part.file.seek(offset, whence), offset)

    def tell(self) -> int:
        """As for any file, but never raises."""
        return self.attempt(self._part.file.tell, 0)

    def truncate(self, size: int) -> int:
        """As for any file, but never raises."""
        return self.attempt(lambda: self._part.file.truncate(size), size)

    def read(self, size: int = -1) -> bytes:
        """As for any file; HDF5 reads back what it wrote."""
        return b"" if self._part.file.closed else self._part.file.read(size)

    def readinto(self, buffer: memoryview) -> int:
        """As for any file."""
        return 0 if self._part.file.closed else self._part.file.readinto(buffer)

    def flush(self) -> None:
        """Left to the part file."""
