"""The trace of a run: every named intermediate value, collected while a network computes.

    with refvr.trace() as t:
        y = net(x)
    t["step0.unet.in_layer"]        (n, h, w, c)

A module's output has the module's path as its name, `note` names a value in between, `scope` puts a prefix before
what happens inside (steps of a recurrence). Without a `trace` around it all of this does nothing.

A listener may answer with an array of the same shape: the run then goes on with that instead of the value. That is
how `refvr compare` computes each layer from a port's input, and `refvr bounds` a layer in lower precision.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from refvr.autodiff.tape import array_of

Listener = Callable[[str, Any], Any]

_listener: ContextVar[Listener | None] = ContextVar("refvr_trace", default=None)
_tensors: ContextVar[bool] = ContextVar("refvr_trace_tensors", default=False)
_scope: ContextVar[str] = ContextVar("refvr_scope", default="")
_inside: ContextVar[str] = ContextVar("refvr_inside", default="")
if TYPE_CHECKING:
    from refvr.types import Array

Value = TypeVar("Value")


class Trace(dict[str, np.ndarray]):
    """Name -> value, in the order of computation. A name that comes again gets "#1", "#2" ... after it."""

    def keep(self, name: str, value: np.ndarray) -> None:
        """Store a copy of `value`."""
        repeats = sum(1 for k in range(len(self) + 1) if k and f"{name}#{k}" in self) if name in self else -1
        self[name if repeats < 0 else f"{name}#{repeats + 1}"] = np.array(value)


@contextmanager
def trace(listener: Listener | None = None, *, tensors: bool = False) -> Iterator[Trace]:
    """Collect the named values of everything that runs inside; with `listener(name, value)`, hand them on instead.

    tensors  the listener gets values on the tape as the Tensors they are, not as arrays
    """
    collected = Trace()
    token, kind = _listener.set(listener or collected.keep), _tensors.set(tensors)
    try:
        yield collected
    finally:
        _listener.reset(token)
        _tensors.reset(kind)


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Names inside are "name.…"."""
    token = _scope.set(f"{_scope.get()}{name}.")
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def inside(path: str) -> Iterator[None]:
    """The module of this path is computing: what `here` answers with."""
    token = _inside.set(path)
    try:
        yield
    finally:
        _inside.reset(token)


def listening() -> bool:
    """Whether the named values were requested; modules that skip some by fusing operations must not then."""
    return _listener.get() is not None


def here() -> tuple[str, str]:
    """(scope, path of the innermost module that is computing), "frame2." and "pcd_align.l1"; for listeners."""
    return _scope.get(), _inside.get()


def note(name: str, value: Value) -> Value:
    """Give an intermediate value a name in the trace; returns it, or what the listener answers with instead."""
    listener = _listener.get()
    if listener is None:
        return value
    instead = listener(_scope.get() + name, value if _tensors.get() else array_of(cast("Array", value)))
    return value if instead is None else instead
