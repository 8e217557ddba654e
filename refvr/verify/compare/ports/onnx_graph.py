"""An ONNX graph in ONNX Runtime, with every value as an output and no node fused away."""
from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from refvr.errors import InputError, printable
from refvr.verify.compare.ports.feeding import Wanted
from refvr.verify.compare.ports.quantized import plain_name, quantized, unrounded
from refvr.verify.compare.ports.quantized_checks import check_quantized
from refvr.verify.compare.ports.quantized_operators import as_qdq
from refvr.verify.compare.ports.scopes import module_names
from refvr.verify.compare.ports.values import RunValues

if TYPE_CHECKING:
    import onnxruntime
    from onnx import GraphProto, ModelProto, NodeProto

AT_ONCE = 1 << 29   # bytes of values that one run is asked for
SCOPES = "pkg.torch.onnx.name_scopes"
TYPES = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool",
         10: "float16", 11: "float64"}


def load_graph(path: Path) -> ModelProto:
    """The model in an .onnx file, its values all different. Raises InputError, without the package onnx too."""
    try:
        import onnx
    except ImportError:
        raise InputError(f"{path} is an ONNX graph, which needs the package onnx", fix="pip install 'refvr[peers]'"
                         ) from None
    try:
        model = onnx.load(str(path))
    except Exception as error:  # protobuf's and the file system's have no common class
        raise InputError(f"{path} is no sound ONNX graph: {one_line(error)}", fix="export it again") from None
    if not model.graph.node:
        raise InputError(f"{path} is no sound ONNX graph: it computes nothing", fix="export it again")
    double = [name for name, count in Counter(_made(model.graph)).items() if count > 1]
    if double:
        raise InputError(f"{path} has two values called {printable(double[0])}, expected names that differ",
                         fix="give the outputs of joined graphs names of their own")
    return model


def _computed(model: ModelProto) -> list[str]:
    return [name for node in model.graph.node for name in node.output if name]


def _said(node: NodeProto) -> str:
    return f"{printable(node.name or node.output[0])} ({node.op_type})"


def _made(graph: GraphProto) -> list[str]:
    """Names of everything that a graph is given or computes."""
    stored = {tensor.name for tensor in graph.initializer}
    return [*(value.name for value in graph.input if value.name not in stored), *stored,
            *(name for node in graph.node for name in node.output if name)]


