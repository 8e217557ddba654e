"""Large arrays from memory that the process has used before.

The system hands out a large array page by page, zeroing each when it is first touched, and takes it back when the
array goes; in a network all of whose values are large that is a good part of the time. The allocator's heap keeps
memory, but with holes between what is used that it cannot give back. So large arrays lie in regions of our own. A block
is free when no array refers to it any more, which its reference count tells; its pages are kept for the next `empty`,
of whatever size. Pages in use and kept together are never more than the most that was ever in use at once: beyond it
kept ones go back to the system, so keeping them does not raise the peak.

Where the compiler has run, arrays may be held by nobody: tracebacks that it leaves in cycles hold the stack frames of
whoever called the kernel, and these whole maps. Python looks for such cycles when it has made many objects, which a
network at work does not. So this is done before the next large array.
"""
from __future__ import annotations

import gc
import math
import mmap
import os
import sys
from contextlib import suppress
from threading import Lock
from typing import NamedTuple

import numpy as np

from refvr.types import DType

_least = 1 << 20  # bytes; smaller arrays are kept by the allocator already
_LARGE = 1 << 23  # bytes of an array from which on it is worth while to look for cycles first
_REGION = 1 << 28  # bytes of addresses that are asked for at once; pages come when they are touched
_PRIVATE = {"flags": getattr(mmap, "MAP_PRIVATE", 0) | getattr(mmap, "MAP_ANONYMOUS", 0)}  # not shared by forks


class Range(NamedTuple):
    """Bytes start to stop of a region."""

    start: int
    stop: int


class Block(NamedTuple):
    """Bytes of a region that an array may refer to."""

    at: Range
    bytes: np.ndarray


def _references(blocks: list[Block], k: int) -> int:
    return sys.getrefcount(blocks[k].bytes)


_UNUSED = _references([Block(Range(0, 0), np.empty(0, np.uint8))], 0)  # of one that only the list refers to


