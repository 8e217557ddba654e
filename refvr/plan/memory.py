"""A stated memory: the schedule of a page that keeps to it, chosen before anything is computed.

    with memory(2 << 30):
        y = Planned(page)(frames)         page(frames), to the last bit, and its values take at most 2 GB

Where a page's values fit all at once, or no memory is stated, they are computed in the page's order, each as long as
it is needed; otherwise the page streams by bands, as high as memory allows: high bands cost less time. The page itself
runs when somebody listens, where it decides by values, and where its driver has a way of its own and room for it.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from refvr import ops
from refvr.errors import InputError
from refvr.nn.trace import listening
from refvr.plan.graph import Graph, Undecided, capture, mapped
from refvr.plan.local import Thrifty
from refvr.plan.rules import simplified
from refvr.plan.run import Order
from refvr.plan.stream import Stream

HEIGHTS = (8, 16, 32, 64, 128, 256)  # rows of a band, of the highest map of a stage
GOOD, MUCH = 64, 4  # rows of a band where memory is no question; how much more all values at once may take than these
LITTLE = 1 << 24  # bytes that are no question
_memory: ContextVar[int | None] = ContextVar("refvr_memory", default=None)


class TooLarge(InputError):
    """Even the lowest bands take more than the stated memory. needs: bytes."""

    def __init__(self, needs: int, most: int) -> None:
        super().__init__(f"the network's values take {gigabytes(needs)} at least, expected at most {gigabytes(most)}",
                         fix="give more memory, or smaller frames")
        self.needs = needs


@contextmanager
def memory(most: int | None) -> Iterator[None]:
    """Inside, `Planned` pages keep their values within `most` bytes; None: no limit."""
    token = _memory.set(most)
    try:
        yield
    finally:
        _memory.reset(token)


def current_memory() -> int | None:
    """The limit in force, None for none."""
    return _memory.get()


def gigabytes(count: float) -> str:
    """For people: "1.50 GB" of 2^30 bytes, "12.0 MB" of 2^20."""
    return f"{count / (1 << 30):.2f} GB" if count >= 1 << 30 else f"{count / (1 << 20):.1f} MB"


def fitting(graph: Graph, most: float) -> Order | Stream:
    """The schedule of a graph whose values take at most `most` bytes: all at once, or by the highest bands that fit.

    All at once costs less time, a tenth or two; but not MUCH times the memory.

    What changes no bit is merged before (rules.py). Raises TooLarge.
    """
    graph = simplified(graph)
    order = Thrifty(graph)
    heights = [rows for rows in HEIGHTS if order.peak > most or rows <= GOOD]
    if order.peak <= most and (order.peak <= MUCH * LITTLE or order.peak <= MUCH * Stream(graph, GOOD).peak):
        return order
    found, low, high = Stream(graph, heights[0]), 0, len(heights)
    if found.peak > most:
        raise TooLarge(found.peak, most)
    while high - low > 1:  # the highest bands that fit
        middle = (low + high) // 2
        stream = Stream(graph, heights[middle])
        if stream.peak <= most:
            found, low = stream, middle
        else:
            high = middle
    return found


class Planned:
    """A page that keeps to the memory in force; schedules are made once for every shape of its inputs and its options.

    What else a page reads, weights and Config, is taken as it is at the first call. For one clip, therefore.
    whole  (*inputs) -> bytes of the driver's own way, which `schedule` then answers with None; None: there is none
    """

    def __init__(self, page: Callable[..., Any], whole: Callable[..., int] | None = None) -> None:
        self._page, self._whole = page, whole
        self._schedules: dict[Any, Order | Stream | None] = {}

    def __call__(self, *inputs: Any, held: int = 0, **options: Any) -> Any:
        """page(*inputs, **options); `held`: bytes that the caller keeps beside the inputs."""
        schedule = self.schedule(*inputs, held=held, **options)
        return self._page(*inputs, **options) if schedule is None else schedule.run(*inputs)

    def schedule(self, *inputs: Any, held: int = 0, **options: Any) -> Order | Stream | None:
        """How the call goes; None: the page itself runs."""
        if listening() or ops.current_backend() == "plain":
            return None
        most = math.inf if current_memory() is None else current_memory()
        key = repr((mapped((inputs, options), lambda x: (x.shape, x.dtype) if isinstance(x, np.ndarray) else x),
                    most - held))
        if key not in self._schedules:
            self._schedules[key] = self._made(inputs, options, most - held)
        return self._schedules[key]

    def _made(self, inputs: Any, options: dict[str, Any], most: float) -> Order | Stream | None:
        if self._whole is not None and self._whole(*inputs) <= most:
            return None
        try:
            graph = capture(self._page, *inputs, **options)
        except Undecided:
            return None  # what a page decides by values cannot be laid out before
        return fitting(graph, most)
