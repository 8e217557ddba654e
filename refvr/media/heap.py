"""Memory that a library has freed and the C library keeps for the next one who asks, which here is none of its own."""
from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

LARGE = 1 << 23  # bytes of an array from which on it matters


def give_back(used: int = LARGE) -> None:
    """What is free on the heap goes back to the system, where the C library can do that (glibc).

    used  bytes of the array that a library has worked on; after small ones nothing is done
    """
    if used >= LARGE and sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)
