"""What goes value by value, sums along axes, and arrangements."""
import numpy as np

from onnx_node_calls.refuse import floats, lacks
from refvr import ops


def pointwise(call, *options):
    """A function of one operand; `options` are (attribute, default) in the order of its arguments."""
    def run(i, a, _):
        floats(i[0])
        return call(i[0], *(a.get(name, default) for name, default in options))
    return run


def arithmetic(call):
    """Of two operands, or, of Sum, of more."""
    def run(i, a, _):
        floats(*i)
        y = i[0]
        for other in i[1:]:
            y = call(y, other)
        return y
    return run


def clip(i, a, _):
    """Clip: a limit that is missing is the type's own."""
    x, lo, hi = [*i, None, None][:3]
    floats(x)
    most = float(np.finfo(x.dtype).max)
    lacks("limits", lo is not None and hi is not None and lo > hi)
    return ops.clip(x, -most if lo is None else float(lo), most if hi is None else float(hi))


def prelu(i, a, _):
    """PRelu: slopes along the last axis are those of channels."""
    x, slope = i
    if slope.shape == x.shape[-1:]:
        return ops.prelu(x, slope)
    lacks("slopes", x.ndim < 2 or slope.shape != (x.shape[1], *[1] * (x.ndim - 2)))
    return np.moveaxis(ops.prelu(np.ascontiguousarray(np.moveaxis(x, 1, -1)), slope.ravel()), -1, 1)


def softmax(i, a, _):
    """Softmax along any axis, which becomes the last."""
    axis = a.get("axis", -1)
    return np.moveaxis(ops.softmax(np.ascontiguousarray(np.moveaxis(i[0], axis, -1))), -1, axis)


def reduced(call):
    """ReduceMean and ReduceSum: axes are the second operand, or an attribute."""
    def run(i, a, _):
        x, axes = [*i, None][:2]
        floats(x)
        axes = a.get("axes") if axes is None else axes
        if axes is not None and len(axes) == 0:
            axes = None
        if axes is None and a.get("noop_with_empty_axes"):
            return x
        axis = None if axes is None else tuple(int(k) for k in axes)
        return np.asarray(call(x, axis, keepdims=bool(a.get("keepdims", 1))))
    return run


def concat(i, a, _):
    """Concat."""
    return ops.concat(*i, axis=a["axis"])


def split(i, a, outputs):
    """Split: equal parts, the last one smaller, unless sizes are given."""
    x, sizes = [*i, None][:2]
    axis = a.get("axis", 0)
    n, parts = x.shape[axis], len(outputs)
    each = -(-n // parts)
    sizes = [min(each, n - k * each) for k in range(parts)] if sizes is None else [int(s) for s in sizes]
    lacks("empty", min(sizes) == 0)
    return list(ops.split(x, sizes, axis))


def slice_(i, a, _):
    """Slice."""
    x, starts, ends, axes, steps = [*i, None, None][:5]
    axes = range(len(starts)) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    index = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps):
        index[int(axis)] = slice(int(start), int(end), int(step))
    lacks("backwards", any((s.step or 1) < 0 or len(range(n)[s]) == 0 for s, n in zip(index, x.shape)))
    return ops.slice(x, tuple(index))


def reshape(i, a, _):
    """Reshape: 0 keeps an axis (without allowzero), -1 is what is left."""
    x, shape = i
    shape = [x.shape[k] if s == 0 and not a.get("allowzero") else int(s) for k, s in enumerate(shape)]
    lacks("empty", 0 in shape)
    return ops.reshape(x, np.empty(x.shape, bool).reshape(shape).shape)


def matmul(i, a, _):
    """MatMul with one matrix."""
    x, w = i
    lacks("matrices", w.ndim != 2)
    return ops.linear(x, w)


def gemm(i, a, _):
    """Gemm: alpha A B + beta C."""
    x, w, c = [*i, None][:3]
    x = x.T if a.get("transA") else x
    w = w.T if a.get("transB") else w
    y = ops.mul(ops.linear(np.ascontiguousarray(x), np.ascontiguousarray(w)), np.float32(a.get("alpha", 1.0)))
    return y if c is None else ops.add(y, ops.mul(c, np.float32(a.get("beta", 1.0))))
