"""Small pages as ONNX models: what ONNX Runtime makes of them, against our own float64 answer."""
from __future__ import annotations

import numpy as np
import pytest

from refvr.errors import InputError
from refvr.plan import Like, capture
from refvr.plan.onnx import to_onnx

pytest.importorskip("onnx", reason="export needs onnx: pip install 'refvr[peers]'")
onnxruntime = pytest.importorskip("onnxruntime", reason="the other side of the comparison")
RNG = np.random.default_rng(0)
EPS = float(np.finfo(np.float32).eps)


def draw(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


X = draw(2, 7, 11, 6)
EVEN = draw(2, 8, 12, 6)
VOLUME = draw(2, 5, 7, 11, 4)


class Weights:
    """Constants of a page in the type of what they meet: w(x, "weight", 3, 3, 5, 7)."""

    def __init__(self):
        self.arrays = {}

    def __call__(self, x, name, *shape):
        if name not in self.arrays:
            self.arrays[name] = draw(*shape)
        return self.arrays[name].astype(x.dtype)


def model_of(page, *xs):
    graph = capture(page, *(Like(x.shape, x.dtype) for x in xs))
    return to_onnx(graph, [f"x{k}" for k in range(len(xs))], {"y": graph.result})


def operators(page, *xs):
    """Those of the model, in order."""
    return [node.op_type for node in model_of(page, *xs).graph.node]


def exported(page, *xs):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(model_of(page, *xs).SerializeToString(), options,
                                           providers=["CPUExecutionProvider"])
    return session.run(None, {f"x{k}": x for k, x in enumerate(xs)})[0]


def agree(page, *xs):
    """In float64 the page is given operands of that type, and takes its constants from `Weights`."""
    want, ours, got = page(*(x.astype(np.float64) for x in xs)), page(*xs), exported(page, *xs)
    assert got.shape == want.shape and got.dtype == np.float32
    noise = max(np.abs(ours - want).max(), EPS * np.abs(want).max())
    assert np.abs(got - want).max() <= 8 * noise


def refusal(page, *shapes):
    """What is said of a page that cannot be exported."""
    with pytest.raises(InputError) as found:
        model_of(page, *(np.empty(shape, np.float32) for shape in shapes))
    return str(found.value)
