"""Values of a program in groups: one run for each, so that memory is bounded and a stop half way is found.

What a value takes is known when it has been seen. So the first group is one value, each next one is twice as large as
long as values like the largest one so far would fit, and where a run stops, groups are halved until the value that
stops it stands alone.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from refvr.errors import InputError

AT_ONCE = 1 << 29   # bytes of values that one run is asked for


def in_groups(count: int, run: Callable[[int, int], Sequence[np.ndarray]], keep: Callable[[int, np.ndarray], object]
              ) -> str:
    """run(first, end) gives those values, keep(number, value) takes each; the answer is why it stopped, or "".

    Raises the InputError of the run if not even the first value can be computed.
    """
    start, size, largest, stops = 0, 1, 1, False
    while start < count:
        end = min(count, start + size)
        try:
            values = run(start, end)
        except InputError as error:
            stops = True
            if end - start > 1:
                size = (end - start) // 2
                continue
            if start == 0:
                raise
            return error.message
        for k, value in enumerate(values, start):
            keep(k, value)
        largest = max(largest, *(value.nbytes for value in values))
        start, size = end, max(1, min(size if stops else 2 * size, AT_ONCE // largest))
    return ""