class Region:
    """A run of addresses: blocks in use, and ranges whose pages are kept, both in the order of addresses."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.memory = mmap.mmap(-1, size, **_PRIVATE)
        with suppress(AttributeError, OSError):  # a system without huge pages
            self.memory.madvise(mmap.MADV_HUGEPAGE)
        self.blocks: list[Block] = []
        self.kept: list[Range] = []

    def collect(self) -> None:
        """Blocks without a reference become kept ranges."""
        used = [_references(self.blocks, k) != _UNUSED for k in range(len(self.blocks))]
        if not all(used):
            self.kept = _joined(self.kept + [block.at for block, use in zip(self.blocks, used) if not use])
            self.blocks = [block for block, use in zip(self.blocks, used) if use]

    def places(self, count: int) -> list[tuple[int, int]]:
        """(bytes that would be new, start) for the beginning of every gap where `count` bytes fit."""
        found, kept, k, start = [], self.kept, 0, 0
        for stop, after in (*(block.at for block in self.blocks), (self.size, self.size)):
            if stop - start >= count:
                while k < len(kept) and kept[k].stop <= start:   # before this gap
                    k += 1
                new, at, end = count, k, start + count
                while at < len(kept) and kept[at].start < end:
                    new -= min(kept[at].stop, end) - max(kept[at].start, start)
                    at += 1
                found.append((new, start))
            start = after
        return found

    def take(self, start: int, count: int) -> np.ndarray:
        """A block of `count` bytes in a gap."""
        stop = start + count
        self.kept = [Range(*part) for a, b in self.kept for part in ((a, min(b, start)), (max(a, stop), b))
                     if part[0] < part[1]]
        taken = Block(Range(start, stop), np.frombuffer(self.memory, np.uint8, count, start))
        self.blocks = sorted([*self.blocks, taken], key=lambda block: block.at)
        return taken.bytes

    def let_go(self, most: int) -> int:
        """Give kept pages back to the system, up to `most` bytes, the highest addresses first; how many went."""
        gone = 0
        while self.kept and gone < most:
            start, stop = self.kept.pop()
            first = max(start, stop - (most - gone))
            self.memory.madvise(mmap.MADV_DONTNEED, first, stop - first)
            gone += stop - first
            if start < first:
                self.kept.append(Range(start, first))
        return gone


def _joined(ranges: list[Range]) -> list[Range]:
    """Sorted, and those that touch made one."""
    found: list[Range] = []
    for start, stop in sorted(ranges):
        if found and found[-1].stop == start:
            start = found.pop().start
        found.append(Range(start, stop))
    return found


class Arena:
    """Regions, and what of them is in use."""

    def __init__(self) -> None:
        self.regions: list[Region] = []
        self.most = 0  # bytes that were in use at once
        self.litter = False  # whether cycles may hold arrays
        self.lock = Lock()

    def take(self, count: int) -> np.ndarray:
        """At least `count` bytes, where the fewest new pages are needed."""
        count += -count % mmap.PAGESIZE
        if self.litter and count >= _LARGE:
            self.litter = False
            gc.collect()
        with self.lock:
            for region in self.regions:
                region.collect()
            places = [(new, k, start) for k, region in enumerate(self.regions) for new, start in region.places(count)]
            if not places:
                self.regions.append(Region(max(_REGION, count)))
                places = [(count, len(self.regions) - 1, 0)]
            _, k, start = min(places)
            taken = self.regions[k].take(start, count)
            self._make_room()
            return taken

    def bytes(self) -> tuple[int, int]:
        """In use, kept."""
        return (sum(block.bytes.size for region in self.regions for block in region.blocks),
                sum(b - a for region in self.regions for a, b in region.kept))

    def _make_room(self) -> None:
        """Keep no more than the peak."""
        used, kept = self.bytes()
        self.most = max(self.most, used)
        for region in reversed(self.regions):
            kept -= region.let_go(max(0, used + kept - self.most))

    def let_go(self) -> None:
        """Give back all that is kept, and keep no more than what is used from now on."""
        with self.lock:
            for region in self.regions:
                region.collect()
                region.let_go(region.size)
            self.most = self.bytes()[0]


_arena = Arena()
_works = (getattr(sys, "_is_gil_enabled", lambda: True)() and hasattr(sys, "getrefcount")  # exact under the lock
          and hasattr(mmap.mmap, "madvise"))


def empty(shape: tuple[int, ...], dtype: DType) -> np.ndarray:
    """np.empty, from memory used before where it is large."""
    dtype = np.dtype(dtype)
    count = math.prod(shape) * dtype.itemsize
    if count < _least or not _works:
        return np.empty(shape, dtype)
    return np.ndarray(shape, dtype, _arena.take(count))


def as_kernels_want(x: np.ndarray) -> np.ndarray:
    """x itself where it is contiguous, aligned and may be written, otherwise a copy: one type of array, so that kernels
    are compiled once."""
    if x.flags.carray:
        return x
    y = empty(x.shape, x.dtype)  # where operations' results lie: two heaps would each keep their own peak
    y[...] = x
    return y


def leave_to_the_allocator(below: int) -> None:
    """Arrays of fewer bytes from the allocator too, from now on: where it has been told to keep what is freed, and
    arrays are many, to look for a place takes longer than it saves."""
    global _least
    _least = below


def littered() -> None:
    """Cycles may have been left that hold arrays."""
    _arena.litter = True


def _begin_anew() -> None:
    """After a fork: another thread may have held the lock, and is not there to open it. Arrays keep their memory."""
    global _arena
    _arena = Arena()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def let_go() -> None:
    """Give kept pages back to the system: when something else needs memory next, and this much may not come again."""
    if _works:
        _arena.let_go()


def zeros(shape: tuple[int, ...], dtype: DType) -> np.ndarray:
    """np.zeros, likewise."""
    y = empty(shape, dtype)
    y[...] = 0
    return y
