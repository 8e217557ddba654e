"""Ctrl-C, and what else asks a program to end, waits until a write is done.

Python raises KeyboardInterrupt wherever it happens to be: inside a callback of FFmpeg or HDF5 it is lost, or tears the
file that is being written. So a writer lets it wait for the end of its frame, which takes less than a second.
"""
from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

# Ctrl-C; `kill`, a system that shuts down, a batch queue whose time is over; a terminal that is closed
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def stop_as_by_ctrl_c() -> None:
    """From now on the other signals raise KeyboardInterrupt too, unless somebody has other plans (`nohup`)."""
    for number in SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


@contextmanager
def interrupts_wait() -> Iterator[None]:
    """Hold back these signals until the end of the block; a second one takes effect at once.

    Does nothing outside the main thread, where Python delivers no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous: dict[int, Any] = {n: signal.getsignal(n) for n in SIGNALS if callable(signal.getsignal(n))}
    waiting: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if waiting:
            previous[number](number, frame)
        waiting.append(number)

    for number in previous:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        if waiting:
            previous[waiting[0]](waiting[0], None)
