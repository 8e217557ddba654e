"""How far a job is, on stderr: a bar with rate and remaining time on a terminal, a line now and then otherwise."""
from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

FIRST_LINE_S, LINE_EVERY_S = 2.0, 10.0  # plain output: quick jobs stay silent


class Progress:
    """A context manager that is called with `(done, total)`; `total` may be None where it is not known.

    Example:
        with Progress("restoring", "frames") as progress:
            refvr.restore(source, target, progress=progress)
    """

    def __init__(self, what: str, unit: str = "frames") -> None:
        self._what, self._unit = what, unit
        self._started = self._last = time.monotonic()
        self._first: tuple[float, int] | None = None  # when, and how many, at the first report: kernels were compiled
        self._bar: Any = None
        self._stop_listening: Callable[[], None] | None = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            self._bar = _bar()
            self._bar.start()
            self._bar.add_task(self._what, total=None, pace="")
        self._stop_listening = _on_compile(self._compiling)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._stop_listening:
            self._stop_listening()
        if self._bar:
            self._bar.stop()

    def __call__(self, done: int, total: int | None = None) -> None:
        """`done` of `total` units are finished."""
        now = time.monotonic()
        self._first = self._first or (now, done)
        pace = self._pace(*self._first, done, total, now)
        if self._bar:
            self._bar.update(0, completed=done, total=total, pace=pace.removeprefix(", "), description=self._what)
        elif now - self._started > FIRST_LINE_S and now - self._last > LINE_EVERY_S:
            self._last = now
            print(f"{self._what}: {done}{f' of {total}' if total else ''} {self._unit}{pace}", file=sys.stderr)

    def say(self, what: str, done: int, total: int | None = None) -> None:
        """`what` is being done now; `done` of `total` units are finished."""
        self._what = what
        self(done, total)

    def _pace(self, began: float, first: int, done: int, total: int | None, now: float) -> str:
        """Rate since the first report, and the time that is left at this rate; nothing before it can be told."""
        if done <= first or now - began < 1:
            return ""
        rate = (done - first) / (now - began)
        left = f", {round((total - done) / rate) // 60}:{round((total - done) / rate) % 60:02d} left" if total else ""
        return f", {rate:.2f} {self._unit}/s{left}"

    def _compiling(self) -> None:
        """Numba compiles a kernel, which happens once per machine and may take seconds."""
        note = f"{self._what} (compiling kernels, only this once)"
        if self._bar:
            self._bar.update(0, description=note)
        elif self._first is None and self._last == self._started:
            self._last = time.monotonic()
            print(f"{note} ...", file=sys.stderr)


def _bar() -> object:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    return Bar(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"),
               console=Console(stderr=True), transient=True)


def _on_compile(callback: Callable[[], None]) -> Callable[[], None]:
    """Call `callback` whenever Numba compiles something it has not on disk; returns what ends that."""
    try:
        from numba.core import event
    except ImportError:  # an untested Numba: the line that kernels are compiled is left out
        return lambda: None

    class Listener(event.Listener):
        def on_start(self, event: object) -> None:
            callback()

        def on_end(self, event: object) -> None:
            pass

    listener = Listener()
    event.register("numba:compile", listener)
    return lambda: event.unregister("numba:compile", listener)
