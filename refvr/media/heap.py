"""Memory that a library has freed and the C library keeps for the next one who asks, which here is none of its own."""
from __future__ import annotations

import ctypes
import sys
from contextlib import suppress


def give_back() -> None:
    """What is free on the heap goes back to the system, where the C library can do that (glibc)."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)
