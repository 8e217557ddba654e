"""A program in a file in the place of a dump: run on what the reference was given, all its values kept."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from refvr.records import NETWORKS
from refvr.verify.compare.nearness import Place
from refvr.verify.compare.ports.feeding import Given
from refvr.verify.compare.ports.programs import opened, run_program, runtime_of
from refvr.verify.compare.ports.values import RunValues
from refvr.verify.compare.reference import remade, run_places, stored_inputs, stored_places
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.trace_file import open_trace


def run_port(path: str | Path, reference: Subject | str | Path, runtime: str = "") -> RunValues | None:
    """Every value of the program in `path`, run on the inputs of `reference`, a subject or a trace file.

    runtime  "onnxruntime" or "openvino", for graphs that both run; "": what the file asks for
    None for a file or folder of arrays, which is not run. Raises InputError for a package that is missing, a program
    that cannot be read or run, and inputs that do not fit.
    """
    if not (runtime or runtime_of(path)):
        return None
    program = opened(path, runtime)
    given, ours = _of_subject(reference) if isinstance(reference, Subject) else _of_trace(reference)
    return run_program(program, given, str(path), ours)


def _of_subject(subject: Subject) -> tuple[Given, Callable[[], list[Place]]]:
    return Given(subject.network, subject.operands, subject.options), partial(run_places, subject)


def _of_trace(path: str | Path) -> tuple[Given, Callable[[], list[Place]]]:
    """From the file alone where that is enough: the weights of the run may not be here."""
    stored, attributes = open_trace(path)
    about, operands = attributes["subject"], stored_inputs(path)
    network = about.get("network", "")
    options = remade(about, str(path)).options if network in NETWORKS and NETWORKS[network].call.times else {}

    return Given(network, operands, options), partial(stored_places, stored)
