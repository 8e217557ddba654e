"""A network as an ONNX file, and the certificate that ONNX Runtime answers with it as we do.

The model is the call of a subject (subject.py): the network as `refvr restore` runs it, norms folded, for one size. It
takes what the drivers of pipeline/ give the network, windows of frames, padded or enlarged, channels last, 0 to 1.

    certificate     largest |ONNX Runtime in float32 - ours in float64| of every output
    floor           noise of float32 in the original, from the network's specification, or in our own direct sums for
                    this very input where that is more; allowed are 4 times that (tolerance.py)
"""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from refvr import ops, zoo
from refvr.errors import InputError
from refvr.media.atomic import write_bytes
from refvr.plan import Like, capture
from refvr.plan.folding import folded
from refvr.plan.graph import Node
from refvr.plan.onnx.model import require_onnx, to_onnx
from refvr.types import DType
from refvr.verify.cases.families import families
from refvr.verify.cases.tolerance import FACTOR
from refvr.verify.runs.network_call import Subject


@dataclass(frozen=True)
class ExportReport:
    """What was written. inputs, outputs: name -> shape; operators: name -> how many nodes are of it."""

    path: str
    subject: str
    bytes: int
    opset: int
    inputs: dict[str, tuple[int, ...]]
    outputs: dict[str, tuple[int, ...]]
    operators: dict[str, int]


@dataclass(frozen=True)
class Certified:
    """One output. difference, floor and allowed in the units of the output; peak: largest size of ours."""

    name: str
    difference: float
    floor: float
    allowed: float
    peak: float
    origin: str

    @property
    def passed(self) -> bool:
        """Whether the difference is explained by the noise of float32."""
        return self.difference <= self.allowed  # False for NaN


def export(subject: Subject, path: str | Path) -> ExportReport:
    """Write the network of `subject` as an ONNX model for the shapes of its operands.

    Raises InputError for a name that does not end in .onnx, without the package onnx, and for an operation that no
    standard operators express.
    """
    if Path(path).suffix != ".onnx":
        raise InputError(f"got the output {path}, expected a name that ends in .onnx")
    require_onnx()
    subject.net.astype(np.float32)
    graph = folded(capture(subject.call, *(Like(x.shape) for x in subject.operands.values())))
    answers = graph.result if isinstance(graph.result, tuple) else (graph.result,)
    outputs: dict[str, Node] = dict(zip(subject.results, answers))
    model = to_onnx(graph, list(subject.operands), outputs, about=_about(subject))
    data = model.SerializeToString()
    write_bytes(Path(path), data)
    return ExportReport(str(path), subject.title, len(data), model.opset_import[0].version,
                        {name: x.shape for name, x in subject.operands.items()},
                        {name: node.shape for name, node in outputs.items()},
                        dict(Counter(node.op_type for node in model.graph.node).most_common()))


def _about(subject: Subject) -> dict[str, str]:
    """What the model says of itself."""
    row = zoo.MODELS.get(str(subject.about.get("model")))
    return {key: str(value) for key, value in {
        "model": subject.about.get("model"), "network": subject.network, "weights": subject.about.get("digest"),
        "layout": "channels last, RGB, 0 to 1", "source": row and row.source, "licence": row and row.licence,
        **subject.options}.items() if value}


def certify(subject: Subject, path: str | Path) -> list[Certified]:
    """Run the model in ONNX Runtime on the subject's operands and compare every output with ours in float64.

    Raises InputError without the package onnxruntime, or for a model that it does not take.
    """
    try:
        import onnxruntime
    except ImportError:
        raise InputError("checking a model needs the package onnxruntime", fix="pip install 'refvr[peers]'") from None
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        found = session.run(list(subject.results), subject.operands)
    except Exception as error:  # the package's own, which have no common class
        raise InputError(f"ONNX Runtime {onnxruntime.__version__} does not run {path}: {error}") from error
    with ops.precision("direct"):
        single, double = _answers(subject, np.float32), _answers(subject, np.float64)
    return [_certified(subject, *row) for row in zip(subject.results, found, single, double)]


def _answers(subject: Subject, dtype: DType) -> list[np.ndarray]:
    net = subject.net.astype(dtype)
    answer = subject.call(*(x.astype(dtype) for x in subject.operands.values()), net=net)
    return list(answer) if isinstance(answer, tuple) else [answer]


def _certified(subject: Subject, name: str, got: np.ndarray, single: np.ndarray, double: np.ndarray) -> Certified:
    peak, family = float(np.abs(double).max(initial=0)), families().get(subject.network)
    noise = float(np.abs(single - double).max(initial=0)), "our own float32 run, direct sums, for this input"
    floor, origin = max(noise, (family.floor * peak, family.stated)) if family else noise
    same = got.shape == double.shape
    difference = float(np.abs(got - double).max(initial=0)) if same else float("inf")
    return Certified(name, difference, floor, FACTOR * floor, peak, origin)
