"""`compare`: a port's values against ours, in order of computation, and with `isolate` where the difference is born.

    reference   a subject, which is run here, or a trace file of one, whose values are taken as they are
    mine        HDF5, .npz, .npy, a folder of .npy, safetensors or a PyTorch file (verify/runs/arrays_in.py); or a
                program, which is run here on the reference's inputs (verify/compare/ports/)

At most one layer of either side is in memory besides what the network itself holds.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np

from refvr.errors import InputError
from refvr.verify.compare.alignment import align
from refvr.verify.compare.between import operations_before
from refvr.verify.compare.fewer_digits import in_fewer_digits
from refvr.verify.compare.forced_run import values_at
from refvr.verify.compare.found import Guilty, Row, Verdict
from refvr.verify.compare.influence import follows, leads_to, without_value
from refvr.verify.compare.isolate import Exact, Own, isolate
from refvr.verify.compare.left_out import without_activation
from refvr.verify.compare.mispaired import Mispaired, settled
from refvr.verify.compare.name_table import read_table
from refvr.verify.compare.nearness import Place
from refvr.verify.compare.pairs import Alignment
from refvr.verify.compare.patterns import largest_by_pixel, where
from refvr.verify.compare.pieces import pieces
from refvr.verify.compare.port_values import their_arrays
from refvr.verify.compare.ports.values import RunValues
from refvr.verify.compare.precision import grid_at, grids_of, settled_precision, told_apart
from refvr.verify.compare.reference import opened
from refvr.verify.compare.report import CompareReport
from refvr.verify.compare.results import RESULTS, right_inside
from refvr.verify.compare.shift import reading
from refvr.verify.compare.text import few
from refvr.verify.difference import Difference
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.layer_precision import Precision
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.which_frame import equal_frames

Progress = Callable[[str, int, "int | None"], None]
_QUIET: Progress = lambda what, done, total: None  # noqa: E731
Search = Callable[[Subject, Alignment, Arrays, Own, Precision, Progress], Verdict]   # Own: the first wrong one


def compare(reference: Subject | str | Path, mine: str | Path | Arrays, *, with_isolation: bool = False,
            table: str | Path | None = None, search: Search | None = None, precision: Precision = "",
            progress: Progress = _QUIET) -> CompareReport:
    """Compare `mine` with the reference.

    mine            a file or folder of arrays, a program in a file, or arrays that are open
    with_isolation  also re-run every layer on their own input; a trace file must then say how it was made
    search          with isolation: who looks for the mistake in the guilty layer (diagnose/port.py, `within`)
    table           a file of pairs of names (theirs, ours): JSON, or two columns
    precision       of the port: fp32, fp16, bf16, tf32, int8, or by layer; "": as its values tell
    Raises InputError where nothing can be compared.
    """
    return compare_by_pairs(reference, mine, with_isolation=with_isolation, table=table,
                            search=search, precision=precision, progress=progress)[0]


def compare_by_pairs(reference: Subject | str | Path, mine: str | Path | Arrays, *, with_isolation: bool = False,
                     table: str | Path | None = None, search: Search | None = None, precision: Precision = "",
                     progress: Progress = _QUIET) -> tuple[CompareReport, Alignment]:
    """`compare`, and which values it paired."""
    theirs = mine if isinstance(mine, Arrays) else their_arrays(mine, reference)
    ours = opened(reference, with_isolation, progress)
    isolated = ours.subject if with_isolation else None
    sharp = theirs.unrounded if isinstance(theirs, RunValues) else None
    alignment = align(ours.places, sharp or theirs, network=ours.network, official=ours.official,
                      table=read_table(table) if table else None)
    if not alignment.pairs:
        raise _nothing_paired(alignment, theirs)
    wrong: list[Mispaired] = []
    notes: list[str] = []
    owns: dict[str, Own] = {}
    if isolated is not None:
        precision, notes = settled_precision(precision, alignment, theirs)
        if precision:
            alignment = alignment if sharp else told_apart(alignment)
        alignment, wrong, exact = settled(isolated, alignment, theirs,
                                          lambda done, total: progress("trying names", done, total))
        owns = _isolated(isolated, alignment, theirs, precision, exact, progress)
    report = CompareReport(ours.title, str(theirs.path), [], alignment.counts(), len(ours.places), alignment.unknown,
                           alignment.misfits, mispaired=wrong)
    report.precision, report.notes = str(precision), [*alignment.notes, *notes]
    if isolated is not None:
        report.notes += equal_frames(isolated)
    report.misfit_results = [_misfit(alignment, theirs, name) for name in alignment.misfit_results]
    if theirs.skipped:
        report.notes.insert(0, f"not numeric, and left out: {few(theirs.skipped)}")
    if isinstance(theirs, RunValues):
        report.stopped, report.notes = theirs.stopped, [*theirs.notes, *report.notes]
    totals = ours.totals(alignment, theirs, {name: own.stage for name, own in owns.items()})
    report.rows = [_row(alignment, name, totals[name], owns.get(name)) for name in alignment.pairs]
    report.not_finite = _first_not_finite(report, alignment, theirs)
    if isolated is not None:
        _judge(report, ours.places, alignment, theirs, isolated, list(owns.values()))
        if report.healthy and (report.last or report.stopped or report.names_are_wrong):
            report.healthy = None   # nothing is wrong in what was judged, which is not all
        if report.guilty and not precision:
            report.digits, report.digits_explain_all = in_fewer_digits(isolated, alignment, theirs,
                                                                       list(owns.values()))
        if report.guilty and search and not report.guilty.inner and not report.digits_explain_all:
            report.guilty = replace(report.guilty, diagnosis=search(
                isolated, alignment, theirs, owns[report.guilty.name], precision, progress))
    return report, alignment


def _isolated(subject: Subject, alignment: Alignment, theirs: Arrays, precision: Precision, exact: Exact,
              progress: Progress) -> dict[str, Own]:
    """Name -> what the layer did by itself; once more where an activation was left out."""
    found = isolate(subject, alignment, theirs, lambda done, total: progress("isolating", done, total),
                    precision=precision, exact=None if precision and grids_of(theirs) else exact,
                    stage_of=exact.decided)
    left_out = without_activation(subject, alignment, theirs, found, precision)
    if left_out:
        found = isolate(subject, alignment, theirs, lambda done, total: progress("isolating again", done, total),
                        precision=precision, stage_of={own.name: own.stage for own in found} | left_out)
    return {own.name: own for own in found}


def _nothing_paired(alignment: Alignment, theirs: Arrays) -> InputError:
    if alignment.misfits:
        return InputError(f"no value in {theirs.path} has a shape like ours: {'; '.join(alignment.misfits[:3])}",
                          fix="dump the values of the same input; pair other names with --map FILE")
    return InputError(f"none of the {len(theirs)} names in {theirs.path} is known here, such as {next(iter(theirs))!r}",
                      fix="`refvr trace MODEL --names` lists ours; pair them with --map FILE")


def _judge(report: CompareReport, places: Sequence[Place], alignment: Alignment, theirs: Arrays, subject: Subject,
           owns: Sequence[Own]) -> None:
    """Fill in who is guilty."""
    order = [place.named.name for place in places]
    first = next((own for own in owns if own.times > 1), None)
    report.healthy = first is None and not report.misfit_results and not report.first_nan
    last = next((name for name in reversed(order) if name in alignment.pairs), "")
    if first is None:
        if order.index(last) < len(order) - 1 and not _same(places, order[-1], last):
            report.last = "" if subject.results[0] in alignment.pairs else last
            report.notes.append(f"none of your values is known to be one after {last}: what follows was not judged")
        elif _unknown(places, alignment, subject.results[0]):
            report.last = last
            report.notes.append(f"none of your values is known to be {subject.results[0]}: it was not judged")
        return
    stage_of = {own.name: own.stage for own in owns}
    leading = leads_to(subject, alignment, theirs, first.name, stage_of)
    span = (*leading, first.name)
    known = [own.name for own in owns]
    start = order.index(span[0])
    before = [name for name in known if order.index(name) < start]
    their, ours = values_at(subject, alignment, theirs, first.name, stage_of)
    judged = [own for own in owns if own.times > 1 and own.name != first.name
              and (own.error.spoiled or own.error.max_abs < np.inf)]   # ours, NaN from theirs, tells nothing
    wrong, free = [own.name for own in judged], set(without_value(alignment)) if judged else set()
    inherit, between = (
        tuple(follows(subject, alignment, theirs, wrong, stage_of, some)) if some and wrong else ()
        for some in (span[:-1], free.difference(span)))
    inner = right_inside(alignment.pairs[first.name], ours, alignment, theirs) if first.name in RESULTS else ""
    calls = operations_before(subject, alignment, theirs, first.name, stage_of) if not leading and not inner else ()
    report.guilty = Guilty(first.name, first.times, first.error, first.noise, before[-1] if before else "", span,
                           tuple(where(their, ours, first.explained)), _growth(report.rows, first.name),
                           tuple((own.name, own.times) for own in judged), largest_by_pixel(their, ours),
                           inner=inner, inherit=inherit, between=between, calls=calls)
    report.notes += _hints(owns, before, first)
    grid = grid_at(first.name, alignment, theirs)
    report.notes += [says] if grid and (says := reading(first.name, their, ours, grid)) else []


def _first_not_finite(report: CompareReport, alignment: Alignment, theirs: Arrays) -> str:
    """Where theirs has NaN or infinity first, in words; "" where it has none that ours has not."""
    row = report.first_nan
    if row is None:
        return ""
    value = alignment.pairs[row.name].parts_of(theirs)
    first = next(start + int(bad[0]) for start, part in pieces(row.shape)
                 if (bad := np.flatnonzero(~np.isfinite(value[part]))).size)
    at = np.unravel_index(first, row.shape)
    what = " and ".join(f"{count} {kind}" for count, kind in ((row.total.nan, "NaN"), (row.total.inf, "infinite"))
                        if count)
    after = report.rows[report.rows.index(row) + 1:]
    alone = after and not any(other.total.nan or other.total.inf for other in after)
    return (f"{row.name} is the first of yours ({', '.join(row.theirs)}) that is NaN or infinite where ours is not: "
            f"{what} of {prod(row.shape)}, first at [{', '.join(str(int(k)) for k in at)}] in our layout"
            + ("; what follows has none, so it may have come in when this was written" if alone else ""))


def _misfit(alignment: Alignment, theirs: Arrays, ours: str) -> str:
    """A result of another shape, in words."""
    name, shape = alignment.misfit_results[ours], next(p.shape for p in alignment.places if p.named.name == ours)
    inner = [part for part, _ in alignment.pairs[ours].parts] if ours in alignment.pairs else []
    return (f"your {name} is {'x'.join(map(str, theirs.entries[name].shape))}, our {ours} is "
            f"{'x'.join(map(str, shape))}" + (f", as your {inner[0]} is: something is done to it after that" if inner
                                              else ""))


def _unknown(places: Sequence[Place], alignment: Alignment, result: str) -> bool:
    """Whether neither a result of ours nor a value that it is once more has one of theirs."""
    return result in [place.named.name for place in places] and not any(
        name == result or _same(places, result, name) for name in alignment.pairs)


def _same(places: Sequence[Place], one: str, other: str) -> bool:
    """Whether two of our values are one: the output is that of the last layer."""
    sample = {place.named.name: place.sample.tobytes() for place in places if place.named.name in (one, other)}
    return sample[one] == sample[other]


def _hints(owns: Sequence[Own], before: Sequence[str], first: Own) -> list[str]:
    stage = {own.name: own.stage for own in owns}
    if before and stage.get(before[-1]):
        return [f"your {before[-1]} is ours {stage[before[-1]]}: what comes in between may be the mistake as well"]
    return []


def _growth(rows: Sequence[Row], name: str) -> tuple[tuple[str, float], ...]:
    from_here = [row for row in rows if row.total is not None]
    names = [row.name for row in from_here]
    from_here = from_here[names.index(name):] if name in names else []
    if not from_here:
        return ()
    largest = max(from_here, key=lambda row: row.total.max_rel)
    return tuple((row.name, row.total.max_rel) for row in (from_here[0], largest, from_here[-1]))


def _row(alignment: Alignment, name: str, total: Difference, own: Own | None) -> Row:
    pair = alignment.pairs[name]
    how = pair.how + (f", {pair.note}" if pair.note else "") + (", channels reordered" if pair.order else "")
    facts = (own.error, own.noise, own.explained, own.times) if own else (None,) * 4
    return Row(name, tuple(part for part, _ in pair.parts), how, pair.axes, pair.shape, own.stage if own else "",
               total, *facts)
