"""What looks at each element or pixel alone, and sums over axes."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refvr.plan.onnx.writer import Value, Writer, second
from refvr.types import Shape


def alone(operator: str) -> Callable[..., Value]:
    """An operator of one operand, which keeps the order of its axes."""
    def translate(w: Writer, x: Value, *, y_shape: Shape) -> Value:
        return x._replace(name=w.add(operator, x.name))
    return translate


def together(operator: str) -> Callable[..., Value]:
    """An operator of two operands that broadcast."""
    def translate(w: Writer, a: Value | np.ndarray, b: Value | np.ndarray, *, y_shape: Shape) -> Value:
        if isinstance(a, Value) and a.shape == y_shape and b.shape == ():  # a number changes no order
            return a._replace(name=w.add(operator, a.name, w.operand(b, 0)))
        name = w.add(operator, w.operand(a, len(y_shape)), w.operand(b, len(y_shape)))
        return Value(name, second(len(y_shape)), y_shape)
    return translate


def leaky_relu(w: Writer, x: Value, *, y_shape: Shape, slope: float) -> Value:
    """LeakyRelu."""
    return x._replace(name=w.add("LeakyRelu", x.name, alpha=slope))


def clip(w: Writer, x: Value, *, y_shape: Shape, lo: float, hi: float) -> Value:
    """Clip."""
    return x._replace(name=w.add("Clip", x.name, w.real(lo), w.real(hi)))


def prelu(w: Writer, x: Value, slopes: np.ndarray, *, y_shape: Shape) -> Value:
    """PRelu."""
    x = w.image(x)
    after = tuple(range(1, max(1, len(y_shape) - 1)))  # axes after the channels
    return x._replace(name=w.add("PRelu", x.name, w.parameter(np.expand_dims(slopes, after), "weight")))


def softmax(w: Writer, x: Value, *, y_shape: Shape) -> Value:
    """Softmax over our last axis."""
    return x._replace(name=w.add("Softmax", x.name, axis=x.axis(-1)))


def channel_dot(w: Writer, a: Value, b: Value, *, y_shape: Shape) -> Value:
    """Mul, ReduceSum."""
    product = w.add("Mul", w.operand(a, len(y_shape)), w.operand(b, len(y_shape)))
    at = second(len(y_shape)).index(len(y_shape) - 1)
    return Value(w.add("ReduceSum", product, w.numbers(at), keepdims=1), second(len(y_shape)), y_shape)


def reduced(operator: str) -> Callable[..., Value]:
    """A sum or mean over some axes."""
    def translate(w: Writer, x: Value, *, y_shape: Shape, axis: tuple[int, ...], keepdims: bool) -> Value:
        name = w.add(operator, x.name, w.numbers(*(x.axis(k) for k in axis)), keepdims=int(keepdims))
        left = [k for k in x.order if keepdims or k not in axis]
        return Value(name, tuple(sorted(left).index(k) for k in left), y_shape)
    return translate
