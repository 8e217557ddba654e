"""`refvr work`."""
from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refvr.verify.bounds.arithmetic import Work

HELP = "show the arithmetic of one value of an operation: taps, positions, bilinear weights, products, sum"

EXAMPLE = """
OP is fac, dynamic_upsample, deform_conv2d or warp. Without --inputs it works on a picture of the demo scene and on
drawn offsets or filters; with it, on yours, found by name as in `refvr diagnose`.

example:
  refvr work deform_conv2d --at 3,5 --channel 2
  refvr work fac --at 0,0 --channel 1 --inputs mine.npz --set border=zero
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr work`."""
    parser.epilog = EXAMPLE
    parser.add_argument("operation", metavar="OP", help="fac, dynamic_upsample, deform_conv2d or warp")
    parser.add_argument("--at", type=_place, required=True, metavar="Y,X", help="row and column of the result")
    parser.add_argument("--channel", type=int, default=0, metavar="C", help="channel of the result (default: 0)")
    parser.add_argument("--image", type=int, default=0, metavar="N", help="image of the batch (default: 0)")
    parser.add_argument("--inputs", metavar="FILE", action="append", default=[], help="operands by name; repeatable")
    parser.add_argument("--layout", choices=("nhwc", "nchw"), default="nhwc", help="of the inputs (default: nhwc)")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], dest="options",
                        help="an option of the operation, padding=1")
    parser.add_argument("--all", action="store_true", help="print every term, not the 24 largest")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def _place(text: str) -> tuple[int, int]:
    try:
        y, x = map(int, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"got {text}, expected Y,X as in 3,5") from None
    return y, x


def run(args: argparse.Namespace) -> int:
    """Work it out and print."""
    from refvr.cli.diagnose import arrays, options
    from refvr.cli.table import print_json
    from refvr.verify.bounds.arithmetic import STEPS, demo_inputs, work
    from refvr.verify.diagnose.operand_layouts import from_nchw
    from refvr.verify.mistakes import SUBJECTS

    inputs = {name: array for path in args.inputs for name, array in arrays(path).items()}
    if args.layout == "nchw" and args.operation in STEPS:
        channels = inputs["x"].shape[1] if "x" in inputs else 1
        layouts = SUBJECTS[args.operation].layouts
        inputs = {name: from_nchw(array, layouts.get(name, "any"), channels) for name, array in inputs.items()}
    found = work(args.operation, inputs or demo_inputs(args.operation), args.at, args.channel, n=args.image,
                 **options(args.options))
    if args.json:
        print_json(found.as_dict())
    else:
        _show(found, len(found.terms) if args.all else 24)
    return 0


def _show(found: Work, most: int) -> None:
    """A line for each term, four more for its corners."""
    n, y, x = found.at
    print(f"{found.operation}: image {n}, row {y}, column {x}, channel {found.channel}")
    for note in found.notes:
        print(f"  {note}")
    largest = sorted(sorted(range(len(found.terms)), key=lambda k: -abs(found.terms[k].product))[:most])
    for term in (found.terms[k] for k in largest):
        tap = f"tap {','.join(map(str, term.tap))}  " if term.tap else ""
        factors = "".join(f" x {name} {value:.6g}" for name, value in term.weights if name != "logit")
        print(f"  {tap}channel {term.channel}  at ({term.row:.4g}, {term.column:.4g})  value {term.value:.6g}{factors}"
              f" = {term.product:+.8g}")
        for corner in term.corners:
            print(f"      pixel ({corner.row}, {corner.column})  {corner.value:.6g} x {corner.share:.6g}")
    if len(largest) < len(found.terms):
        rest = sum(term.product for k, term in enumerate(found.terms) if k not in largest)
        print(f"  {len(found.terms) - len(largest)} smaller terms (--all shows them): {rest:+.8g}")
    print(f"  sum {found.total:.10g}")
    for name, value in found.after:
        print(f"  + {name} {value:.8g}")
    print(f"  = {found.result:.10g}   (the operation's own answer: {found.answer:.10g})")
