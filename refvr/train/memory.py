"""Keep freed memory in the process: a training step asks for the same hundreds of arrays over and over.

Without this, glibc maps every large array afresh and gives it back to the system, which clears each page again:
measured 7300 page faults a step instead of 200, and a tenth of the time.
"""
from __future__ import annotations

import ctypes
import sys

from refvr.ops.core.arena import leave_to_the_allocator

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
_LARGEST = 2 ** 25  # glibc takes no larger mmap threshold
_NEVER = 2 ** 31 - 1


def keep_memory() -> None:
    """Tell the C library's allocator, where it is glibc; elsewhere do nothing."""
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGEST)
        mallopt(_TRIM_THRESHOLD, _NEVER)
        leave_to_the_allocator(_LARGEST)
