"""Capture: a network's page runs once on values that are not there, and what it would compute is written down.

    graph = capture(net, Like((1, 5, 360, 640, 3)))
    for node in graph.nodes: ...                       in the order in which the page calls its operations

A page calls `ops.*` on what it is given. A `Lazy` value has a shape and a type; an operation on it asks its shape rule
(ops/core/bands.py), computes nothing, and the call becomes a node. So the page may branch on shapes, loop over frames
and read its Config as it likes. It cannot look into a value: that cuts the graph, and `Undecided` says where (SAFA
chooses scales by what its selector sees; give it a fixed `routing`, or capture what lies before and after it).

The page runs as it does for a trace, so a node is what one module computes, has that module's path, and carries the
names under which a trace knows its value.
"""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from refvr.errors import InputError
from refvr.nn.trace import here, trace
from refvr.ops.core.bands import Shape
from refvr.ops.core.operation import Deferred, Operation
from refvr.types import DType

PACKAGE = Path(__file__).parents[1]
_NOT_PAGES = tuple(f"{PACKAGE / room}/" for room in ("ops", "nn", "autodiff", "plan"))


class Undecided(InputError):
    """A page asked for a value that is not there yet."""


class Like(NamedTuple):
    """An array that is not there: what `capture` is given for an input."""

    shape: Shape
    dtype: DType = np.float32
    stored: bool = False  # lies in a file (lines.py)


@dataclass(eq=False)
class Node:
    """One value: an input, or the result of an operation.

    operands  nodes; arrays (parameters and constants) as they are; None where one is absent
    scope     "step2." of a recurrence, "" outside;  module: path of the module that computes it, "unet.down1.skip"
    line      of the page that asked for it, "refvr/networks/remonet.py:131"
    names     under which a trace knows the value, the innermost first; may be empty
    """

    number: int
    operation: Operation | None
    operands: tuple[Node | np.ndarray | None, ...]
    options: dict[str, Any]
    shape: Shape
    dtype: np.dtype
    scope: str = ""
    module: str = ""
    line: str = ""
    names: list[str] = field(default_factory=list)

    @cached_property
    def inputs(self) -> list[Node]:
        """Those of its operands that are nodes, each once."""
        return list(dict.fromkeys(x for x in self.operands if isinstance(x, Node)))

    def operand(self, k: int) -> Node | np.ndarray:
        """One of its operands. TypeError where it is absent."""
        x = self.operands[k]
        if x is None:
            raise TypeError(f"{self!r} has no operand {k}; expected one that is always there")
        return x

    @property
    def kind(self) -> str:
        """The name of its operation; "" of an input."""
        return self.operation.name if self.operation else ""

    @property
    def computed_by(self) -> Operation:
        """Its operation. TypeError for an input, which nothing computes."""
        if self.operation is None:
            raise TypeError(f"{self!r} is an input; expected the result of an operation")
        return self.operation

    @property
    def outputs(self) -> list[Node]:
        """As a step of an order: itself."""
        return [self]

    @property
    def extra(self) -> int:
        """As a step of an order: bytes beside inputs and outputs."""
        return 0

    @cached_property
    def nbytes(self) -> int:
        """Of the value."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def __repr__(self) -> str:
        return f"%{self.number} {self.kind or 'input'} {self.shape} {self.scope}{self.module} ({self.line})"


class Lazy(Deferred):
    """A value that a graph will compute: shape and type, and the node that stands for it."""

    __slots__ = ("_recorder", "node")

    def __init__(self, recorder: _Recorder, node: Node) -> None:
        self._recorder, self.node = recorder, node

    shape = property(lambda self: self.node.shape)
    dtype = property(lambda self: self.node.dtype)
    ndim = property(lambda self: len(self.node.shape))
    size = property(lambda self: int(np.prod(self.node.shape, dtype=np.int64)))

    def __len__(self) -> int:
        return self.node.shape[0]

    def __repr__(self) -> str:
        return f"Lazy({self.node!r})"

    def recorded(self, operation: Operation, operands: tuple[Any, ...], options: dict[str, Any]) -> Lazy:
        """The node of the call."""
        return self._recorder.call(operation, operands, options)

    def _needed(self, *args: object, **options: object) -> object:
        raise Undecided(f"{self._recorder.line()} looks into the value of {self.node!r}, which is not computed yet",
                        fix="give SAFA a fixed routing; elsewhere capture what comes before and after it")

    __array__ = __bool__ = __float__ = __int__ = __lt__ = __le__ = __gt__ = __ge__ = _needed


@dataclass(frozen=True)
class Graph:
    """What a page computes.

    nodes    inputs first, then in the order of the page's calls; operands come before their users
    inputs   in the order of the page's arguments;  result: the page's answer with nodes for values
    """

    nodes: tuple[Node, ...]
    inputs: tuple[Node, ...]
    result: Any

    @property
    def outputs(self) -> list[Node]:
        """The nodes of the result, each once, in order."""
        return list(dict.fromkeys(x for x in leaves(self.result) if isinstance(x, Node)))

    def answer(self, values: dict[Node, Any]) -> object:
        """The page's answer, with `values` for its nodes."""
        return mapped(self.result, lambda x: values[x] if isinstance(x, Node) else x)


