"""Ctrl-C waits until a write is done.

Python raises KeyboardInterrupt wherever it happens to be: inside a callback of FFmpeg or HDF5 it is lost, or tears the
file that is being written. So a writer lets it wait for the end of its frame, which takes less than a second.
"""
from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_wait() -> Iterator[None]:
    """Hold back SIGINT until the end of the block; a second one takes effect at once.

    Does nothing outside the main thread, where Python delivers no signals.
    """
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        yield
        return
    waiting = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal waiting
        if waiting:
            previous(number, frame)
        waiting = True

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
        if waiting:
            previous(signal.SIGINT, None)
