"""A program in a file in the place of a dump: run on what the reference was given, all its values kept."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from refvr.records import NETWORKS
from refvr.verify.compare.nearness import Place
from refvr.verify.compare.ports.asks import other_call
from refvr.verify.compare.ports.chosen_way import Program
from refvr.verify.compare.ports.feeding import Given
from refvr.verify.compare.ports.programs import opened, run_program, runtime_of
from refvr.verify.compare.ports.values import RunValues
from refvr.verify.compare.reference import remade, run_places, stored_inputs, stored_places
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.trace_file import open_trace


def program_in(path: str | Path, runtime: str = "") -> Program | None:
    """The program in `path`; None for a file or folder of arrays, which is not run.

    runtime  "onnxruntime" or "openvino", for graphs that both run; "": what the file asks for
    Raises InputError for a package that is missing and a program that cannot be read.
    """
    return opened(path, runtime) if runtime or runtime_of(path) else None


def run_port(program: Program, reference: Subject | str | Path, title: str) -> RunValues:
    """Every value of a program, run on the inputs of `reference`, a subject or a trace file.

    Raises InputError for a program that cannot be run, and for inputs that do not fit.
    """
    given, ours, about = _of_subject(reference) if isinstance(reference, Subject) else _of_trace(reference)
    values = run_program(program, given, title, ours)
    values.notes += other_call(program, given.network, about, given.operands)
    return values


Reference = tuple[Given, Callable[[], list[Place]], dict[str, Any]]   # and our own run, and how the reference was made


def _of_subject(subject: Subject) -> Reference:
    return Given(subject.network, subject.operands, subject.options), partial(run_places, subject), subject.about


def _of_trace(path: str | Path) -> Reference:
    """From the file alone where that is enough: the weights of the run may not be here."""
    stored, attributes = open_trace(path)
    about, operands = attributes["subject"], stored_inputs(path)
    network = about.get("network", "")
    options = remade(about, str(path)).options if network in NETWORKS and NETWORKS[network].call.times else {}
    return Given(network, operands, options), partial(stored_places, stored), about
