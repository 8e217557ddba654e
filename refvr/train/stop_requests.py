"""Ctrl-C that lets the step in progress be completed."""
from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stop_requests() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C (or SIGTERM) sets, so that the step in progress is completed. The second stops."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def request(number: int, frame: object) -> None:
        stop.set()
        for each, handler in kept.items():
            signal.signal(each, handler)

    for number in kept:
        signal.signal(number, request)
    try:
        yield stop
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
