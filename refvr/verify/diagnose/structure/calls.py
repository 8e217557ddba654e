"""Calls of modules and of operations: recorded while a run goes on, and made with other operands or other weights."""
from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from refvr.nn.module import Module
from refvr.nn.trace import here
from refvr.verify.mistakes import SUBJECTS, Given
from refvr.verify.runs.planted import WRITTEN, instead

Operands = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any]]   # or made of what the call is given
NO_VALUES = {"kernel", "kernel3d", "kernel_transposed", "matrix", "vector"}   # parameters are no operands here


@dataclass
class Call:
    """One call: of a module (path, scope) or of an operation (name), the `number`-th of it from 0.

    operations  how many operations of the span it had, before it and in it
    """

    name: str
    scope: str
    number: int
    operands: dict[str, Any]
    module: Module | None = None
    before: int = 0
    inside: int | None = None


@contextmanager
def recorded_calls() -> Iterator[list[Call]]:
    """The calls of modules and operations inside, in the order in which they begin."""
    calls: list[Call] = []
    counts, done = Counter[Any](), 0

    def operation(name: str, right: Callable[..., Any]) -> Callable[..., Any]:
        subject = SUBJECTS[name]

        def call(*args: object, **named: object) -> object:
            nonlocal done
            given = subject.bind(*args, **named)
            operands = {key: given[key] for key, axes in subject.layouts.items()
                        if axes not in NO_VALUES and given.get(key) is not None}
            calls.append(Call(name, "".join(here()), counts[name], operands))
            counts[name] += 1
            done += 1
            return right(*args, **named)
        return call

    def module(self: Module, right: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> object:
        given = inspect.signature(type(self).forward).bind(self, *args, **options).arguments
        given.pop("self", None)
        entry = Call(self._path, here()[0], counts[self], dict(given), self, done)
        counts[self] += 1
        calls.append(entry)
        y = right(self, *args, **options)
        entry.inside = done - entry.before
        return y

    with instead(set(WRITTEN), [(name, operation) for name in WRITTEN]), _modules(module):
        yield calls


@contextmanager
def other_operands(call: Call, operands: Operands) -> Iterator[None]:
    """Inside, that call gets other operands."""
    count, other = 0, operands if callable(operands) else lambda given: operands

    def operation(name: str, right: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(*args: object, **named: object) -> object:
            nonlocal count
            count += 1
            if count - 1 != call.number:
                return right(*args, **named)
            return SUBJECTS[name].call((given := Given(SUBJECTS[name].bind(*args, **named))).but(**other(given)), right)
        return wrong

    def module(self: Module, right: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> object:
        nonlocal count
        if self._path == call.name:
            count += 1
            if count - 1 == call.number:
                bound = inspect.signature(type(self).forward).bind(self, *args, **options)
                bound.arguments |= other(bound.arguments)
                return right(*bound.args, **bound.kwargs)
        return right(self, *args, **options)

    with instead({call.name}, [(call.name, operation)]) if call.module is None else _modules(module):
        yield


@contextmanager
def other_weights(path: str, weights: str, net: Module) -> Iterator[None]:
    """Inside, the module at `path` computes with the parameters of the one at `weights`."""
    source = dict(net.modules())[weights]

    def module(self: Module, right: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> object:
        if self._path != path:
            return right(self, *args, **options)
        kept = {name: getattr(self, name) for name in own_parameters(self)}
        try:
            for name in kept:
                setattr(self, name, getattr(source, name))
            return right(self, *args, **options)
        finally:
            for name, value in kept.items():
                setattr(self, name, value)

    with _modules(module):
        yield


def own_parameters(module: Module) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the parameters that are the module's own."""
    return {name: value.shape for name, value in module.parameters().items() if "." not in name}


_CALL = "__call__"   # put in and out by its name, as operations are in runs/planted.py


@contextmanager
def _modules(wrapper: Callable[[Module, Callable[..., Any], Any, Any], Any]) -> Iterator[None]:
    """wrapper(module, right, args, options) in place of every call of a module."""
    right = Module.__call__

    def call(self: Module, *args: object, **options: object) -> object:
        return wrapper(self, right, args, options)

    setattr(Module, _CALL, call)
    try:
        yield
    finally:
        setattr(Module, _CALL, right)
