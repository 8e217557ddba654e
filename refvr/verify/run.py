"""Run cases: `verify_case` one of them once, `verify_files` many on several backends and in several precisions."""
from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from glob import glob
from pathlib import Path

import numpy as np

from refvr import ops
from refvr.errors import InputError, RefvrError
from refvr.verify.cases import Case, load_case
from refvr.verify.difference import difference
from refvr.verify.families import FAMILIES, Answer, Family, matches
from refvr.verify.layout import sample
from refvr.verify.report import CaseReport, OutputReport
from refvr.verify.tolerance import tolerance, truth

BACKENDS, DTYPES, PRECISIONS = ("fast", "plain"), ("float32", "float64"), ("fast", "exact")


def verify_case(path: str | Path, *, backend: str = "fast", dtype: str = "float32", precision: str = "fast"
                ) -> CaseReport:
    """Run the case in the file `path` and compare every output and intermediate value it has.

    backend  "fast" or "plain"        dtype  "float32" or "float64"
    precision  "fast" or "exact": direct sums only, as float64 and plain definitions always have
    Raises InputError when the file is no case or its family is unknown.
    """
    return _verify(load_case(path), backend, dtype, precision)


def verify_files(paths: Iterable[str | Path], backends: Iterable[str] = ("fast",),
                 dtypes: Iterable[str] = ("float32",), precisions: Iterable[str] = ("fast",)) -> Iterator[CaseReport]:
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
                yield _verify(case, *run)
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
    if case.family not in FAMILIES:
        raise InputError(f"{case.path}: unknown family {case.family!r}, expected one of {', '.join(FAMILIES)}")
    return FAMILIES[case.family]


def _effective(backend: str, dtype: str, precision: str) -> str:
    """What comes of asking for `precision`."""
    return precision if (backend, dtype) == ("fast", "float32") else "exact"


def _verify(case: Case, backend: str, dtype: str, precision: str) -> CaseReport:
    if dtype not in DTYPES:
        raise InputError(f"dtype: got {dtype!r}, expected {' or '.join(DTYPES)}")
    family, kind, start = _family(case), np.dtype(dtype), time.perf_counter()
    case = family.prepare(case)
    with ops.backend(backend), ops.precision(precision):
        answer = family.run(case, kind)
        seconds = time.perf_counter() - start
        spread = _spread(case, family, answer) if kind == np.float32 and family.grows else {}
    outputs = list(_compare_all(case, family, answer, kind, spread))
    return CaseReport(str(case.path), case.family, backend, dtype, _effective(backend, dtype, precision), seconds,
                      outputs)


_DRAWS = 3  # runs with moved inputs; more than two, because noise of one draw may be small by luck


def _spread(case: Case, family: Family, answer: Answer) -> dict[str, np.ndarray]:
    """Largest change of each growing output over float32 runs with every input moved by one unit in the last place.

    Differences between our own runs: an error that they share is not among them, and stays to be found.
    """
    rng, spread = np.random.default_rng(0), {}
    for _ in range(_DRAWS):
        inputs = {name: np.nextafter(x, rng.choice([-np.inf, np.inf], x.shape).astype(x.dtype))
                  if x.dtype.kind == "f" else x for name, x in case.inputs.items()}
        moved = family.run(replace(case, inputs=inputs), np.dtype(np.float32))
        for name in moved.outputs:
            if matches(name, family.grows) and name in case.outputs64:
                change = sample(np.abs(moved.outputs[name].astype(np.float64) - answer.outputs[name]),
                                case.outputs[name].shape)
                if change is not None:
                    spread[name] = np.maximum(spread.get(name, 0.0), change)
    return spread


def _compare_all(case: Case, family: Family, answer: Answer, dtype: np.dtype,
                 spread: dict[str, np.ndarray]) -> Iterator[OutputReport]:
    """One report for everything the file has; what we computed beyond it is reported as a problem too."""
    for group, stored, computed in (("outputs", case.outputs, answer.outputs), ("trace", case.trace, answer.trace)):
        for name, original in stored.items():
            if name not in computed:
                yield OutputReport(name, group, original.shape, problem="in the file, but not computed")
            elif (got := sample(computed[name], original.shape)) is None:
                yield OutputReport(name, group, original.shape, problem=f"computed with shape {computed[name].shape}, "
                                   f"expected {original.shape}, or a multiple where the case is thinned out")
            else:
                yield _compare(case, family, group, name, got, dtype, spread)
        for name in computed.keys() - stored.keys() if group == "outputs" else ():
            yield OutputReport(name, group, computed[name].shape, problem="computed, but not in the file")


def _compare(case: Case, family: Family, group: str, name: str, got: np.ndarray, dtype: np.dtype,
             spread: dict[str, np.ndarray]) -> OutputReport:
    allowed = tolerance(case, family, group, name, dtype, spread)
    want = truth(case, group, name)
    found = difference(got, want, allowed.value, np.float32 if want.dtype == np.float32 else dtype)
    at_worst = float(np.broadcast_to(allowed.value, got.shape)[found.worst]) if got.size else 0.0
    return OutputReport(name, group, got.shape, at_worst, allowed.origin, found)
