"""One process at a time: a lock that the operating system lets go of when its process ends, however it ends."""
from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path


def lock(path: Path) -> int | None:
    """Create `path` where it is missing and lock it: a descriptor for `unlock`, or None when another process has it.

    A lock on a file that was removed meanwhile counts for nothing, so it is tried again. A file system that knows no
    locks gives one to everybody.
    """
    while True:
        number = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            _claim(number)
            if os.path.samestat(os.fstat(number), os.stat(path)):
                os.truncate(number, 0)
                os.write(number, str(os.getpid()).encode())
                return number
        except BlockingIOError:
            os.close(number)
            return None
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(number)
            raise
        os.close(number)


def unlock(number: int) -> None:
    """Let go of a lock."""
    with contextlib.suppress(OSError):
        os.close(number)


def owner(path: Path) -> str:
    """Who wrote themselves into a lock: "process 1234", as far as that can be told."""
    with contextlib.suppress(OSError, ValueError):
        return f"process {int(path.read_bytes()[:20])}"
    return "another process"


def _claim(number: int) -> None:
    """Raises BlockingIOError where the lock is taken."""
    if sys.platform == "win32":
        import msvcrt
        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error
        return
    import fcntl
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:   # no locks on this file system
        return
