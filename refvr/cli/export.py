"""`refvr export MODEL`."""
from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refvr.verify.runs.exported import Certified, ExportReport

MOST_SIDE, MOST_PIXELS = 1 << 14, 7680 * 4320  # of a frame
HELP = "write a network as an ONNX model, for other runtimes, and check it there"

EPILOG = """\
MODEL is a name of `refvr models` or a weight file; --init SEED draws weights where there are none. The model has
standard operators alone, its weights inside, and takes what `refvr restore` gives the network at that size: windows of
frames, channels last, RGB, 0 to 1; STFAN's state goes in and comes out. Tensors are called as our modules are.

exit status: 0 written and, with --check, within the floor; 1 the check failed; 2 something cannot be expressed

example:
  refvr export edvr-s-x4 --size 320x180 -o edvr.onnx --check
  refvr export stfan-s --size 640x360 -o first.onnx --first
  refvr export safa-s --size 160x90 -o half.onnx --time 0.25 --routing half

docs/export.md shows how to run it, and how to compare a port of it with ours layer by layer.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr export`."""
    parser.epilog = EPILOG
    parser.add_argument("model", metavar="MODEL", help="which network")
    parser.add_argument("-o", "--out", metavar="FILE", required=True, help="the model, a name that ends in .onnx")
    parser.add_argument("--size", metavar="WxH", default="640x360", help="of the clip's frames (default: 640x360)")
    parser.add_argument("--weights", metavar="FILE", help="weight file (default: the embedded one, or yours)")
    parser.add_argument("--init", type=int, metavar="SEED", help="draw the weights, as docs/verify.md describes")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], dest="settings",
                        help="with --init or --weights: change a number of the configuration; repeatable")
    parser.add_argument("--first", action="store_true",
                        help="STFAN: the call for the first frame of a clip, which has no state yet")
    parser.add_argument("--time", type=float, metavar="T",
                        help="SAFA: time of the new frame between two, 0 to 1 (default: 0.5)")
    parser.add_argument("--routing", choices=("full", "half", "quarter"),
                        help="SAFA: the scale of all its steps, which in a model is fixed (default: full)")
    parser.add_argument("--check", action="store_true",
                        help="run it in ONNX Runtime on the demo scene and compare with our float64")
    parser.add_argument("--json", action="store_true", help="print what was written and found as JSON")


def run(args: argparse.Namespace) -> int:
    """Export, and check."""
    from refvr.cli.sizes import frame_size
    from refvr.cli.table import print_json
    from refvr.cli.trace import subject_from
    from refvr.errors import InputError
    from refvr.verify.runs.exported import certify, export

    asked = [word for word, value in (("--time", args.time), ("--routing", args.routing)) if value is not None]
    args.time, args.routing = 0.5 if args.time is None else args.time, args.routing or "full"
    args.frame, args.sigma = int(not args.first), 25.0  # frame 1 has a state; any noise will do for a check
    args.inputs = None
    width, height = frame_size(args.size)
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        raise InputError(f"--size: got {args.size}, expected sides of at most {MOST_SIDE} and at most {MOST_PIXELS} "
                         "pixels: whoever runs a model holds all its values at once",
                         fix="export a smaller size; refvr restore streams large frames by bands")
    subject = subject_from(args, args.model, f"{'scene' if args.check else 'black'}:{width}x{height}")
    if args.first and not subject.record.call.state:
        raise InputError(f"{args.model} has no state: every call is like the first", fix="leave --first out")
    if asked and not subject.record.call.times:
        raise InputError(f"{args.model} makes no frames between two and has no scales to choose",
                         fix=f"leave {asked[0]} out")
    report = export(subject, args.out)
    rows = certify(subject, args.out) if args.check else []
    if args.json:
        print_json({"written": report, "checked": rows})
    else:
        _show(report, rows)
    return int(not all(row.passed for row in rows))


def _show(report: ExportReport, rows: list[Certified]) -> None:
    """The file, and the certificate."""
    nodes = sum(report.operators.values())
    kinds = ", ".join(f"{count} {name}" for name, count in list(report.operators.items())[:4])
    print(f"{report.path}: {report.bytes / 1e6:.1f} MB, opset {report.opset}, {nodes} nodes ({kinds} ...)")
    for kind, ends in (("input", report.inputs), ("output", report.outputs)):
        for name, shape in ends.items():
            print(f"  {kind:6}  {name:12}  {'x'.join(map(str, shape))}")
    for row in rows:
        print(f"  {'pass' if row.passed else 'FAIL'}    {row.name:12}  largest difference {row.difference:.2e}, "
              f"floor {row.floor:.2e}, allowed {row.allowed:.2e} ({row.origin}); peak {row.peak:.3g}")
