"""`refvr verify`."""
from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING

from refvr.precision_names import MODES, present_name

if TYPE_CHECKING:
    from refvr.verify.cases.report import CaseReport, OutputReport

HELP = "check this engine against recorded answers of the original implementations"

EXAMPLE = """
A case is a file with what a network or an operation was given and what the original answered. Every output in it is
compared, and so is every intermediate value; the tolerance is printed with its origin. A network is run twice: silent,
as `refvr restore` runs it, and traced.

exit status: 0 all passed, 1 something differs, 2 a file is no case or of an unknown family

example:
  refvr verify tests/golden
  refvr verify case.h5 --backend both --dtype both --brief

docs/verify.md explains the figures and the format of a case.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr verify`."""
    parser.epilog = EXAMPLE
    parser.add_argument("files", metavar="FILE", nargs="+", help="cases: files, folders of *.h5, or globs")
    parser.add_argument("--backend", choices=("fast", "plain", "both"), default="fast",
                        help="compiled kernels (default), the NumPy definitions, or both")
    parser.add_argument("--dtype", choices=("float32", "float64", "both"), default="float32", help="default: float32")
    parser.add_argument("--precision", choices=(*MODES, "both"), default=MODES[0], type=present_name,
                        help="of float32: as restore computes by default, or by direct sums only (default: winograd)")
    parser.add_argument("--brief", action="store_true", help="one line a run; what failed is listed all the same")
    parser.add_argument("--json", action="store_true", help="print all figures as JSON")


def run(args: argparse.Namespace) -> int:
    """Verify the files and print what was found."""
    # One BLAS thread, set before NumPy is imported: in plain definitions several wait actively for each other, which
    # beside other programs takes a hundred times as long.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from refvr.verify.cases.run import BACKENDS, DTYPES, find_cases, verify_files

    backends = BACKENDS if args.backend == "both" else (args.backend,)
    dtypes = DTYPES if args.dtype == "both" else (args.dtype,)
    precisions = MODES if args.precision == "both" else (args.precision,)
    reports = []
    for report in verify_files(find_cases(args.files), backends, dtypes, precisions):
        reports.append(report)
        if report.error:
            print(f"refvr: {report.error}", file=sys.stderr)
        elif not args.json:
            _show(report, args.brief)
    passed, unusable = sum(r.passed for r in reports), sum(bool(r.error) for r in reports)
    failed = len(reports) - passed - unusable
    if args.json:
        print(json.dumps([report.as_dict() for report in reports], indent=1))
    else:
        checked = sum(len(report.outputs) for report in reports)
        print(f"{passed} of {len(reports)} runs passed, {failed} failed, {unusable} could not be run; "
              f"{checked} outputs checked")
    return 2 if unusable else 1 if failed else 0


def _show(report: CaseReport, brief: bool) -> None:
    """One line for the run, one for each output; equal origins of tolerances are printed once, as footnotes."""
    worst = report.worst
    used = f"worst: {_title(worst)}, {worst.used:.0%} of its tolerance" if worst else "nothing could be compared"
    print(f"{'pass' if report.passed else 'FAIL'}  {report.path}  {report.family}  {report.backend} {report.dtype}"
          f"{' direct' * (report.precision == 'direct' and report.dtype == 'float32' and report.backend == 'fast')}  "
          f"{len(report.outputs)} outputs in {report.seconds:.2f} s, {used}", flush=True)
    rows = [output for output in report.outputs if not (brief and output.passed)]
    if not rows:
        return
    width = max(len(_title(output)) for output in rows)
    origins: dict[str, int] = {}
    print(f"        {'output':{width}}   max abs   max rel  ulp: 50 %     99 %      max   PSNR dB  used of tolerance")
    for output in rows:
        note = origins.setdefault(output.problem or output.origin, len(origins) + 1)
        print(f"  {'pass' if output.passed else 'FAIL'}  {_title(output):{width}}  {_figures(output)}  [{note}]")
    for origin, note in origins.items():
        print(f"  [{note}] {origin}")


def _title(output: OutputReport) -> str:
    """Its name, and of a network's output which run it is from."""
    return f"{output.name}, {output.run}" if output.run and output.group == "outputs" else output.name


def _figures(output: OutputReport) -> str:
    """The figures of one output, in columns."""
    d = output.difference
    if d is None:
        return " " * 78
    psnr = "equal" if d.psnr_db is None else f"{d.psnr_db:.1f}"
    return (f"{d.max_abs:8.2e}  {d.max_rel:8.2e}  {d.ulp_50:8.3g} {d.ulp_99:8.3g} {d.ulp_max:8.3g}  {psnr:>8}  "
            f"{d.used:4.0%} of {output.tolerance:8.2e}")
