"""The catalogue of mistakes: each is a runnable wrong version of an operation, made from the right one.

A mistake is a function `wrong(op, given) -> array`: `given` holds the operands and options of a call by name, `op` runs
the operation on such a set. Most mistakes call `op` with something changed, so that a mistake can stand on top of
another one: `run(op=...)` is how combinations of two are made. The first line of the docstring is what a user reads:
"equals the reference with" + that line.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from refvr.autodiff.tape import array_of
from refvr.errors import InputError


class Given(dict[str, Any]):
    """Operands and options of a call, by name; `given.x` is given["x"]."""

    if TYPE_CHECKING:  # operands are arrays, options anything: which a call has, its operation says
        def __getattr__(self, name: str) -> Any: ...
    else:
        __getattr__ = dict.__getitem__

    def but(self, **changes: object) -> Given:
        """A copy with some changed."""
        return Given(self | changes)


Border = Literal["reflect", "symmetric", "edge", "wrap", "constant"]   # of numpy.pad
Op = Callable[[Given], np.ndarray]
Wrong = Callable[[Op, Given], np.ndarray]


class NotHereError(Exception):
    """The mistake makes no difference to a call like this one, or cannot be made in it."""


def unless(impossible: object) -> None:
    """Leave a mistake that a call leaves no room for: no bias to forget, only one group to confuse."""
    if impossible:
        raise NotHereError


@dataclass(frozen=True)
class Subject:
    """An operation that mistakes are made in.

    function  the public function; its parameters are the names of operands and options
    layouts   operand -> axes ("image", "kernel" ...; see layouts.py), in order; these are arrays, the rest options
    result    axes of what comes out
    """

    name: str
    function: Callable[..., Any]
    layouts: dict[str, str]
    result: str = "image"

    def bind(self, *args: Any, **named: object) -> Given:
        """The call as a Given, defaults filled in. Raises InputError saying which name is unknown or missing."""
        try:
            bound = inspect.signature(self.function).bind(*args, **named)
        except TypeError as error:
            known = ", ".join(inspect.signature(self.function).parameters)
            raise InputError(f"{self.name}: {error}", fix=f"its operands and options are {known}") from None
        bound.apply_defaults()
        return Given(bound.arguments)

    def call(self, given: Given, function: Callable[..., Any] | None = None) -> np.ndarray:
        """The operation on `given`, as an array; `function`: what is called in its place."""
        lists = [name for name, p in inspect.signature(self.function).parameters.items()
                 if p.kind is inspect.Parameter.VAR_POSITIONAL]
        rest = {name: value for name, value in given.items() if name not in lists}
        return array_of((function or self.function)(*(x for name in lists for x in given[name]), **rest))


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    name       "deform_conv2d.offsets_x_y"
    operation  the subject it is made in
    says       what a user reads after "equals the reference with"
    kind       order, border, place, number, activation, precision, colour or loss
    wrong      the function, see the module
    flagged    whether vectors have flags for it: those that were published before it was known have none
    """

    name: str
    operation: str
    says: str
    kind: str
    wrong: Wrong
    flagged: bool = True

    def run(self, given: Given, op: Op | None = None) -> np.ndarray:
        """The wrong result, `op` standing for the operation (default: the right one). Raises NotHereError."""
        return np.asarray(self.wrong(op or SUBJECTS[self.operation].call, given))


SUBJECTS: dict[str, Subject] = {}
MISTAKES: dict[str, Mistake] = {}


def subject(name: str, function: Callable[..., Any], result: str = "image", **layouts: str) -> None:
    """Register an operation."""
    SUBJECTS[name] = Subject(name, function, layouts, result)


def mistake(kind: str, *operations: str, flagged: bool = True) -> Callable[[Wrong], Wrong]:
    """Register the function below as a mistake in each of `operations`."""
    def register(wrong: Wrong) -> Wrong:
        says = " ".join((wrong.__doc__ or "").split("\n\n")[0].split()).rstrip(".")
        for operation in operations:
            name = f"{operation}.{wrong.__name__}"
            MISTAKES[name] = Mistake(name, operation, says, kind, wrong, flagged)
        return wrong
    return register


def mistakes_of(operation: str) -> Iterator[Mistake]:
    """All mistakes of one operation."""
    return (m for m in MISTAKES.values() if m.operation == operation)
