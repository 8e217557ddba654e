"""Rows of the output are dealt out to threads; each output element is computed by one thread, in a written order.

Kernels release the interpreter lock and take `(start, stop, ...)`: the rows they own. How rows are cut into blocks can
therefore not change a bit of the result; it only decides who computes what.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

from refvr.errors import InputError

_BLOCKS_PER_THREAD = 4  # finer than one each, so that a core busy with something else does not hold up the rest
_SMALL = 50_000  # elementary steps below which handing out work costs more than doing it


class _Pool:
    """The process's worker threads, made when first needed."""

    def __init__(self) -> None:
        self.size = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self.executor: ThreadPoolExecutor | None = None
        self.pid = 0

    def submit(self, *call: Any) -> Any:
        if self.executor is None or self.pid != os.getpid():  # threads do not survive a fork
            self.executor = ThreadPoolExecutor(max(1, self.size - 1), "refvr")
            self.pid = os.getpid()
        return self.executor.submit(*call)

    def resize(self, size: int) -> None:
        if self.executor is not None:
            self.executor.shutdown(wait=True)
        self.size, self.executor = size, None


_pool = _Pool()


def thread_count() -> int:
    """Threads that operations use."""
    return _pool.size


def set_threads(count: int) -> None:
    """Use `count` threads (>= 1) from now on. The results do not depend on it."""
    if count < 1:
        raise InputError(f"threads: got {count}, expected at least 1")
    if count != _pool.size:
        _pool.resize(count)


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """`with refvr.threads(2):` uses that many threads inside; None leaves the number as it is."""
    before = _pool.size
    set_threads(before if count is None else count)
    try:
        yield
    finally:
        set_threads(before)


def run_rows(kernel: Callable[..., None], rows: int, *args: Any, work: float = float("inf")) -> None:
    """Call `kernel(start, stop, *args)` over blocks that cover range(rows), on all threads.

    work  rough number of elementary steps of the whole call; small calls run in this thread
    """
    if _pool.size == 1 or rows <= 1 or work < _SMALL:
        if rows > 0:
            kernel(0, rows, *args)
        return
    cuts = min(rows, _pool.size * _BLOCKS_PER_THREAD)
    blocks = iter([(rows * k // cuts, rows * (k + 1) // cuts) for k in range(cuts)])

    def drain() -> None:
        for start, stop in blocks:  # list iterators hand out each block once, whichever thread asks
            kernel(start, stop, *args)

    others = [_pool.submit(drain) for _ in range(_pool.size - 1)]
    drain()
    wait(others)
    for future in others:
        future.result()
