"""Run cases: `verify_case` one of them once, `verify_files` many on several backends and in several precisions."""
from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from glob import glob
from itertools import islice
from pathlib import Path

import numpy as np

from refvr import ops
from refvr.errors import InputError, RefvrError
from refvr.precision_names import present_name
from refvr.verify.cases.across_kinks import SAYS, moved_cases
from refvr.verify.cases.case import Case, load_case
from refvr.verify.cases.checked import checked
from refvr.verify.cases.families import Answer, Family, families, matches
from refvr.verify.cases.layout import sample
from refvr.verify.cases.report import CaseReport, OutputReport
from refvr.verify.cases.spread import Spread, spreads
from refvr.verify.cases.tolerance import FACTOR, LARGEST, tolerance, truth

BACKENDS, DTYPES = ("fast", "plain"), ("float32", "float64")


def verify_case(path: str | Path, *, backend: str = "fast", dtype: str = "float32", precision: str = "winograd"
                ) -> CaseReport:
    """Run the case in the file `path` and compare every output and intermediate value it has.

    A network is run twice: as `refvr restore` runs it, by the plan, which folds norms, and traced, which alone has
    intermediate values. The outputs of both are compared; OutputReport.run says whose they are.

    backend  "fast" or "plain"        dtype  "float32" or "float64"
    precision  "winograd" or "direct": direct sums only, as float64 and plain definitions always have
    Raises InputError when the file is no case or its family is unknown.
    """
    return verify_loaded(load_case(path), backend, dtype, precision)


def verify_files(paths: Iterable[str | Path], backends: Iterable[str] = ("fast",),
                 dtypes: Iterable[str] = ("float32",), precisions: Iterable[str] = ("winograd",)
                 ) -> Iterator[CaseReport]:
    """Reports of all cases, one after the other; what cannot be run becomes a report with `error`, the rest goes on."""
    runs = list(dict.fromkeys((backend, dtype, _effective(backend, dtype, precision))
                              for backend in backends for dtype in dtypes for precision in precisions))
    for path in paths:
        try:
            case = load_case(path)
            _family(case)
        except RefvrError as error:
            yield CaseReport(str(path), "", "", "", "", error=str(error))
            continue
        for run in runs:
            try:
                yield verify_loaded(case, *run)
            except RefvrError as error:
                yield CaseReport(str(path), case.family, *run, error=str(error))


def find_cases(patterns: Iterable[str]) -> list[Path]:
    """Files named by paths, globs and folders (all *.h5 in them), in order; InputError for a pattern with none."""
    found: list[Path] = []
    for pattern in patterns:
        path = Path(pattern)
        matches = sorted(path.glob("*.h5")) if path.is_dir() else [path] if path.exists() \
            else sorted(map(Path, glob(pattern, recursive=True)))
        if not matches:
            raise InputError(f"{pattern}: no case here, expected a file, a folder with *.h5 files or a glob")
        found += matches
    return list(dict.fromkeys(found))


def _family(case: Case) -> Family:
    known = families()
    if case.family not in known:
        raise InputError(f"{case.path}: unknown family {case.family!r}, expected one of {', '.join(known)}")
    return known[case.family]


def _effective(backend: str, dtype: str, precision: str) -> str:
    """What comes of asking for `precision`."""
    return present_name(precision) if (backend, dtype) == ("fast", "float32") else "direct"


def verify_loaded(case: Case, backend: str, dtype: str, precision: str) -> CaseReport:
    """`verify_case` of a case that is in memory."""
    if dtype not in DTYPES:
        raise InputError(f"dtype: got {dtype!r}, expected {' or '.join(DTYPES)}")
    family, kind, start = _family(case), np.dtype(dtype), time.perf_counter()
    case, outputs = family.prepare(case), []
    with ops.backend(backend), ops.precision(precision):
        for run, told in _runs(family, backend):
            answer = family.run(case, kind, *told)
            outputs += _judged(case, family, answer, kind, run)
    return CaseReport(str(case.path), case.family, backend, dtype, _effective(backend, dtype, precision),
                      time.perf_counter() - start, outputs)


