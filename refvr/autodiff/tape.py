"""The tape: a Tensor is an array that remembers which operation made it; `backward` walks those memories in reverse.

    y = f(x)          record("f", y, (x,), vjp)      y.node = (number, name, inputs, vjp)
    backward(L)       dL/dx = sum over all y made from x of vjp_y(dL/dy)

Nothing is recorded for plain arrays: an operation on arrays returns an array, so there is no "no grad" mode to forget.
Nodes are numbered as they are made and visited in descending order from a heap (no recursion, so depth does not
matter, and contributions to one gradient are always added in the same order: the same bits in every run).
"""
from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, cast, overload

import numpy as np

from refvr.errors import MissingGradientError, ShapeError
from refvr.types import Array

if TYPE_CHECKING:
    from typing_extensions import Self  # typing has it from 3.11 on

Vjp = Callable[[np.ndarray], Sequence["np.ndarray | None"]]

# Arithmetic sugar of Tensor ("add", "mul", "neg", "slice" ...): refvr.ops puts its operations here.
OPERATORS: dict[str, Callable[..., Any]] = {}

_numbers = count()


class Node(NamedTuple):
    """How a Tensor came about. `vjp(dy)` gives one gradient, or None, for each input."""

    number: int
    name: str
    inputs: tuple[Tensor | None, ...]
    vjp: Vjp | None


class Arithmetic:
    """What + - * and [] mean for what stands in an array's place."""

    __slots__ = ()
    __array_ufunc__ = None  # makes `array + tensor` call Tensor.__radd__ instead of broadcasting over objects

    def __add__(self, other: object) -> Self:
        return OPERATORS["add"](self, other)

    def __sub__(self, other: object) -> Self:
        return OPERATORS["sub"](self, other)

    def __rsub__(self, other: object) -> Self:
        return OPERATORS["sub"](other, self)

    def __mul__(self, other: object) -> Self:
        return OPERATORS["mul"](self, other)

    def __neg__(self) -> Self:
        return OPERATORS["mul"](self, -1.0)

    def __getitem__(self, index: object) -> Self:
        return OPERATORS["slice"](self, index)

    __radd__ = __add__
    __rmul__ = __mul__


class Tensor(Arithmetic):
    """An array on the tape.

    data  the values, ndarray of float32 or float64
    grad  dL/d(data) after `backward`, for Tensors that no operation made (leaves); None before
    name  shown in errors
    """

    __slots__ = ("data", "grad", "name", "node")

    def __init__(self, data: np.ndarray, *, name: str = "") -> None:
        self.data = np.asarray(data)
        if self.data.dtype not in (np.float32, np.float64):
            raise ShapeError(f"Tensor {name!r}: got dtype {self.data.dtype}, expected float32 or float64")
        self.grad: np.ndarray | None = None
        self.name = name
        self.node: Node | None = None

    shape = property(lambda self: self.data.shape)
    dtype = property(lambda self: self.data.dtype)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)

    def __repr__(self) -> str:
        made = f" from {self.node.name}" if self.node else ""
        return f"Tensor({self.name or 'unnamed'}{made}, shape {self.shape}, {self.dtype})"

    def __len__(self) -> int:
        return len(self.data)


@overload
def array_of(x: None) -> None: ...
@overload
def array_of(x: Array) -> np.ndarray: ...


def array_of(x: Array | None) -> np.ndarray | None:
    """The values of a Tensor; anything else unchanged."""
    return x.data if isinstance(x, Tensor) else cast("np.ndarray | None", x)


def record(name: str, data: np.ndarray, inputs: Sequence[object], vjp: Vjp | None) -> Tensor:
    """Put the result `data` of operation `name` on the tape. `vjp` None: the operation has no gradient."""
    y = Tensor(data, name=name)
    parents = tuple(x if isinstance(x, Tensor) else None for x in inputs)
    y.node = Node(next(_numbers), name, parents, vjp)
    return y


class _Sum:
    """A gradient in the making. Sums into an own array from the second term on: the first may be the operation's."""

    __slots__ = ("owned", "value")

    def __init__(self, first: np.ndarray) -> None:
        self.value = first
        self.owned = False

    def add(self, term: np.ndarray) -> None:
        if self.owned:
            self.value += term
        else:
            self.value, self.owned = self.value + term, True


def backward(y: Array, dy: np.ndarray | None = None) -> None:
    """Set `.grad` of every leaf that `y` was made from; gradients of earlier calls are added to.

    y   the Tensor to differentiate; a single value unless `dy` is given
    dy  dL/dy, same shape as y; default 1
    The tape that led to `y` is used up: activations are freed as the walk passes them.
    Raises MissingGradientError naming an operation without gradient, or one walked before; for an array, too, which
    nothing was recorded for.
    """
    if not isinstance(y, Tensor):
        raise MissingGradientError(f"backward: got {type(y).__name__}, expected a Tensor: nothing it was made from is "
                                   "on the tape", fix="wrap what you want gradients of in Tensor, or net.watch()")
    if dy is None:
        if y.size != 1:
            raise ShapeError(f"backward: got a result of shape {y.shape}, expected a single value",
                             fix="sum it, or give dy")
        dy = np.ones_like(y.data)
    if dy.shape != y.shape:
        raise ShapeError(f"backward: got dy of shape {dy.shape}, expected {y.shape}")
    sums = {id(y): _Sum(np.asarray(dy, y.dtype))}
    heap: list[tuple[int, int]] = []
    waiting: dict[tuple[int, int], Tensor] = {}

    def visit(x: Tensor) -> None:
        if x.node is None:  # a leaf
            waiting.setdefault((-1, id(x)), x)
        elif (x.node.number, id(x)) not in waiting:
            waiting[x.node.number, id(x)] = x
            heapq.heappush(heap, (-x.node.number, id(x)))

    visit(y)
    while heap:
        number, key = heapq.heappop(heap)
        x = waiting.pop((-number, key))
        if x.node is not None:
            _step(x, x.node, sums.pop(key).value, sums, visit)
    for (_, key), leaf in waiting.items():
        total = sums.pop(key).value
        leaf.grad = total.copy() if leaf.grad is None else leaf.grad + total


def _step(y: Tensor, node: Node, dy: np.ndarray, sums: dict[int, _Sum], visit: Callable[[Tensor], None]) -> None:
    """Pass dL/dy through the operation that made `y`."""
    if node.vjp is None:
        raise MissingGradientError(f"operation {node.name!r} has no gradient",
                                   fix="keep it outside of what is trained")
    grads = node.vjp(dy)
    y.node = node._replace(inputs=(), vjp=_used_up(node.name))  # lets go of the activations
    for x, dx in zip(node.inputs, grads):
        if x is None or dx is None:
            continue
        if dx.shape != x.shape:
            raise ShapeError(f"adjoint of {node.name!r}: got a gradient of shape {dx.shape}, expected {x.shape}")
        if id(x) in sums:
            sums[id(x)].add(dx)
        else:
            sums[id(x)] = _Sum(dx)
        visit(x)


def _used_up(name: str) -> Vjp:
    def vjp(dy: np.ndarray) -> Sequence[np.ndarray | None]:
        raise MissingGradientError(f"the tape through {name!r} was used up by an earlier backward",
                                   fix="compute the result again")
    return vjp
