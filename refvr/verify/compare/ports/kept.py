"""`keep`: a port that is a function says what it computes in between."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

Taker: TypeAlias = Callable[[str, Any], None]
Value = TypeVar("Value")

_takers: list[Taker] = []   # of this process: JAX calls back from threads of its own


def keep(name: str, x: Value) -> Value:
    """Give `x` a name for `refvr.compare`, ours or the official one; returns `x`. Outside of a comparison it does
    nothing. The second value of one name is the second call.
    """
    if _takers:
        _takers[-1](name, x)
    return x


@contextmanager
def keeping(taker: Taker) -> Iterator[None]:
    """Inside, `taker(name, x)` gets what is kept."""
    _takers.append(taker)
    try:
        yield
    finally:
        _takers.pop()
