"""`refvr convert`."""
from __future__ import annotations

import argparse
import sys

HELP = "convert official weights to ours, or ours to a PyTorch state dict; runs nothing that is in the file"

EPILOG = """\
example:
  refvr convert EDVR_M_x4_SR_REDS_official-32075921.pth -o edvr-m-x4.h5
  refvr convert best-ckpt.pth.tar -o stfan.h5 --model stfan
  refvr convert weights.h5 -o net.pth --reverse

restore, demo and score take official files with --weights too, and convert them on the way.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr convert`."""
    parser.epilog = EPILOG
    parser.add_argument("file", metavar="FILE", help="official weights: PyTorch, HDF5, safetensors or npz")
    parser.add_argument("-o", "--out", metavar="OUT", required=True, help="OUT.h5; with --reverse OUT.pth")
    parser.add_argument("--model", metavar="NAME",
                        help="a name of `refvr models` (default: found by names, shapes and the file's name)")
    parser.add_argument("--reverse", action="store_true", help="write our weights FILE.h5 for torch.load")
    parser.add_argument("--release", metavar="NAME",
                        help="with --reverse: whose names, where there are several, such as edvr-2019")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(args: argparse.Namespace) -> int:
    """Convert and say what was taken and what was left."""
    from refvr.apps.convert import convert, reverse
    from refvr.cli.table import print_json
    from refvr.errors import InputError

    if args.reverse and args.model or args.release and not args.reverse:
        raise InputError("--model is for converting to ours, --release for --reverse", fix="leave one of them out")
    report = reverse(args.file, args.out, release=args.release) if args.reverse \
        else convert(args.file, args.out, model=args.model)
    if args.json:
        print_json(report)
        return 0
    taken = "" if args.reverse else (f" from {report.group or 'the outermost level'}"
                                     + (f", without the prefix {report.prefix}" if report.prefix else ""))
    print(f"{report.target}: {report.model}, {report.arrays} arrays of {report.values:,} values{taken}; "
          f"names of {report.release}")
    for note in report.notes:
        print(f"refvr: {note}", file=sys.stderr)
    if report.others:
        print(f"refvr: names and shapes fit {', '.join(report.others)} as well; --model chooses", file=sys.stderr)
    return 0