def _runs(family: Family, backend: str) -> list[tuple[str, tuple[bool, ...]]]:
    """(name, what Family.run is told) of every run: a network's as `refvr restore` makes it, and the traced one.

    Plain definitions, which `restore` never uses, compute the same with or without a listener.
    """
    if not family.network:
        return [("", ())]
    return [("silent", (False,)), ("traced", (True,))] if backend == "fast" else [("traced", (True,))]


_DRAWS = 3  # after optimiser steps, always; more than two, because noise of one draw may be small by luck
_MOST = 16  # at kinks: each draw has a ReLU on the other side of zero or not, half of them where it is nearest


def _judged(case: Case, family: Family, answer: Answer, dtype: np.dtype, run: str) -> list[OutputReport]:
    """Reports of one run; in float32 with measured noise where it grows, and where kinks may explain a difference."""
    def judged(spread: Spread) -> list[OutputReport]:
        return list(_compare_all(case, family, answer, dtype, spread, run))

    grows = [name for name in answer.outputs if matches(name, family.grows)] if dtype == np.float32 else []
    spread = next(islice(spreads(case, family, answer, grows), _DRAWS - 1, None)) if grows else {}
    reports = judged(spread)
    if dtype != np.float32:
        return reports
    failed = [row for row in reports if not row.passed]
    jumped = [row.name for row in failed] if all(_may_be_a_kink(row, family) for row in failed) else []
    if found := jumped and _across_kinks(case, family, answer, spread, run):
        return found
    for more in islice(spreads(case, family, answer, jumped), _MOST if jumped else 0):
        reports = judged(spread | more)
        if not any(row.name in jumped and not row.passed for row in reports):
            break
    return reports


def _across_kinks(case: Case, family: Family, answer: Answer, spread: Spread, run: str) -> list[OutputReport]:
    """Reports of a float32 run whose gradients are those of inputs some roundings away; none where they are not."""
    single, double = np.dtype(np.float32), np.dtype(np.float64)
    names = [name for name in answer.outputs if matches(name, family.kinks)]
    if not all(row.passed for row in _compare_all(case, family, family.run(case, double), double, {}, run)):
        return []   # float64 must be right before it is a judge
    for moved in moved_cases(case, family, names):
        reports = list(_compare_all(moved, family, answer, single, spread, run))
        if all(row.passed for row in reports):
            return [replace(row, origin=f"{row.origin}; {SAYS}") if row.name in names else row for row in reports]
    return []


def _may_be_a_kink(row: OutputReport, family: Family) -> bool:
    """Whether measured noise might explain a failure: of a gradient, and of a size that noise is allowed to have.

    A case that also fails elsewhere, or by more, fails whatever more runs find: they are not made.
    """
    return matches(row.name, family.kinks) and row.difference is not None \
        and row.difference.max_rel <= FACTOR * LARGEST


def _compare_all(case: Case, family: Family, answer: Answer, dtype: np.dtype, spread: Spread, run: str
                 ) -> Iterator[OutputReport]:
    """One report for everything the file has; what we computed beyond it is reported as a problem too."""
    for group, stored, computed in (("outputs", case.outputs, answer.outputs), ("trace", case.trace, answer.trace)):
        for name, original in stored.items() if group == "outputs" or run != "silent" else ():
            if name not in computed:
                yield OutputReport(name, group, original.shape, problem="in the file, but not computed", run=run)
                continue
            try:
                got = sample(computed[name], original.shape, case.sampling(name))
            except InputError as error:
                yield OutputReport(name, group, original.shape, problem=str(error), run=run)
                continue
            yield _compare(case, family, group, name, got, dtype, spread, run)
        for name in computed.keys() - stored.keys() if group == "outputs" else ():
            yield OutputReport(name, group, computed[name].shape, problem="computed, but not in the file", run=run)


def _compare(case: Case, family: Family, group: str, name: str, got: np.ndarray, dtype: np.dtype,
             spread: Spread, run: str) -> OutputReport:
    allowed = tolerance(case, family, group, name, dtype, spread)
    want = truth(case, group, name)
    found = checked(got, want, allowed.value, np.float32 if want.dtype == np.float32 else dtype)
    at_worst = float(np.broadcast_to(allowed.value, got.shape)[found.worst]) if got.size else 0.0
    return OutputReport(name, group, got.shape, at_worst, allowed.origin, found, run=run)
