"""What `diagnose` looks at: an operation on its operands, or a part of a network on its inputs.

A target runs the right version and wrong ones, all in float64, and knows the noise that float32 brings.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np

from refvr.autodiff.tape import array_of
from refvr.errors import InputError
from refvr.nn import trace
from refvr.nn.module import Module
from refvr.records import record_of
from refvr.types import DType
from refvr.verify.diagnose.operand_layouts import from_nchw
from refvr.verify.mistakes import SUBJECTS, Mistake, mistakes_of
from refvr.verify.runs.planted import planted, recorded

SINGLE_CALLS = 24  # of one operation in a part; beyond, a mistake is planted in all of them only


class Candidate(Protocol):
    """One mistake: for people, and made inside of `planted`.

    reaches_back  if so, nothing that was computed before the span may be used again
    """

    @property
    def name(self) -> str:
        """In reports."""

    @property
    def says(self) -> str:
        """In a sentence."""

    @property
    def kind(self) -> str:
        """What is being tried, in words."""

    @property
    def reaches_back(self) -> bool:
        """Whether it also changes what the span's first operations get."""

    def planted(self) -> AbstractContextManager[object]:
        """Inside, the mistake is made."""


C = TypeVar("C", bound=Candidate)


class Target(Protocol[C]):
    """What mistakes are looked for in, and of which sort they are."""

    name: str

    def run(self, *variants: C, dtype: DType = np.float64) -> np.ndarray:
        """The result with these mistakes, the first outermost; none: the right one."""

    def variants(self) -> Iterator[Sequence[C]]:
        """Mistakes in stages: those of a later stage are tried if the earlier ones explain nothing."""


class Variant:
    """A mistake in all calls of its operation, or in one of them (`only`; `where` names it)."""

    reaches_back = False

    def __init__(self, mistake: Mistake, only: int | None = None, where: str = "") -> None:
        self.mistake, self.only = mistake, only
        self.name = mistake.name if only is None else f"{mistake.name}#{only}"
        self.says = mistake.says + where
        self.kind = f"mistakes in {mistake.operation}"

    def planted(self) -> AbstractContextManager[None]:
        """Inside, operations are wrong."""
        return planted(self.mistake, only=self.only)


class OperationTarget:
    """An operation by name, with operands and options."""

    def __init__(self, operation: str, inputs: Mapping[str, Any], options: Mapping[str, Any], layout: str) -> None:
        subject, self.name = SUBJECTS[operation], operation
        self._subject, self.result = subject, subject.result
        arrays = {name: value for name, value in inputs.items() if isinstance(value, np.ndarray)}
        if layout == "nchw":
            channels = arrays["x"].shape[1] if "x" in arrays and arrays["x"].ndim > 1 else 1
            arrays = {name: from_nchw(array, subject.layouts.get(name.rstrip("0123456789"), "any"), channels)
                      for name, array in arrays.items()}
        self._arrays, self._options = arrays, {**{k: v for k, v in inputs.items() if k not in arrays}, **options}

    def _given(self, dtype: DType) -> Any:
        arrays = {name: np.ascontiguousarray(array, dtype) for name, array in self._arrays.items()}
        listed = [array for name, array in arrays.items() if name[:2] == "xs"]
        return self._subject.bind(*listed, **{n: a for n, a in arrays.items() if n[:2] != "xs"}, **self._options)

    def run(self, *variants: Variant, dtype: DType = np.float64) -> np.ndarray:
        """The result with these mistakes, the first outermost; none: the right one."""
        op = self._subject.call
        for variant in reversed(variants):
            op = partial(_applied, variant.mistake, op)
        return op(self._given(dtype))

    def variants(self) -> Iterator[Sequence[Variant]]:
        """Mistakes in stages: those of a later stage are tried if the earlier ones explain nothing."""
        yield [Variant(mistake) for mistake in mistakes_of(self.name)]


def _applied(mistake: Mistake, op: Callable[[Any], np.ndarray], given: Any) -> np.ndarray:
    return mistake.run(given, op)


class PartTarget:
    """A network, or the module at `path` in it, on arrays for the parameters of its `forward`."""

    result = "image"

    def __init__(self, net: Module, path: str, inputs: Mapping[str, Any], options: Mapping[str, Any], layout: str,
                 name: str = "") -> None:
        modules = dict(net.modules())
        if path not in modules:
            near = [other for other in modules if other.split(".")[-1] == path.split(".")[-1]] or list(modules)[1:6]
            raise InputError(f"{type(net).__name__} has no part {path!r}", fix=f"for example {', '.join(near[:5])}")
        self.name = name or f"{type(net).__name__}:{path}"
        self._net, self._part = net, modules[path]
        self.result = "clip" if path and record_of(net).call.volumes else "image"
        self._inputs = {key: self._transposed(value, layout) for key, value in inputs.items()}
        self._options = dict(options)
        self._check()

    def _transposed(self, value: object, layout: str) -> Any:
        if layout == "nhwc" or not isinstance(value, np.ndarray) or value.ndim < 4:
            return value
        return from_nchw(value, "image" if value.ndim == 4 else self.result if self.result == "clip" else "frames")

    def _check(self) -> None:
        """The names fit the parameters of forward; a single array of another name is taken for the first of them."""
        known = list(inspect.signature(self._part.forward).parameters)
        if len(self._inputs) == 1 and not set(self._inputs) <= set(known) and known:
            self._inputs = {known[0]: next(iter(self._inputs.values()))}
        unknown = (self._inputs.keys() | self._options.keys()) - set(known)
        if unknown:
            raise InputError(f"{self.name} has no input {sorted(unknown)[0]!r}",
                             fix=f"its inputs are {', '.join(known)}")

    def run(self, *variants: Variant, dtype: DType = np.float64) -> np.ndarray:
        """The result with these mistakes planted."""
        self._net.astype(dtype)
        inputs = {name: np.ascontiguousarray(value, dtype) if isinstance(value, np.ndarray) and value.dtype.kind == "f"
                  else value for name, value in self._inputs.items()}
        try:
            if not variants:
                return array_of(self._part(**inputs, **self._options))
            with planted(variants[0].mistake, only=variants[0].only):
                return self.run(*variants[1:], dtype=dtype)
        finally:
            self._net.astype(np.float32)

    def variants(self) -> Iterator[Sequence[Variant]]:
        """First mistakes in all calls of an operation, then in single calls."""
        events: list[tuple[int, str]] = []
        with recorded() as calls, trace(lambda name, value: events.append((len(calls), name))):
            self.run(dtype=np.float32)
        operations = dict.fromkeys(calls)
        yield [Variant(mistake) for name in operations for mistake in mistakes_of(name)]
        single = []
        for name in operations:
            places = [k for k, other in enumerate(calls) if other == name]
            if 1 < len(places) <= SINGLE_CALLS:
                single += [Variant(mistake, k, f" ({_where(name, k, events, place)})") for k, place in enumerate(places)
                           for mistake in mistakes_of(name)]
        if single:
            yield single


def _where(operation: str, k: int, events: list[tuple[int, str]], place: int) -> str:
    """Which call it was: the first value that got a name after it."""
    named = next((name for count, name in events if count > place), "")
    return f"{operation} number {k + 1}, on the way to {named}" if named else f"{operation} number {k + 1}"
