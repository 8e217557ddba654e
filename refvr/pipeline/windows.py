"""Windows over a stream of frames: which frames a network sees for which output, also at the ends of a clip.

A rule maps an index that may lie outside 0 .. n-1 to one inside. The rules of the originals fail on clips shorter than
their window; ours are periodic, agree with them wherever they work, and hold for every n >= 1.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Rule = Callable[[int, int], int]


def reflect_half(i: int, n: int) -> int:
    """b a | a b c | c b: the border frame comes twice (ReMoNet's driver at the end of a clip)."""
    i %= 2 * n
    return min(i, 2 * n - 1 - i)


def reflect_whole(i: int, n: int) -> int:
    """c b | a b c | b a: the border frame comes once (FastDVDnet's driver)."""
    if n == 1:
        return 0
    i %= 2 * (n - 1)
    return min(i, 2 * (n - 1) - i)


def window_indices(first: int, size: int, n: int, rule: Rule) -> list[int]:
    """Frames of the window that begins at index `first` (which may lie before or beyond the clip)."""
    return [rule(first + k, n) for k in range(size)]


def windows(frames: Iterable[Any], *, size: int, step: int = 1, lead: int = 0, rule: Rule, start: int = 0
            ) -> Iterator[tuple[list[Any], int]]:
    """Yield (window, count) for outputs 0, step, 2*step ... of a stream: `count` <= step frames exist from there on.

    frames  the stream; at most 2 * size + step of its frames are held
    size    frames in a window; lead: how many of them come before the first output frame of the window
    rule    where frames before the beginning and beyond the end come from
    start   windows that have no output from this one on are passed over
    """
    stream = iter(frames)
    held: deque[Any] = deque()      # the most recent frames
    begin = 0                       # index of held[0]
    total: int | None = None        # length of the clip, known once the stream has ended
    output = 0
    while total is None or output < total:
        # Everything a window may need inside a clip that does not end in it; the front reflects up to `lead`.
        while total is None and begin + len(held) < output + max(size - lead, lead + 1, step):
            try:
                held.append(next(stream))
            except StopIteration:
                total = begin + len(held)
        n = total if total is not None else begin + len(held)
        if output >= n:
            return
        if output + step > start:
            indices = window_indices(output - lead, size, n, rule)
            yield [held[i - begin] for i in indices], min(step, n - output)
        output += step
        # A tail window reflects: it may reach back as far as its own length before the last frame.
        while held and begin < output - lead - size:
            held.popleft()
            begin += 1
