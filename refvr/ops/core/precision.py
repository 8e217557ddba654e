"""Which sums float32 convolutions may use: "winograd" allows its shorter ones, "direct" only the definition's.

    with refvr.precision("direct"):
        y = net(x)

The Winograd algorithm (kernels/winograd.py) needs a quarter of the multiplications. Its errors are of the size of the
definition's in one chain of fma (docs/verify.md has figures), but they are others, and a value does not depend on its
own nine neighbours alone. Gradients take the same algorithm. It is never used in float64.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from refvr.errors import InputError
from refvr.precision_names import MODES, present_name

_precision: ContextVar[str] = ContextVar("refvr_precision", default="winograd")


@contextmanager
def precision(name: str) -> Iterator[None]:
    """`with refvr.precision("direct"):` computes every convolution by direct sums; "winograd" is the default."""
    name = present_name(name)
    if name not in MODES:
        raise InputError(f"precision: got {name!r}, expected one of {', '.join(MODES)}",
                         fix="for float64, convert the network and its input with astype")
    token = _precision.set(name)
    try:
        yield
    finally:
        _precision.reset(token)


def current_precision() -> str:
    """The name of the mode in force, "winograd" or "direct"."""
    return _precision.get()
