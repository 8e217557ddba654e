"""`refvr bounds MODEL INPUT`."""
from __future__ import annotations

import argparse
from functools import partial
from math import inf, isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refvr.verify.runs.network_call import Subject

HELP = "how large rounding errors may be in each layer, and what lower precision costs"

EPILOG = """\
own      largest error of a layer's own float32 arithmetic      worst case  what none that follows the formula exceeds
total    of whole float32 runs: own and inherited               explained  4 x total: what compare grants

--emulate rounds parameters and outputs of layers, sums stay float32. --sweep rounds each layer alone, says what keeping
the costliest in float32 brings, and finds few that must stay so for a loss of at most --budget dB in a result that is
--quality dB from the truth. With --graph scales and zero points are those of your own quantised ONNX graph of the
network, and "nodes" of --json has what to leave out of its quantisation.

example:
  refvr bounds remonet-s scene
  refvr bounds remonet-s scene --emulate fp16
  refvr bounds remonet-s scene --emulate int8 --sweep --layers 'fusion.*'
  refvr bounds edvr-s-x4 clip.mp4 --emulate int8 --graph edvr-int8.onnx --sweep
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr bounds`."""
    from refvr.cli.trace import add_subject_arguments

    parser.epilog = EPILOG
    parser.add_argument("what", metavar="MODEL INPUT", nargs="+", help="as for `refvr trace`")
    parser.add_argument("--emulate", choices=("fp16", "bf16", "tf32", "int8"), help="run layers in lower precision")
    parser.add_argument("--layers", metavar="GLOB", action="append", default=[],
                        help="with --emulate: which layers (default: all); repeatable")
    parser.add_argument("--graph", metavar="FILE",
                        help="with --emulate int8: the quantised ONNX graph whose scales are meant (extra `peers`)")
    parser.add_argument("--sweep", action="store_true", help="with --emulate: the cost of each layer alone")
    parser.add_argument("--budget", type=float, default=0.1, metavar="DB", help="loss that is allowed (default: 0.1)")
    parser.add_argument("--quality", type=float, default=30, metavar="DB",
                        help="PSNR of the result against the truth, to which the loss belongs (default: 30)")
    add_subject_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print all figures as JSON")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from refvr import ops
    from refvr.cli.progress import Progress
    from refvr.cli.table import print_json, prose, show
    from refvr.cli.trace import model_and_input, subject_from
    from refvr.errors import InputError
    from refvr.verify.bounds.measured import bounds
    from refvr.verify.compare.ports.asks import asked_by
    from refvr.verify.compare.ports.run_port import program_in

    if not args.emulate and (args.sweep or args.layers or args.graph):
        raise InputError("--sweep, --layers and --graph belong to --emulate", fix="add --emulate int8")
    if args.graph and args.emulate != "int8":
        raise InputError(f"--graph has scales of int8, got --emulate {args.emulate}", fix="say --emulate int8")
    if not (0 < args.budget < inf and isfinite(args.quality)):
        raise InputError(f"got a budget of {args.budget} dB at {args.quality} dB, expected more than 0 at a number")
    program = program_in(args.graph) if args.graph else None
    asks = None if program is None else partial(asked_by, program)
    subject = subject_from(args, *model_and_input(args.what, args.inputs), asks=asks)
    if args.emulate:
        return _emulate(subject, args)
    with ops.threads(args.threads), Progress("measuring", "values") as progress:
        found = bounds(subject, progress)
    if args.json:
        print_json([{**vars(bound), "explained": bound.explained} for bound in found])
        return 0
    prose(subject.title)
    show(("name", "peak", "own", "worst case", "total", "explained", "of peak"),
         [(b.name, f"{b.peak:.3g}", _short(b.own), _short(b.worst_case), _short(b.total), _short(b.explained),
           _short(b.explained / b.peak if b.peak else 0)) for b in found], right=range(1, 7),
         least=["worst case", "peak", "own", "explained"])
    for why in dict.fromkeys(b.why for b in found if b.why):
        named = [b.name for b in found if b.why == why]
        prose(f"- {', '.join(named[:3])}{f' and {len(named) - 3} more' if len(named) > 3 else ''}: {why}")
    return 0


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"


def _emulate(subject: Subject, args: argparse.Namespace) -> int:
    from refvr import ops
    from refvr.cli.progress import Progress
    from refvr.cli.table import print_json, prose, show
    from refvr.verify.bounds.quantized import quantized_cost
    from refvr.verify.runs.emulate import emulate

    cost = partial(quantized_cost, subject, args.graph) if args.graph else partial(emulate, subject, args.emulate)
    with ops.threads(args.threads), Progress("emulating", "runs") as progress:
        report = cost(layers=args.layers, sweep=args.sweep, quality=args.quality, budget=args.budget,
                      progress=progress)
    if args.json:
        print_json(report)
        return 0
    prose(f"{report.subject}\n{len(report.layers)} layers in {report.precision}: {report.psnr:.2f} dB from the result "
          "of float32")
    if report.each:
        show(("layer alone", "PSNR dB", "must stay"), [(name, f"{psnr:.2f}", "yes" if name in report.keep else "")
                                                      for name, psnr in report.each], right=(1,))
        rows, had = [], 0
        for k, psnr in report.gains:   # each row says which layers come in addition to those above
            added = "+ " * bool(had) + ", ".join(report.order[had:k])
            rows.append((added, f"{psnr:.2f}", f"{psnr - report.psnr:+.2f}"))
            had = k
        show(("kept in float32", "PSNR dB", "gain dB"), rows, right=(1, 2))
        prose(f"a loss of {args.budget:g} dB at {args.quality:g} dB allows {report.wanted:.2f} dB: reached with "
              f"{len(report.keep)} in float32 ({report.kept_psnr:.2f} dB, {report.runs} runs)")
    for note in report.notes:
        prose(f"- {note}")
    return 0
