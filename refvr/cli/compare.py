"""`refvr compare REFERENCE MINE`."""
from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from refvr.verify.compare.found import Row
    from refvr.verify.compare.report import CompareReport

HELP = "compare the intermediate values of a port with ours, and find the layer in which a difference is born"

EPILOG = """\
REFERENCE is a trace file, or MODEL INPUT (see `refvr trace --help`), which are run here. MINE is your port
itself, a program that is run here on the same input with every value kept: an ONNX graph (.onnx), OpenVINO's (.xml), a
program of torch.export (.pt2) or TorchScript (.pt, .ts). Or it is what your port wrote: HDF5, .npz, a folder of .npy
files, safetensors or a PyTorch file.

--isolate computes every layer by this engine from YOUR input of it: what is left is the layer's own error, and that is
measured against what rounding explains there. exit status: 0 healthy, or without --isolate not judged; 1 a guilty
layer, NaN where ours has none, or an output of another shape; 2 input that cannot be used, names that belong to other
values, a port that stops half way, or no guilty layer and no output given

example:
  refvr compare edvr-s-x4 scene:48x32 port.onnx --diagnose
  refvr compare trace.h5 mine.npz --diagnose
  refvr compare edvr-m-x4 scene dump/ --init 7 --set features=16 --isolate --png guilty.png
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `compare`."""
    from refvr.cli.trace import add_subject_arguments

    parser.epilog = EPILOG
    parser.add_argument("reference", metavar="REFERENCE", nargs="+", help="a trace file; MODEL INPUT; or a golden case")
    parser.add_argument("mine", metavar="MINE", help="your port, or the values that it dumped")
    parser.add_argument("--isolate", action="store_true", help="re-run each layer on your input; name the guilty one")
    parser.add_argument("--diagnose", action="store_true",
                        help="name the mistake in the guilty layer too; implies --isolate")
    parser.add_argument("--seconds", type=float, default=25.0, metavar="S",
                        help="with --diagnose: processor time, finding the layer counted, after which nothing more is "
                             "tried; a third of it is left for the search at least (default: 25)")
    parser.add_argument("--precision", metavar="KIND", default="",
                        help="what your port computes in: fp32, fp16, bf16, tf32, int8, or a file that says so of "
                             "each layer (default: as its values tell); implies --isolate")
    parser.add_argument("--runtime", choices=("onnxruntime", "openvino"), default="",
                        help="what runs an .onnx file (default: onnxruntime)")
    parser.add_argument("--before", metavar="INPUT", default="",
                        help="with --diagnose: the clip that your port restored before this one; whether its state was "
                             "not reset is tried too")
    parser.add_argument("--map", metavar="FILE", help="names of yours and of ours: JSON, or two columns")
    parser.add_argument("--png", metavar="FILE",
                        help="with --isolate: a picture of the guilty layer and of the growth (extra plot)")
    parser.add_argument("--brief", action="store_true", help="no table, only what was found")
    add_subject_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(args: argparse.Namespace) -> int:
    """Compare and print."""
    from dataclasses import asdict

    from refvr import ops
    from refvr.cli.progress import Progress
    from refvr.cli.table import print_json
    from refvr.cli.trace import model_and_input, subject_from
    from refvr.drawing.plots import check_picture
    from refvr.errors import InputError
    from refvr.verify.compare.compare import compare
    from refvr.verify.compare.ports.asks import asked_by
    from refvr.verify.compare.ports.run_port import program_in, run_port
    from refvr.verify.compare.reference import remade
    from refvr.verify.diagnose.port import within
    from refvr.verify.runs.layer_precision import stated_precision
    from refvr.verify.runs.trace_file import is_trace, open_trace

    precision = stated_precision(args.precision)
    args.isolate |= args.diagnose or bool(precision)
    if args.png and not args.isolate:
        raise InputError("--png shows the guilty layer, which only --isolate finds", fix="add --isolate")
    if args.png:
        check_picture(args.png)
    reference: Any = args.reference[0]
    program = program_in(args.mine, args.runtime)
    if len(args.reference) > 1 or not is_trace(reference):
        reference = subject_from(args, *model_and_input(args.reference, args.inputs),
                                 asks=partial(asked_by, program) if program is not None else None)
    elif args.inputs:
        reference = remade(open_trace(reference)[1]["subject"], reference, args.inputs)
    with ops.threads(args.threads), Progress("comparing", "values") as progress:
        mine = args.mine if program is None else run_port(program, reference, args.mine)
        report = compare(reference, mine, with_isolation=args.isolate, table=args.map,
                         search=within(args.seconds, args.before) if args.diagnose else None,
                         precision=precision, progress=progress.say)
    if args.json:
        shown = asdict(report)
        if report.guilty:
            shown["guilty"]["map"] = []   # a picture, not a figure
        print_json(shown)
    else:
        _print(report, args)
    if args.png and report.guilty:
        from refvr.verify.compare.plot import draw

        draw(report, args.png)
    if report.guilty or report.first_nan or report.misfit_results:
        return 1
    return 2 if report.names_are_wrong or report.stopped or report.last else 0


def _print(report: CompareReport, args: argparse.Namespace) -> None:
    from refvr.cli.table import prose
    from refvr.verify.compare.text import findings, heading

    prose(*heading(report))
    same = all(row.total is not None and row.total.max_abs == 0 and not row.total.nan for row in report.rows)
    if report.rows and same:
        prose(f"each of the {len(report.rows)} values equals ours exactly")
    elif not args.brief:
        _table(report.rows, args.isolate)
    prose(*findings(report))


def _table(rows: list[Row], isolated: bool) -> None:
    from refvr.cli.table import show

    header = ["name", "aligned", "axes", "max abs", "of peak", "ulp 50 %", "99 %", "max", "cosine", "NaN", "Inf"]
    header += ["own error", "x explained", ""] if isolated else []
    table = []
    for row in rows:
        t = row.total
        cells = [row.name, row.aligned, row.axes, *(f"{value:.1e}" for value in (t.max_abs, t.max_rel)),
                 *(f"{value:.3g}" for value in (t.ulp_50, t.ulp_99, t.ulp_max)), f"{t.cosine:.7f}", str(t.nan or ""),
                 str(t.inf or "")]
        if isolated and row.own is not None and row.times is not None:
            cells += [f"{row.own.max_abs:.1e}", f"{row.times:.2g}", " ".join(
                word for word in ("GUILTY" if row.times > 1 else "", row.stage) if word)]
        table.append(cells)
    least = ["99 %", "ulp 50 %", "NaN", "Inf", "cosine", "max", "aligned", "axes", "max abs"]
    show(header, table, right=range(3, 13), least=[*least, "own error"] if isolated else least)
