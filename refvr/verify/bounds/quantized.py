"""What int8 costs, by a quantised graph of the network: its own scales and zero points, on any input.

The graph is run as it is, with each layer alone in whole numbers, and with few layers in float (quantized_layers.py).
All figures are of runs, against the same graph in float; nothing is predicted from the parts.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import numpy as np

from refvr.errors import InputError
from refvr.verify.bounds.float_weights import FloatWeights
from refvr.verify.bounds.numpy_graph import NumpyGraph
from refvr.verify.bounds.quantized_layers import QuantizedLayers
from refvr.verify.compare.ports.chosen_way import chosen_way
from refvr.verify.compare.ports.feeding import Given
from refvr.verify.compare.reference import run_places
from refvr.verify.compare.text import few
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.sweep import EmulateReport, Progress, decibels, swept

DYNAMIC = {"DynamicQuantizeLinear", "ConvInteger", "MatMulInteger", "DynamicQuantizeMatMul"}
SURELY = 60.0   # dB: nearer to ours the graph in float is the same network


def quantized_cost(subject: Subject, path: str | Path, *, layers: Sequence[str] = (), sweep: bool = False,
                   quality: float = 30, budget: float = 0.1, progress: Progress = lambda done, total: None
                   ) -> EmulateReport:
    """`emulate`, with the arithmetic of the graph in `path`, which was quantised from the network of `subject`.

    layers  globs: which are in whole numbers, the others in float; all without
    Raises InputError for a graph that quantises nothing or while it runs, that is of another network, whose scales do
    not fit, and where no layer fits a glob.
    """
    graph = NumpyGraph(Path(path))
    _check_static(graph)
    found = QuantizedLayers(graph, FloatWeights(subject))
    names = [name for name in found.layers if not layers or any(fnmatchcase(name, glob) for glob in layers)]
    if not found.layers:
        raise InputError(f"{path} quantises nothing: no layer computes with values and weights that come from "
                         "DequantizeLinear", fix="give the file that the quantiser wrote")
    if not any(layer.weights for layer in found.layers.values()):
        raise InputError(f"{path}: none of its weights rounds from one of {subject.title}, not that of "
                         f"{next(iter(found.layers))}", fix="give the weights that were quantised, by --weights FILE")
    if not names:
        raise InputError(f"{path}: no quantised layer fits {', '.join(layers)}", fix="its layers are "
                         f"{few(list(found.layers))}")
    given = Given(subject.network, subject.operands, subject.options)
    feeds, note = chosen_way(graph, given, str(path), partial(run_places, subject))
    answer = graph.model.graph.output[0].name

    def result(whole: Sequence[str]) -> np.ndarray:
        return np.asarray(graph.run(graph.session(found.model(whole)), [answer], feeds)[0], np.float64)

    right = result([])
    report = swept(subject.title, "int8", names, lambda whole: decibels(result(list(whole)), right), sweep=sweep,
                   quality=quality, budget=budget, beside=found.beside, progress=progress)
    notes = [note] * bool(note) + _other_network(subject, right)
    if found.lost:
        notes.append(f"weights of {few(found.lost)} are not known in float and stay rounded")
    return replace(report, notes=tuple(notes), nodes={name: found.layers[name].nodes for name in names})


def _check_static(graph: NumpyGraph) -> None:
    dynamic = next((node for node in graph.model.graph.node if node.op_type in DYNAMIC), None)
    if dynamic is not None:
        raise InputError(f"{graph.path} chooses scales while it runs ({dynamic.op_type}), expected scales in the file",
                         fix="quantise it statically")


def _other_network(subject: Subject, answer: np.ndarray) -> list[str]:
    """A word where the graph in float is not the network."""
    ours = np.asarray(subject.run(np.float32), np.float64)
    sorted_both = np.sort(ours, axis=None), np.sort(answer, axis=None)   # whatever their axes
    same = ours.size == answer.size and decibels(*sorted_both) > SURELY
    return [] if same else ["in float too the graph does not answer as this network does: it has other weights, or the "
                            "clip has values beyond those that its limits were measured on (compare it, in float)"]
