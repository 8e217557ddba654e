"""A stated memory: the schedule of a page that keeps to it, chosen before anything is computed.

    with memory(2 << 30):
        y = Planned(page)(frames)         page(frames), and its values take at most 2 GB

Where a page's values fit all at once, or no memory is stated, they are computed in the page's order, each as long as
it is needed; otherwise the page streams by bands, as high as memory allows: high bands cost less time. With `files`
whole maps lie on the disk meanwhile (stream.py); a page whose results only go into other pages leaves those there too.
The page itself runs when intermediate values are requested, and where it decides by values. Norms after convolutions
are folded (folding.py); but for that, every way has the bits of the page.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from refvr import ops
from refvr.errors import InputError
from refvr.nn.trace import listening
from refvr.plan.folding import Folds, folded
from refvr.plan.graph import Graph, Like, Undecided, capture, mapped
from refvr.plan.lines import Stored
from refvr.plan.local import Thrifty
from refvr.plan.rules import simplified
from refvr.plan.run import Order
from refvr.plan.schedule import LITTLE
from refvr.plan.stream import Stream

HEIGHTS = (8, 16, 32, 64, 128, 256)  # rows of a band, of the highest map of a stage
GOOD, MUCH = 64, 4  # rows of a band where memory is no question; how much more all values at once may take than these
MUCH_DENSE = 8  # for dense blocks, whose bands cost a third to a half of the time more; others a tenth or two


class Limit(NamedTuple):
    """Bytes that values may take, None for any number, and whether some may lie in files."""

    most: int | None = None
    files: bool = False


_NONE = Limit()
_limit: ContextVar[Limit] = ContextVar("refvr_memory", default=_NONE)


class TooLarge(InputError):
    """Even the lowest bands take more than the stated memory. needs: bytes."""

    def __init__(self, needs: float, most: float) -> None:
        super().__init__(f"the network's values take {gigabytes(needs)} at least, expected at most {gigabytes(most)}",
                         fix="give more memory, or smaller frames")
        self.needs = needs


@contextmanager
def memory(most: int | None, *, files: bool = False) -> Iterator[None]:
    """Inside, `Planned` pages keep their values within `most` bytes, None: any number; `files`: some on the disk."""
    token = _limit.set(Limit(most, files))
    try:
        yield
    finally:
        _limit.reset(token)


def current_limit() -> Limit:
    """The limit in force."""
    return _limit.get()


def gigabytes(count: float) -> str:
    """For people: "1.50 GB" of 2^30 bytes, "12.0 MB" of 2^20, "1.0 kB" of 2^10 where that is stated."""
    if count >= 1 << 30:
        return f"{count / (1 << 30):.2f} GB"
    return f"{count / (1 << 20):.1f} MB" if count >= 1 << 20 or not count else f"{count / (1 << 10):.1f} kB"


def fitting(graph: Graph, most: float, *, files: bool = False, results: bool = False, lowest: bool = False
            ) -> Order | Stream:
    """The schedule of a graph whose values take at most `most` bytes: all at once, or by the highest bands that fit.

    All at once costs less time, a tenth or two; but not MUCH times the memory, for dense blocks MUCH_DENSE times.
    `lowest`: by the lowest bands, whatever time they cost, to see whether there is one.

    What changes no bit is merged before (rules.py). `files`, `results`: see Schedule. Raises TooLarge.
    """
    graph = simplified(graph)
    order = Thrifty(graph)
    at_once = not files and order.peak <= most
    much = MUCH_DENSE if any(node.kind == "dense_block" for node in order.nodes) else MUCH
    if at_once and (lowest or order.peak <= much * LITTLE or order.peak <= much * Stream(graph, GOOD).peak):
        return order
    heights = HEIGHTS[:1] if lowest else [rows for rows in HEIGHTS if rows <= GOOD or not at_once]
    found, low, high = Stream(graph, heights[0], files=files, results=results), 0, len(heights)
    if found.peak > most:
        raise TooLarge(found.peak, most)
    while high - low > 1:  # the highest bands that fit
        middle = (low + high) // 2
        stream = Stream(graph, heights[middle], files=files, results=results)
        if stream.peak <= most:
            found, low = stream, middle
        else:
            high = middle
    return found


class Planned:
    """A page that keeps to the memory in force; schedules are made once for every shape of its inputs and its options.

    What else a page reads, weights and Config, is taken as it is at the first call. For one clip, therefore.
    stores  whether results stay in files (`Stored`), where files are in force, for another page to read
    """

    def __init__(self, page: Callable[..., Any], *, stores: bool = False) -> None:
        self._page, self._stores = page, stores
        self._schedules: dict[Any, Order | Stream | None] = {}
        self._folds: Folds = {}

    def __call__(self, *inputs: object, held: int = 0, **options: object) -> Any:
        """page(*inputs, **options); `held`: bytes that the caller keeps beside the inputs."""
        schedule = self.schedule(*inputs, held=held, **options)
        return self._page(*inputs, **options) if schedule is None else schedule.run(*inputs)

    def schedule(self, *inputs: object, held: int = 0, **options: object) -> Order | Stream | None:
        """How the call goes; None: the page itself runs."""
        if listening() or ops.current_backend() == "plain":
            return None
        limit = current_limit()
        most, like = (math.inf if limit.most is None else limit.most) - held, mapped(inputs, _like)
        key = repr((like, mapped(options, _like), most, limit.files, ops.current_precision()))
        if key not in self._schedules:
            self._schedules[key] = self._made(like, options, most, limit.files)
        return self._schedules[key]

    def _made(self, like: Any, options: dict[str, Any], most: float, files: bool) -> Order | Stream | None:
        try:
            graph = folded(capture(self._page, *like, **options), self._folds)
        except Undecided:
            return None  # what a page decides by values cannot be laid out before
        return fitting(graph, most, files=files, results=files and self._stores)


def _like(x: object) -> object:
    return Like(x.shape, x.dtype, isinstance(x, Stored)) if isinstance(x, (np.ndarray, Stored)) else x