def one_line(error: BaseException, most: int = 200) -> str:
    """What an exception says, without line breaks."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:most] + ("..." if len(text) > most else "")


class OnnxGraph:
    """A graph and what it takes; `computed`: its values in order; `said`: words that stand beside it in the file."""

    def __init__(self, path: Path) -> None:
        self.path, self.model = path, as_qdq(load_graph(path))
        check_quantized(self.model, path)
        self.said = {entry.key: entry.value for entry in self.model.metadata_props}
        graph = self.model.graph
        stored = {tensor.name for tensor in graph.initializer}
        self.wanted = [Wanted(value.name, _shape(value), TYPES.get(value.type.tensor_type.elem_type, "float32"))
                       for value in graph.input if value.name not in stored]
        self._answers = [value.name for value in graph.output]
        self.quantized = quantized(self.model)
        self.computed = _computed(self.model)

    def results(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        """What the graph answers."""
        return [np.asarray(x) for x in self.run(self.session(self.model), self._answers, feeds)]

    def values(self, feeds: dict[str, np.ndarray], title: str) -> RunValues:
        """Every value; of a graph that stops half way, those before."""
        found, names = RunValues(title), self.names()
        found.grids = {names[name]: grid for name, grid in self.quantized.grids.items()}
        try:
            self._values(self.model, feeds, found)
        except InputError as error:
            count, nodes = self._sound(feeds), self.model.graph.node
            if not count:
                raise
            self._values(self._cut(count), feeds, found)
            found.stopped = f"at {_said(nodes[count])}, {count} of {len(nodes)} nodes are compared: {error.message}"
        if not found.stopped:
            self.say_results(found)
        if found.grids and not found.stopped:
            found.unrounded = RunValues(title)
            self._values(unrounded(self.model, self.quantized), feeds, found.unrounded)
            self.say_results(found.unrounded)
        return found

    def say_results(self, found: RunValues) -> None:
        """Which of the values the graph declares as its outputs."""
        names = self.names()
        for value in self.model.graph.output:
            name = names.get(value.name, value.name)
            if name in found or not TYPES.get(value.type.tensor_type.elem_type, "").startswith("float"):
                found.gives(name, value.name)

    def _values(self, model: ModelProto, feeds: dict[str, np.ndarray], found: RunValues) -> None:
        """A large graph is run several times, for so many values each time as AT_ONCE allows."""
        import onnx

        names = self.names()
        computed = [name for name in _computed(model) if name not in self.quantized.hidden]
        every = onnx.ModelProto()
        every.CopyFrom(model)
        there = {value.name for value in model.graph.output}
        every.graph.output.extend(onnx.ValueInfoProto(name=name) for name in computed if name not in there)
        session = self.session(every)
        for part in self._parts(every, computed, feeds):
            for name, value in zip(part, self.run(session, part, feeds)):
                if isinstance(value, np.ndarray):   # a sequence is none
                    found.add(names[name], value)

    def _sound(self, feeds: dict[str, np.ndarray]) -> int:
        """How many nodes from the start run together."""
        runs, stops = 0, len(self.model.graph.node)
        while stops - runs > 1:
            middle = (runs + stops) // 2
            try:
                self.run(self.session(self._cut(middle)), [], feeds)
                runs = middle
            except InputError:
                stops = middle
        return runs

    def _cut(self, count: int) -> ModelProto:
        """The graph of the first nodes alone, their last value its output."""
        import onnx

        cut = onnx.ModelProto()
        cut.CopyFrom(self.model)
        del cut.graph.node[count:], cut.graph.output[:]
        cut.graph.output.append(onnx.ValueInfoProto(name=_computed(cut)[-1]))
        return cut

    def names(self) -> dict[str, str]:
        """Value of the graph -> what it is called here: the path of its module, where the graph has paths."""
        scopes = [_scopes(node) for node in self.model.graph.node]
        called = module_names([(scope[:-1], scope[-1]) for scope in scopes])
        found = {name: name.strip("/") for name in self.computed}
        taken = set(found.values())
        for node, path in zip(self.model.graph.node, called):
            if path and path not in taken and node.output[0] not in self._answers:
                found[node.output[0]] = path
        made = {name: node for node in self.model.graph.node for name in node.output}
        return found | {name: plain_name(found.get(of, "") or of.strip("/")) if of not in made or _is_of(made[of], of)
                        else f"{made[of].name.strip('/')}_output_0" for name, of in self.quantized.twins.items()}

    def _parts(self, model: ModelProto, computed: Sequence[str], feeds: dict[str, np.ndarray]) -> Iterator[list[str]]:
        sizes = _sizes(model, feeds)
        largest, room = max(sizes.values(), default=0), AT_ONCE
        part: list[str] = []
        for name in computed:
            size = sizes.get(name, largest)
            if part and size > room:
                yield part
                part, room = [], AT_ONCE
            part.append(name)
            room -= size
        if part:
            yield part

    def session(self, model: ModelProto) -> object:
        """A session of ONNX Runtime for the model, on the CPU. Raises InputError where it is missing or refuses."""
        try:
            import onnxruntime
        except ImportError:
            raise InputError(f"{self.path} is run by the package onnxruntime", fix="pip install 'refvr[peers]'"
                             ) from None
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 4
        try:
            return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the package's own, which have no common class
            raise InputError(f"ONNX Runtime {onnxruntime.__version__} does not take {self.path}: {one_line(error)}",
                             fix="dump the values where it runs (docs/recipes.md)") from None

    def run(self, session: onnxruntime.InferenceSession, names: Sequence[str], feeds: dict[str, np.ndarray]
            ) -> list[Any]:
        """Values by their names."""
        try:
            return session.run(list(names), feeds)
        except Exception as error:
            raise InputError(f"ONNX Runtime stopped in {self.path}: {one_line(error)}") from None


def _is_of(node: NodeProto, name: str) -> bool:
    """Whether a value is called after its node; a convolution's has the name of the ReLU that was folded into it."""
    return not node.name.startswith("/") or name.startswith(node.name)


def _shape(value: Any) -> tuple[int | None, ...] | None:
    if not value.type.tensor_type.HasField("shape"):
        return None
    return tuple(axis.dim_value if axis.HasField("dim_value") and axis.dim_value > 0 else None
                 for axis in value.type.tensor_type.shape.dim)


def _scopes(node: NodeProto) -> list[str]:
    """Paths of the modules around a node and what it computes; [""] where the graph does not say."""
    text = next((entry.value for entry in node.metadata_props if entry.key == SCOPES), "")
    try:
        scopes = ast.literal_eval(text) if len(text) < 10_000 else []
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        scopes = []
    return [str(scope) for scope in scopes if scope] or [""] if isinstance(scopes, list) else [""]


def _sizes(model: ModelProto, feeds: dict[str, np.ndarray]) -> dict[str, int]:
    """Bytes of values, of those whose shape is known before a run."""
    import onnx

    sized = onnx.ModelProto()
    sized.CopyFrom(model)
    for value in sized.graph.input:
        if value.name in feeds:
            for axis, size in zip(value.type.tensor_type.shape.dim, feeds[value.name].shape):
                axis.dim_value = size
    try:
        sized = onnx.shape_inference.infer_shapes(sized)
    except Exception:  # what cannot be told is taken for large
        return {}
    return {value.name: 4 * prod(size or 1 for size in _shape(value) or ()) for value in sized.graph.value_info}
