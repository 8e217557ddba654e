"""`refvr.compare`: a port in this process, layer by layer, without a file in between."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np

from refvr.errors import InputError, WeightsError, nearest
from refvr.nn import Module
from refvr.types import Options
from refvr.verify.compare.compare import compare_by_pairs
from refvr.verify.compare.gradients import isolated_gradients
from refvr.verify.compare.port_values import their_arrays
from refvr.verify.compare.ports.asks import asked_by
from refvr.verify.compare.ports.callables import ModulePort, is_module, port_of, takes
from refvr.verify.compare.ports.chosen_way import chosen_way
from refvr.verify.compare.ports.feeding import Given
from refvr.verify.compare.ports.module_gradients import gradients_of
from refvr.verify.compare.ports.run_port import program_in, run_port
from refvr.verify.compare.ports.values import NAMED, RunValues
from refvr.verify.compare.reference import remade, run_places
from refvr.verify.compare.report import CompareReport
from refvr.verify.diagnose.port import within
from refvr.verify.runs.as_array import array
from refvr.verify.runs.inputs import Asks, call_of, is_case, subject_of, subject_on
from refvr.verify.runs.network_call import Subject, make_net, network_of
from refvr.verify.runs.operands import operands_of
from refvr.verify.runs.trace_file import is_trace, open_trace

SOURCE = "scene:48x32"   # the demo scene
HOW = ("weights", "init", "settings")   # a network is made
CALL = ("frame", "sigma", "time", "routing")   # what decides which call of a network the reference is

# a module of PyTorch is a function, too; a dictionary has its values; a path is of what `refvr compare` takes
Port: TypeAlias = Callable[..., object] | Mapping[str, object] | str | Path


def compare(reference: str | Path | Module | Subject, port: Port, *inputs: object, source: str = SOURCE,
            seconds: float = 0.0, table: str | Path | None = None, precision: str = "", backward: bool = False,
            **made: Any) -> CompareReport:
    """Compare a port with the reference: each layer is computed here from the port's own input of it.

    reference  a model of `refvr models` ("edvr-m-x4"), a network (`refvr.load`), the path of a trace file or a weight
               file, or a Subject
    port       a module of PyTorch, which is hooked while it runs once; a function, which may call `refvr.keep`; a
               dictionary of values, name -> array; or the path of a file, as `refvr compare` takes it
    inputs     what the port is called with, tensors or arrays; without any it gets what `source` gives the reference,
               in the layout that its first values speak for (functions get arrays of NumPy)
    source     a clip, a folder, an array or the demo scene, as INPUT of `refvr trace`
    seconds    how long to look for the mistake in the guilty layer; 0: not at all
    table      a file of pairs of names, theirs and ours;  precision: of the port, as for `refvr compare`
    backward   also gradients of L = sum(r * output), r random, with respect to inputs, parameters and values, each
               computed from the port's own gradients after it: for a module of PyTorch
    made       weights, init, settings, frame, sigma, time, routing: how the reference is made, as the options of
               `refvr trace`; what decides which call it is follows the port where it is left out (ports/asks.py).
               A model without weights of its own gets those of a module of PyTorch, if they have official names
    The answer's `assert_healthy()` raises AssertionError with the report. Raises InputError or WeightsError where
    nothing can be compared.
    """
    for name in made:
        if name not in (*HOW, *CALL):
            raise InputError(f"compare: got the option {name!r}, expected one of {', '.join((*HOW, *CALL))}",
                             fix=nearest(name, (*HOW, *CALL), "leave it out"))
    if backward and not is_module(port):
        raise InputError(f"got a port of type {type(port).__name__}, expected a module of PyTorch on the way back")
    called, notes = None, []
    if isinstance(port, (str, Path)):
        program = program_in(port)
        asks = partial(asked_by, program) if program is not None else None
        subject = _subject(reference, None, inputs, source, made, asks)
        theirs = their_arrays(port, subject) if program is None else run_port(program, subject, str(port))
    else:
        asks = None if isinstance(port, Mapping) else partial(asked_by, takes(port))
        subject = _subject(reference, port, inputs, source, made, asks)
        if isinstance(port, Mapping):
            theirs = _of_dictionary(port)
        else:
            given = Given(subject.network, subject.operands, subject.options)
            called, title = port_of(port, given), getattr(port, "__name__", type(port).__name__)
            if not inputs:
                feeds, note = chosen_way(called, given, title, partial(run_places, subject))
                notes = [note] if note else []
                inputs = tuple(feeds[want.name] for want in called.wanted)
            theirs = called.values_of(inputs, title)
            theirs.notes += notes
    report, alignment = compare_by_pairs(subject, theirs, with_isolation=True, table=table, precision=precision,
                                         search=within(seconds) if seconds else None)
    if isinstance(called, ModulePort) and backward and not report.stopped:
        gradients = gradients_of(called, subject, inputs)
        report.gradients = isolated_gradients(subject, alignment, report.rows, theirs, gradients)
        report.healthy = report.healthy and not report.wrong_gradients
    return report


def _of_dictionary(values: Mapping[str, object]) -> RunValues:
    found = RunValues("a dictionary")
    for name, value in values.items():
        found.add(str(name), array(value), NAMED)
    if not len(found):
        raise InputError("the dictionary holds no real numbers, expected name -> array")
    return found


def _subject(reference: str | Path | Module | Subject, port: Port | None, inputs: tuple[object, ...], source: str,
             made: Options, asks: Asks | None) -> Subject:
    if isinstance(reference, (str, Path)) and Path(reference).is_file() and is_trace(reference):
        reference = remade(open_trace(reference)[1]["subject"], str(reference))
    if isinstance(reference, Subject):
        return _given(reference, reference.net, inputs, made) if inputs else reference
    if isinstance(reference, Module):
        net = reference
    elif not isinstance(reference, (str, Path)):
        raise InputError(f"got a reference of type {type(reference).__name__}, expected the name of a model, a "
                         "network, a trace file or a Subject")
    elif is_case(str(reference)):
        return subject_of(None, str(reference))
    elif not inputs and not is_module(port):
        return subject_of(str(reference), source, asks=asks, **made)
    else:
        net = _network(str(reference), port, made)
    if inputs:
        return _given(None, net, inputs, made)
    asked = {"model": network_of(net), "input": source}
    return subject_on(net, source, asked | {key: made[key] for key in CALL if key in made}, asks)


def _network(model: str, port: Port | None, made: Options) -> Module:
    """With the weights that are asked for, or there are, or the port has."""
    how = {key: made.get(key) for key in HOW}
    try:
        return make_net(model, **how)
    except WeightsError:
        if any(how.values()) or not is_module(port):
            raise
    with TemporaryDirectory(prefix="refvr-weights-") as folder:
        path = Path(folder) / f"{model}.npz"
        arrays: dict[str, Any] = {name: array(value) for name, value in port.state_dict().items()}
        np.savez(path, **arrays)
        try:
            return make_net(model, weights=str(path))
        except (WeightsError, InputError) as error:
            raise WeightsError(f"there are no weights of {model}, and those of the port are not its: {error.message}",
                               fix="give weights=FILE, or a network as the reference") from None


def _given(subject: Subject | None, net: Module, inputs: tuple[object, ...], made: Options) -> Subject:
    operands, numbers = operands_of(net, inputs)
    if subject is not None:
        return replace(subject, operands=operands)
    network = network_of(net)
    time = numbers[0] if numbers else made.get("time")
    options, results = call_of(network, 0.5 if time is None else time, made.get("routing"))
    return Subject(network, net, operands, options, results, {"model": network, "input": "arrays"})
