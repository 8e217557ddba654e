"""`diagnose` of a whole port: find the guilty layer in its values as `compare --isolate` does, name the mistake."""
from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from refvr.errors import InputError
from refvr.verify.compare.compare import Progress, Search, compare_by_pairs
from refvr.verify.compare.isolate import Own
from refvr.verify.compare.pairs import Alignment
from refvr.verify.compare.port_values import their_arrays
from refvr.verify.compare.reference import remade
from refvr.verify.diagnose.deadline import Deadline
from refvr.verify.diagnose.diagnosis import Diagnosis
from refvr.verify.diagnose.span import diagnose_span
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.earlier import earlier_calls
from refvr.verify.runs.layer_precision import LayerPrecisions, Precision
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.trace_file import open_trace

SECONDS = 25.0  # of processor time, unless more is given
LEAST = 1 / 3   # of the time, for the search, however long it took to find the layer


def within(seconds: float, before: str = "") -> Search:
    """A search that `compare` can be given, for the mistake in its guilty layer; it takes so long at most.

    seconds  of processor time from now on, finding the layer counted; a third of it is left for the search at least
    before   a clip that the port restored before, whose state it may not have reset (verify/runs/earlier.py)
    """
    began = time.process_time()

    def search(subject: Subject, alignment: Alignment, theirs: Arrays, first: Own, precision: Precision,
               progress: Progress) -> Diagnosis:
        subject = replace(subject, earlier=earlier_calls(subject, before))
        return diagnose_span(subject, alignment, theirs, first.name, first.stage, _left(seconds, began), progress,
                             precision, first.explained)

    return search


def _left(seconds: float, began: float) -> Deadline:
    return Deadline(max(seconds - (time.process_time() - began), seconds * LEAST))


def diagnose_port(reference: str | Path, mine: str | Path | Arrays, *, at: str = "", table: str | Path | None = None,
                  seconds: float = SECONDS, precision: Precision = "", before: str = "",
                  progress: Progress = lambda what, done, total: None) -> Diagnosis:
    """Name the mistake that makes the guilty layer of a port.

    reference  a trace file; the run it was made of is made again
    mine       the values of the port, or the port, as for `compare`; table: a file of pairs of names
    at         another name of ours than the first guilty one
    precision  of the port, as for `compare`
    before     a clip that the port restored before, whose state it may not have reset
    seconds    for all of it; finding the layer is not cut short, and the search then has a third of this at least
    Where nothing is guilty the answer says that it agrees, or which names belong to other values. Raises InputError
    like `compare`.
    """
    began = time.process_time()
    _, attributes = open_trace(reference)
    subject = remade(attributes["subject"], str(reference))
    subject.earlier = earlier_calls(subject, before)
    theirs = mine if isinstance(mine, Arrays) else their_arrays(mine, subject)
    report, alignment = compare_by_pairs(subject, theirs, with_isolation=True, table=table,
                                         precision=precision, progress=progress)
    stage = explained = None
    if not at:
        if report.guilty is None and report.misfit_results:
            raise InputError(report.misfit_results[0], fix="give out a picture of the same size")
        if report.guilty is None:
            worst = max(report.rows, key=lambda row: row.times or 0.0)
            off, peak = (worst.own.max_rel, worst.own.peak) if worst.own else (0.0, 0.0)
            return Diagnosis(subject.network, not report.names_are_wrong, off, (worst.explained or 0.0) / (peak or 1.0),
                             mispaired=[str(pair) for pair in report.mispaired if pair.stated])
        row = next(row for row in report.rows if (row.times or 0.0) > 1)
        if report.digits_explain_all and row.own:
            return Diagnosis(f"{subject.network}, {row.name}", False, row.own.max_rel,
                             (row.explained or 0.0) / (row.own.peak or 1.0), settled=report.digits)
        at, stage, explained = row.name, row.stage, row.explained
    if at not in alignment.pairs:
        raise InputError(f"{theirs.path} has no value for {at!r}", fix="`refvr compare` lists those that both have")
    answer = diagnose_span(subject, alignment, theirs, at, stage, _left(seconds, began), progress,
                           precision if isinstance(precision, LayerPrecisions) else report.precision,
                           explained)
    answer.note = answer.note or report.digits
    known = list(alignment.pairs)
    after = known[known.index(at) - 1] if at != known[0] else "the input"
    answer.subject = f"{subject.network}, from {after} to {at}"
    return answer
