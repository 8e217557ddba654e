"""Run a network or a part of it with a mistake planted in its operations: `with planted(mistake): net(x)`.

Networks call operations as `ops.conv2d(...)`; inside of the context that name leads to the wrong version. For one
thread at a time.
"""
from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.verify.mistakes import SUBJECTS, Given, Mistake, NotHereError

WRITTEN = sorted(name for name in SUBJECTS if hasattr(ops, name))  # operations that networks call by name


@contextmanager
def planted(*mistakes: Mistake, only: int | None = None) -> Iterator[None]:
    """Every call of the mistakes' operations is wrong inside, or the call number `only` (from 0) of each alone."""
    with instead({m.operation for m in mistakes}, [_wrong(m, only) for m in mistakes]):
        yield


@contextmanager
def recorded() -> Iterator[list[str]]:
    """The names of the operations that are called inside, in order; those that mistakes are known of."""
    calls: list[str] = []

    def noted(name: str, right: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: object, **named: object) -> Any:
            calls.append(name)
            return right(*args, **named)
        return call
    with instead(set(WRITTEN), [(name, noted) for name in WRITTEN]):
        yield calls


@contextmanager
def instead(names: set[str], wrappers: list[tuple[str, Callable[[str, Callable[..., Any]], Callable[..., Any]]]]
            ) -> Iterator[None]:
    """Put wrapper(name, right) in the place of operations; those of one name stand on top of each other."""
    saved = {name: getattr(ops, name) for name in names}
    try:
        for name, wrapper in wrappers:
            setattr(ops, name, wrapper(name, getattr(ops, name)))
        yield
    finally:
        for name, right in saved.items():
            setattr(ops, name, right)


def _wrong(mistake: Mistake, only: int | None
           ) -> tuple[str, Callable[[str, Callable[..., Any]], Callable[..., Any]]]:
    def wrapper(name: str, right: Callable[..., Any]) -> Callable[..., Any]:
        subject, count = SUBJECTS[name], itertools.count()

        def underneath(given: Given) -> np.ndarray:
            return subject.call(given, right)

        def call(*args: object, **named: object) -> Any:
            if only is not None and next(count) != only:
                return right(*args, **named)
            try:
                return mistake.run(_plain(subject.bind(*args, **named)), underneath)
            except NotHereError:
                return right(*args, **named)
        return call
    return mistake.operation, wrapper


def _plain(given: Given) -> Given:
    """Arrays in the place of Tensors: what runs here is not trained."""
    return Given({name: tuple(map(array_of, value)) if name == "xs" else array_of(value)
                  for name, value in given.items()})
