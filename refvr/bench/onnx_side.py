"""A third side of a race: the network as `refvr export` writes it, in ONNX Runtime, or in OpenVINO.

A round is one call of the model on frames that are there already, in the size that our drivers give the network:
windows as they are, a recurrent network with its state fed back. Nothing is shared between windows, as a graph of one
call cannot.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np

from refvr.bench.subjects import call_options, driven_multiple, inputs_of, round_of
from refvr.errors import InputError
from refvr.nn.module import Module
from refvr.plan import Like, capture
from refvr.plan.folding import folded
from refvr.plan.onnx.model import to_onnx
from refvr.records import record_of

Call = Callable[[Mapping[str, np.ndarray]], "list[np.ndarray]"]  # inputs by name -> outputs


def why_no_onnx(spec: Mapping[str, Any]) -> str:
    """"" where this side can run, else the reason in a few words."""
    if spec["job"] != "clip":
        return "a graph is raced on clips alone"
    return "" if find_spec("onnx") and find_spec("onnxruntime") else "no ONNX Runtime: pip install 'refvr[peers]'"


def padded(net: Module, size: tuple[int, int]) -> tuple[int, int]:
    """(h, w) of what the network gets for frames of `size`, width first."""
    enlarged, multiple = record_of(net).call.enlarged, driven_multiple(net)
    w, h = (-(-enlarged * length // multiple) * multiple for length in size)
    return h, w


def model_of(net: Module, size: tuple[int, int]) -> tuple[bytes, dict[str, np.ndarray], list[str]]:
    """The model, drawn inputs by name, and the names of its outputs: the frames, and the state of a recurrent one."""
    call = record_of(net).call
    options = ({"times": [0.0, 0.5]} if call.times else {}) | call_options(net)
    h, w = padded(net, size)
    shapes = [(*x.shape[:-3], h, w, x.shape[-1]) for x in inputs_of(net, 1, net.config.multiple) if np.ndim(x) > 3]
    graph = capture(net, *map(Like, shapes), **options)
    if call.state:
        shapes.append(graph.result[1].shape)
        graph = capture(net, *map(Like, shapes), **options)
    graph = folded(graph)
    answers = graph.result if isinstance(graph.result, tuple) else (graph.result,)
    names, rng = [f"in{k}" for k in range(len(shapes))], np.random.default_rng(2)
    outputs = dict(zip(call.results, answers))
    drawn = {name: rng.random(shape, np.float32) for name, shape in zip(names, shapes)}
    return to_onnx(graph, names, outputs).SerializeToString(), drawn, list(outputs)


class Clip:
    """The exported network, a call a round."""

    def __init__(self, net: Module, spec: Mapping[str, Any]) -> None:
        data, self._feeds, outputs = model_of(net, tuple(spec["size"]))
        runtime = _in_openvino if spec.get("side") == "openvino" else _in_onnx_runtime
        self._call, self._round = runtime(data, outputs, spec["threads"]), round_of(net)

    def run(self) -> int:
        """One call; the number of frames that it gives."""
        found = self._call(self._feeds)
        if len(found) > 1:  # previous, restored and state of the next frame
            first, *_, last = list(self._feeds)
            self._feeds |= {"in1": self._feeds[first], "in2": found[0], last: found[1]}
        return self._round

    def rehearse(self) -> dict[str, Any]:
        """The runtime has nothing to find out."""
        self.run()
        return {}


def _in_onnx_runtime(data: bytes, outputs: list[str], threads: int) -> Call:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the package's own, which have no common class
        raise InputError(f"ONNX Runtime does not take the model: {error}") from error
    return lambda feeds: session.run(outputs, feeds)


def _in_openvino(data: bytes, outputs: list[str], threads: int) -> Call:
    """In float32: processors that have a shorter type would compute in that."""
    try:
        import openvino
    except ImportError:
        raise InputError("no OpenVINO: pip install 'refvr[openvino]'") from None
    how = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    try:
        core = openvino.Core()
        request = core.compile_model(core.read_model(data, b""), "CPU", how).create_infer_request()
    except Exception as error:  # the package's own, which have no common class
        raise InputError(f"OpenVINO does not take the model: {' '.join(str(error).split())[:200]}") from error

    def call(feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        found = request.infer(dict(feeds))
        return [np.array(found[name]) for name in outputs]

    return call
