"""Standard input, output and error as a program may find them: closed, full, or with no reader at the other end."""
from __future__ import annotations

import contextlib
import os
import sys
from typing import TextIO


def prepare() -> None:
    """Make them usable, once, at the beginning of the process.

    A closed one would give its number to the next file that is opened, and what is printed would go into that.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)   # Python has None for it, and prints nothing there
    sys.stderr = Patient(sys.stderr or os.fdopen(2, "w", closefd=False))


class Patient:
    """A text stream for messages: work goes on when nobody can read them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """As for any text stream, but never raises OSError."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        """As for any text stream, but never raises OSError."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def abandon_stdout() -> None:
    """Let nothing be written to a standard output that does not take it, not even at the end of the process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