def capture(page: Callable[..., Any], *inputs: object, **options: object) -> Graph:
    """The graph of `page(*inputs, **options)`.

    page    a network, or one of its methods, or any function of `ops.*`
    inputs  for every array a `Like` (or an array, of which only shape and type count), also in lists and tuples; other
            things as they are, as all options
    Raises Undecided where the page looks into a value.
    """
    recorder = _Recorder()
    given = mapped(inputs, lambda x: recorder.input(x) if isinstance(x, (Like, np.ndarray)) else x)
    count = len(recorder.nodes)
    with trace(recorder.named):
        result = page(*given, **options)
    result = mapped(result, lambda x: x.node if isinstance(x, Lazy) else x)
    return Graph(tuple(recorder.nodes), tuple(recorder.nodes[:count]), result)


def mapped(value: object, f: Callable[[Any], Any]) -> Any:
    """`value` with f of everything in its lists, tuples and dictionaries."""
    if isinstance(value, Like) or not isinstance(value, (list, tuple, dict)):
        return f(value)
    if isinstance(value, dict):
        return {key: mapped(part, f) for key, part in value.items()}
    parts = [mapped(part, f) for part in value]
    return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)


def leaves(value: object) -> Iterator[Any]:
    """Everything in the lists, tuples and dictionaries of `value`."""
    found: list[Any] = []
    mapped(value, found.append)
    return iter(found)


class _Recorder:
    """The nodes of one capture."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def input(self, x: Any) -> Lazy:
        """A new input."""
        shape = tuple(int(size) for size in x.shape)
        options = {"stored": True} if getattr(x, "stored", False) else {}
        return self._add(Node(len(self.nodes), None, (), options, shape, np.dtype(x.dtype)))

    def call(self, operation: Operation, operands: tuple[Any, ...], options: dict[str, Any]) -> Lazy:
        """A new node."""
        if operation.shape is None:
            raise InputError(f"operation {operation.name!r} has no shape rule, so it cannot be part of a plan",
                             fix="give shape= where it is registered")
        shape = operation.shape(*(None if x is None else tuple(x.shape) for x in operands), **options)
        dtype = next(x.dtype for x in operands if x is not None)
        nodes = tuple(x.node if isinstance(x, Lazy) else x for x in operands)
        scope, module = here()
        return self._add(Node(len(self.nodes), operation, nodes, options, tuple(shape), dtype, scope, module,
                              self.line()))

    def _add(self, node: Node) -> Lazy:
        self.nodes.append(node)
        return Lazy(self, node)

    def named(self, name: str, value: object) -> None:
        """The listener of the trace."""
        if isinstance(value, Lazy):
            value.node.names.append(name)

    def line(self) -> str:
        """The innermost line that belongs to a page."""
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_filename.startswith(_NOT_PAGES):
            frame = frame.f_back
        path = Path(frame.f_code.co_filename)
        inside = path.is_relative_to(PACKAGE)
        return f"{path.relative_to(PACKAGE.parent) if inside else path.name}:{frame.f_lineno}"
