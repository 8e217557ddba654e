"""What translations write into: nodes, constants and names; and values that know the order of their axes.

Ours are channels last, ONNX's convolutions take channels second. A value of ONNX is one of ours with its axes in some
order; most operations leave the order alone, and a Transpose stands only where one needs another.
"""
from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from refvr.errors import InputError
from refvr.ops.core.bands import Shape
from refvr.types import DType

if TYPE_CHECKING:
    from onnx import NodeProto

OPSET, IR_VERSION = 20, 10


class Value(NamedTuple):
    """A tensor of the model: `order` has our axes as they follow one another there; `shape` is ours."""

    name: str
    order: tuple[int, ...]
    shape: Shape

    def axis(self, ours: int) -> int:
        """Where our axis lies."""
        return self.order.index(ours % len(self.order))

    @property
    def sizes(self) -> list[int]:
        """The shape as ONNX has it."""
        return [self.shape[axis] for axis in self.order]


def second(ndim: int) -> tuple[int, ...]:
    """Our axes with the channels after the first one: (0, 3, 1, 2) for images. Below three axes as they are."""
    return (0, ndim - 1, *range(1, ndim - 1)) if ndim > 2 else tuple(range(ndim))


class Writer:
    """A model in the making."""

    def __init__(self, dtype: np.dtype) -> None:
        from onnx import helper

        self.helper, self.dtype = helper, dtype
        self.nodes: list[NodeProto] = []
        self.constants: dict[Any, tuple[str, np.ndarray]] = {}
        self.place, self.line = "", ""  # of the node that is being translated
        self._used: Counter[str] = Counter()
        self._made: dict[str, NodeProto] = {}  # tensor -> the node that makes it, of this translation

    def begin(self, place: str, line: str) -> None:
        """Translate another node: `place` is what its tensors are called after."""
        self.place, self.line, self._made = place, line, {}

    def unique(self, name: str) -> str:
        """`name`, with "#1", "#2" ... after it when it comes again, as in a trace."""
        count = self._used[name]
        self._used[name] += 1
        return f"{name}#{count}" if count else name

    def add(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """A node; the name of its result, or a list of them."""
        name = self.unique(f"{self.place}/{operator}")
        results = [name] if outputs == 1 else [f"{name}/{k}" for k in range(outputs)]
        node = self.helper.make_node(operator, list(inputs), results, name=name, doc_string=self.line, **attributes)
        self.nodes.append(node)
        self._made |= dict.fromkeys(results, node)
        return name if outputs == 1 else results

    def finished(self, value: Value, name: str) -> Value:
        """The value under its public name: that of the tensor itself where this translation made it."""
        node = self._made.pop(value.name, None)
        if node is None:
            node = self.helper.make_node("Identity", [value.name], [name], doc_string=self.line)
            self.nodes.append(node)
        else:
            node.output[list(node.output).index(value.name)] = name
            for other in self._made.values():
                other.input[:] = [name if used == value.name else used for used in other.input]
        node.name = name
        return value._replace(name=name)

    def constant(self, array: object, name: str = "constant") -> str:
        """The name of an array that the model holds; equal arrays are held once."""
        array = np.asarray(array, order="C")   # keeps a scalar one, which Clip wants
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self.constants:
            self.constants[key] = self.unique(f"{self.place}.{name}"), array
        return self.constants[key][0]

    def parameter(self, array: np.ndarray | Value, name: str, axes: tuple[int, ...] | None = None) -> str:
        """A weight in ONNX's layout: our `axes` in its order. InputError for one that the page computes."""
        if isinstance(array, Value):
            raise InputError(f"its {name} is computed, expected a constant")
        return self.constant(array if axes is None else array.transpose(axes), name)

    def numbers(self, *values: int) -> str:
        """A list of integers, as operators take axes and sizes."""
        return self.constant(np.array(values, np.int64), "numbers")

    def real(self, value: object) -> str:
        """A number, or an array of them, of the model's type."""
        return self.constant(np.asarray(value, self.dtype))

    def cast(self, name: str, dtype: DType) -> str:
        """A tensor in another type; everything is in the model's but what has asked for another."""
        return self.add("Cast", name, to=self.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def ordered(self, value: Value, order: tuple[int, ...]) -> Value:
        """The value with its axes in `order`."""
        if value.order == order:
            return value
        transposed = self.add("Transpose", value.name, perm=[value.order.index(axis) for axis in order])
        return Value(transposed, order, value.shape)

    def image(self, x: Value | np.ndarray) -> Value:
        """An operand with its channels second."""
        ndim = len(x.shape)
        if isinstance(x, Value):
            return self.ordered(x, second(ndim))
        return Value(self.constant(x.transpose(second(ndim))), second(ndim), x.shape)

    def operand(self, x: Value | np.ndarray, ndim: int) -> str:
        """An operand of an elementwise operation whose result has `ndim` axes, channels second."""
        if len(x.shape) == 0:
            return x.name if isinstance(x, Value) else self.real(x)
        if len(x.shape) == ndim:
            return self.image(x).name
        shape = (*(1,) * (ndim - len(x.shape)), *x.shape)  # as NumPy broadcasts
        if isinstance(x, np.ndarray):
            return self.constant(x.reshape(shape).transpose(second(ndim)))
        flat = self.add("Reshape", self.ordered(x, tuple(range(len(x.shape)))).name, self.numbers(*shape))
        return self.ordered(Value(flat, tuple(range(ndim)), shape), second(ndim)).name
