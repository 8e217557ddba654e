"""Named pipes: opened without waiting for ever for the other side."""
from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path
from typing import BinaryIO

from refvr.errors import InputError, OutputError
from refvr.media.atomic import unwritable

PATIENCE_S = 10.0   # for another program to open the other side
_LOOK_EVERY_S = 0.05


def is_pipe(path: Path | str) -> bool:
    """Whether a path is a named pipe, or what a shell makes of <(...)."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def to_pipe(path: Path | str) -> bool:
    """Whether an output goes to standard output or a named pipe, of which nothing can be kept."""
    return str(path) == "-" or is_pipe(path)


def open_pipe(path: Path) -> BinaryIO:
    """Open a named pipe for writing. Raises OutputError when nobody reads it for `PATIENCE_S`."""
    ends = time.monotonic() + PATIENCE_S
    while True:
        try:
            number = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            os.set_blocking(number, True)
            return os.fdopen(number, "wb")
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise unwritable(path, error) from error
        if time.monotonic() > ends:
            raise OutputError(f"nobody reads the pipe {path}; expected a program that does",
                              fix="start it first, in the background")
        time.sleep(_LOOK_EVERY_S)


def read_pipe(path: Path) -> BinaryIO:
    """Open a named pipe for reading. Raises InputError when nobody writes to it for `PATIENCE_S`.

    A program that has it open may take its time: whoever makes frames may have to compile first.
    """
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    ends = time.monotonic() + PATIENCE_S
    while not _has_writer(number):
        if time.monotonic() > ends:
            os.close(number)
            raise InputError(f"nobody writes to the pipe {path}; expected a program that does",
                             fix="start it first, in the background")
        time.sleep(_LOOK_EVERY_S)
    os.set_blocking(number, True)
    return os.fdopen(number, "rb")


def _has_writer(number: int) -> bool:
    """Whether the other side of a pipe is open, or was."""
    import select
    poll = select.poll()
    poll.register(number, select.POLLIN)
    if poll.poll(0):   # data, or a writer that has come and gone
        return True
    try:
        os.read(number, 1)   # nothing: nobody has opened the other side
    except BlockingIOError:
        return True
    return False
