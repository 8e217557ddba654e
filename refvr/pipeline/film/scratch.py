"""A folder for what the workers of this machine and dask keep during a run; those of runs that were killed go, too."""
from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from refvr.media.lock import lock, unlock
from refvr.media.part_names import LOCK, in_use

_BEGINS, _OLD_S = "refvr-workers-", 60   # a young one may be locked in a moment


@contextmanager
def scratch() -> Iterator[Path]:
    """A new folder among temporary files, locked while its process lives, and removed at the end."""
    _remove_left()
    with tempfile.TemporaryDirectory(prefix=_BEGINS, ignore_cleanup_errors=True) as name:
        number = lock(Path(name, LOCK))
        try:
            yield Path(name)
        finally:
            if number is not None:
                unlock(number)


def _remove_left() -> None:
    """Remove those whose process was killed: they hold a lock that nobody has."""
    for path in Path(tempfile.gettempdir()).glob(f"{_BEGINS}*"):
        with suppress(OSError):   # of another user, or gone
            begun = (path / LOCK).stat()
            if not path.is_symlink() and time.time() - begun.st_mtime > _OLD_S and not in_use(path):
                shutil.rmtree(path, ignore_errors=True)
