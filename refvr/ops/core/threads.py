"""Rows of the output are dealt out to threads; each output element is computed by one thread, in a written order.

Kernels release the interpreter lock and take `(start, stop, ...)`: the rows they own. How rows are cut into blocks can
therefore not change a bit of the result; it only decides who computes what.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Integral
from threading import Lock

from refvr.errors import InputError

_BLOCKS_PER_THREAD = 4  # finer than one each, so that a core busy with something else does not hold up the rest
_SMALL = 50_000  # elementary steps below which handing out work costs more than doing it


_MOST = 1024  # threads that can be asked for


class _Pool:
    """The process's worker threads, made when first needed; callers from any thread share them."""

    def __init__(self) -> None:
        self.size = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self.forget()

    def forget(self) -> None:
        """Begin anew: threads do not survive a fork, and a lock that one of them held would stay closed."""
        self.executor: ThreadPoolExecutor | None = None
        self.workers = 0
        self.lock = Lock()

    def submit(self, count: int, call: Callable[[], None]) -> list[Future]:
        """`call` on `count` threads beside this one; there are as many as were ever asked for at once."""
        with self.lock:
            if self.executor is None or self.workers < count:
                before, self.workers = self.executor, count
                self.executor = ThreadPoolExecutor(count, "refvr")
                if before is not None:
                    before.shutdown(wait=False)  # what was handed to it is finished
            return [self.executor.submit(call) for _ in range(count)]


_pool = _Pool()
_count: ContextVar[int | None] = ContextVar("refvr_threads", default=None)  # inside of `threads`, in this thread alone
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.forget)


def thread_count() -> int:
    """Threads that operations use when they are called here."""
    return _count.get() or _pool.size


def set_threads(count: int) -> None:
    """Use `count` threads (>= 1) from now on, in the whole process. The results do not depend on it."""
    _pool.size = _checked(count)


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """`with refvr.threads(2):` uses that many inside, in this thread alone; None leaves the number as it is."""
    token = _count.set(_count.get() if count is None else _checked(count))
    try:
        yield
    finally:
        _count.reset(token)


def _checked(count: int) -> int:
    if isinstance(count, bool) or not isinstance(count, Integral) or not 1 <= count <= _MOST:
        raise InputError(f"threads: got {count!r}, expected a whole number from 1 to {_MOST}")
    return int(count)


def run_rows(kernel: Callable[..., None], rows: int, *args: object, work: float = float("inf")) -> None:
    """Call `kernel(start, stop, *args)` over blocks that cover range(rows), on all threads.

    work  rough number of elementary steps of the whole call; small calls run in this thread
    """
    workers = thread_count()
    if workers == 1 or rows <= 1 or work < _SMALL:
        if rows > 0:
            kernel(0, rows, *args)
        return
    cuts = min(rows, workers * _BLOCKS_PER_THREAD)
    blocks = iter([(rows * k // cuts, rows * (k + 1) // cuts) for k in range(cuts)])

    def drain() -> None:
        for start, stop in blocks:  # list iterators hand out each block once, whichever thread asks
            kernel(start, stop, *args)

    others = _pool.submit(min(workers, cuts) - 1, drain)
    try:
        drain()
    finally:
        for _ in blocks:  # after an error or Ctrl-C no thread begins another one
            pass
        for future in others:
            future.cancel()  # where the threads are busy with another caller's, there is nothing left to wait for
        wait(others)
    for future in others:
        if not future.cancelled():
            future.result()
