"""`refvr trace MODEL INPUT`."""
from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from refvr.verify.runs.inputs import Asks
    from refvr.verify.runs.network_call import Subject

HELP = "write every named intermediate value of a run to a file, to compare a port with"

EPILOG = """\
MODEL is a name of `refvr models` or a weight file; --init SEED draws weights where there are none. INPUT is a clip, a
folder of images, an array, `scene` (the demo scene, scene:96x64), or a golden case, which needs no MODEL.

example:
  refvr trace edvr-m-x4 scene -o trace.h5 --init 7 --set features=16 --save-weights edvr.pth
  refvr trace remonet-s holiday.mp4 -o trace.h5 --frame 12 --only 'fusion.*' --layout nchw
  refvr trace edvr-m-x4 --names

docs/compare.md says what the names mean and how to write the same from a port.
"""


def add_subject_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say which weights and which part of the input; shared by trace, compare and bounds."""
    parser.add_argument("--weights", metavar="FILE", help="weight file (default: the embedded one, or yours)")
    parser.add_argument("--init", type=int, metavar="SEED", help="draw the weights, as docs/verify.md describes")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], dest="settings",
                        help="with --init or --weights: change a number of the configuration; repeatable")
    parser.add_argument("--frame", type=int, metavar="N",
                        help="which frame of a clip, from 0 (default: the first whose window lies inside of the "
                             "clip: the middle of windows of EDVR, FastDVDnet and DUF, otherwise 0)")
    parser.add_argument("--sigma", type=float, metavar="S", help="noise level, 0..255, for networks that are told it")
    parser.add_argument("--time", type=float, metavar="T",
                        help="SAFA: time of the new frame between two, 0 to 1 (default: 0.5)")
    parser.add_argument("--routing", choices=("threshold", "full", "half", "quarter"),
                        help="SAFA: the scale of all its steps (default: threshold, as it chooses itself)")
    parser.add_argument("--inputs", metavar="FILE",
                        help="arrays that the network is given, under our names (x, frame) or official ones (lr, "
                             "img_blur), channels first or last; what it lacks comes from INPUT, if there is one")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all cores; the result does not depend on it")


def subject_from(args: argparse.Namespace, model: str | None, source: str, asks: Asks | None = None) -> Subject:
    """The subject that these options describe; asks: what a program that is compared asks for where they do not."""
    from refvr.errors import InputError
    from refvr.verify.runs.inputs import subject_of

    if (args.frame or 0) < 0 or not 0 <= (args.time or 0) <= 1:
        raise InputError(f"got frame {args.frame} and time {args.time}, expected a frame from 0 and a time from 0 to 1")
    return subject_of(model, source, weights=args.weights, init=args.init, settings=_settings(args.settings),
                      frame=args.frame, sigma=args.sigma, time=args.time, routing=args.routing, inputs=args.inputs,
                      asks=asks)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr trace`."""
    parser.epilog = EPILOG
    parser.add_argument("what", metavar="MODEL INPUT", nargs="+", help="the network and what it is given; or a case")
    parser.add_argument("-o", "--out", metavar="FILE", help="the trace, HDF5")
    parser.add_argument("--names", action="store_true", help="list the names, on a small picture; writes nothing")
    parser.add_argument("--only", metavar="GLOB", action="append", default=[],
                        help="names that are wanted, such as 'pcd_align.*'; repeatable")
    parser.add_argument("--every", choices=("name", "op"), default="name",
                        help="every named value (default), or also the result of each single operation")
    parser.add_argument("--layout", choices=("nhwc", "nchw"), default="nhwc", help="of stored values (default: nhwc)")
    parser.add_argument("--float64", action="store_true", help="compute and store in float64")
    parser.add_argument("--save-weights", metavar="FILE",
                        help="also write the weights: .pth or .npz in official names and layout, .h5 in ours")
    add_subject_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print what was written, or the names, as JSON")


def run(args: argparse.Namespace) -> int:
    """Trace, or list names."""
    from refvr import ops
    from refvr.cli.progress import Progress
    from refvr.cli.table import print_json
    from refvr.errors import InputError
    from refvr.verify.runs.trace_file import write_trace
    from refvr.verify.runs.weights_out import save_weights

    if args.names:
        return _names(args)
    if not args.out and not args.save_weights:
        raise InputError("got no output, expected -o FILE", fix="refvr trace MODEL INPUT -o trace.h5")
    subject = subject_from(args, *model_and_input(args.what, args.inputs))
    if args.save_weights:
        save_weights(subject.net, args.save_weights)
    if not args.out:
        return 0
    with ops.threads(args.threads), Progress("tracing", "values") as progress:
        report = write_trace(subject, args.out, only=args.only, every_op=args.every == "op", layout=args.layout,
                             dtype="float64" if args.float64 else "float32", progress=progress)
    if args.json:
        print_json(report)
    else:
        print(f"{report.path}: {len(report.names)} values, {report.bytes / 1e6:.1f} MB, {report.layout} "
              f"{report.dtype}; {report.subject}")
    return 0


def model_and_input(words: list[str], inputs: str | None = None) -> tuple[str | None, str]:
    """MODEL INPUT, or INPUT alone; or MODEL alone where `inputs` has everything."""
    from refvr.errors import InputError
    from refvr.verify.runs.inputs import is_case

    if len(words) > 2:
        raise InputError(f"got {len(words)} arguments, expected MODEL INPUT, or a golden case alone")
    if len(words) == 1 and inputs and not is_case(words[0]):
        return words[0], ""
    return (words[0], words[1]) if len(words) == 2 else (None, words[0])


def _names(args: argparse.Namespace) -> int:
    from refvr.cli.table import print_json, show
    from refvr.verify.compare.official_modules import official_modules
    from refvr.verify.runs.inputs import is_case
    from refvr.verify.runs.trace_file import list_names

    case = len(args.what) == 1 and is_case(args.what[0])
    model, source = (None, args.what[0]) if case else args.what if len(args.what) == 2 else \
        (args.what[0], "scene:32x32")
    if len(args.what) == 1 and not case and args.weights is None and args.init is None:
        args.init = 0   # names do not depend on weights
    args.sigma = args.sigma or 25
    subject = subject_from(args, model, source)
    official = official_modules(subject.net)
    rows = [(name, axes, "x".join(map(str, shape)), _official(name, official))
            for name, axes, shape in list_names(subject)]
    if args.json:
        print_json([dict(zip(("name", "axes", "shape", "official"), row)) for row in rows])
    else:
        show(("name", "axes", f"shape for {'x'.join(map(str, next(iter(subject.operands.values())).shape))}",
              "official module"), rows)
    return 0


def _official(name: str, official: dict[str, str]) -> str:
    parts = name.split("#")[0].split(".")
    tails = (".".join(parts[k:]) for k in range(len(parts)))
    return next((official[tail] for tail in tails if tail in official), "")


def _settings(pairs: list[str]) -> dict[str, Any]:
    """["features=16", "widths=[8,16,32]"] -> values."""
    from refvr.errors import InputError

    found = {}
    for pair in pairs:
        key, _, text = pair.partition("=")
        try:
            found[key] = json.loads(text)
        except ValueError:
            raise InputError(f"--set {pair}: expected KEY=VALUE, such as features=16 or widths=[8,16,32]") from None
    return found
