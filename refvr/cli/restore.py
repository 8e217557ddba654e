"""`refvr restore IN OUT`."""
from __future__ import annotations

import argparse
import sys
from fractions import Fraction

from refvr.precision_names import PRECISIONS, present_name

HELP = "restore a clip: video, folder or glob of images, .npy, .h5, y4m pipe"

EPILOG = """\
example:
  refvr restore holiday.mp4 clean.mp4
  refvr restore small.mp4 large.mp4 --task sr
  refvr restore 'scan/*.png' out/ --precision float64
  ffmpeg -i in.mkv -f yuv4mpegpipe - | refvr restore - - | ffplay -

A truncated input gives every frame that can be decoded and exit status 3.
"""


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that choose the network, its weights and how it computes; shared by several verbs."""
    parser.add_argument("--model", metavar="NAME", help="a name of `refvr models` (default: that of the task)")
    parser.add_argument("--weights", metavar="FILE", help="weight file to use in place of the embedded one")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all cores; the result does not depend on it")
    add_precision(parser)


def add_precision(parser: argparse.ArgumentParser) -> None:
    """--precision, shared by all verbs that run a network."""
    parser.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[0], type=present_name,
                        help="float32, float32 by direct sums only, or float64 throughout (default: winograd)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr restore`."""
    parser.epilog = EPILOG
    parser.add_argument("source", metavar="IN", help="the clip, or - for y4m on standard input")
    parser.add_argument("target", metavar="OUT", help="the restored clip; its ending chooses the format; - for y4m")
    parser.add_argument("--task", choices=("denoise", "sr", "deblur", "spacetime"),
                        help="takes the model recommended for it (default: denoise)")
    add_model_arguments(parser)
    parser.add_argument("--input", choices=("clean", "real"), default="clean", help="with --task sr: real takes the "
                        "model for footage as cameras and sites leave it, noisy and compressed (default: clean)")
    parser.add_argument("--sigma", type=float, metavar="S",
                        help="noise level, 0..255, for networks that are told it (default: what is measured)")
    parser.add_argument("--official", action="store_true",
                        help="as the authors' own driver, which may leave out frames or cut off 8 bits")
    parser.add_argument("--ensemble", action="store_true", help="a little better, slower: the mean of several "
                        "runs, of windows forwards and backwards (remonet-s-told), of the clip so (STFAN), twice the "
                        "work, or over four flips, four times (EDVR)")
    parser.add_argument("--rate", type=_rate, default=Fraction(1), metavar="N",
                        help="N output frames for each of IN, between them in time: 2, 4, 2.5, 8/3 (SAFA; default: 1)")
    parser.add_argument("--scale", type=int, metavar="N",
                        help="enlarge 2 or 4 times each way: takes the model for it (--task sr)")
    parser.add_argument("--routing", default="threshold", metavar="RULE",
                        help="how SAFA chooses scales: threshold (default), full, half, quarter, or the seed of draws")
    parser.add_argument("--fps", type=_rate, metavar="R",
                        help="a new frame rate, 24 or 30000/1001 (default: the times of IN; 25 for images and arrays)")
    parser.add_argument("--start", metavar="PLACE",
                        help="begin there: a frame, counted from 0, or a time with s or colons: 250, 10s, 9.5s, 1:05")
    parser.add_argument("--frames", metavar="N", help="so many frames, or so long: 100, 5s, 0:30 (default: to the end)")
    parser.add_argument("--cuts", default="none", metavar="WHICH",
                        help="each shot is restored as a clip of its own: auto finds the cuts by reading the clip once "
                        "more; a file says them, as `refvr shots` prints it; none (default)")
    parser.add_argument("--at-cuts", choices=("repeat", "nothing"), default="repeat",
                        help="what SAFA shows between two shots: the last frame again (default), or nothing, which "
                        "makes fewer frames")
    many = parser.add_mutually_exclusive_group()
    many.add_argument("--workers", type=int, metavar="N",
                      help="on so many processes of this machine; the result is the same (extra `cluster`)")
    many.add_argument("--cluster", metavar="ADDRESS", help="on the workers of a dask scheduler, tcp://host:8786, which "
                      "see IN and OUT under the same paths: `refvr worker` starts one")
    parser.add_argument("--piece", type=int, metavar="N", help="frames that a worker does at a time (default: 48); "
                        "in one process: after so many the encoder begins anew, and the file is that of workers")
    parser.add_argument("--codec", metavar="NAME", help="video encoder (default: chosen by the ending of OUT)")
    parser.add_argument("--crf", type=float, metavar="Q", help="quality of the encoder; lower is better")
    parser.add_argument("--pix-fmt", metavar="NAME", help="default: yuv420p, "
                        "yuv420p10le where IN has over 8 bits; RGB for ffv1")
    parser.add_argument("--audio", choices=("copy", "convert", "none"), default="copy",
                        help="sound: copied, converted only where OUT cannot hold it; always converted; left out")
    parser.add_argument("--streams", default="all", metavar="WHICH",
                        help="what goes along with the picture: all (default), none, or numbers and kinds: 1,subtitle")
    parser.add_argument("--overwrite", action=argparse.BooleanOptionalAction, default=True,
                        help="replace an existing OUT (default: yes, once the new one is complete)")
    parser.add_argument("--resume", action="store_true",
                        help="go on after the last finished frame of an unfinished run with the same input and options")
    parser.add_argument("--memory", metavar="M", help="most that it may take, 2G or 800M; larger frames go by bands of "
                        "rows, with the same result (default: 3/4 of what is free)")
    parser.add_argument("--json", action="store_true", help="print the report as JSON on standard output")


def run(args: argparse.Namespace) -> int:
    """Restore with progress, print the report; 3 for a truncated input."""
    from refvr.cli.progress import Progress
    from refvr.cli.table import print_json
    from refvr.errors import InputError, printable
    from refvr.pipeline.restore import restore

    if args.json and args.target == "-":
        raise InputError("--json and an output of - both want standard output", fix="leave one of them out")
    with Progress("restoring") as progress:
        report = restore(args.source, args.target, task=args.task, model=args.model, scale=args.scale,
                         real=args.input == "real", weights=args.weights, sigma=args.sigma, precision=args.precision,
                         threads=args.threads, official=args.official, ensemble=args.ensemble, rate=args.rate,
                         routing=args.routing, fps=args.fps, codec=args.codec, crf=args.crf, pix_fmt=args.pix_fmt,
                         audio=args.audio, streams=args.streams, start=args.start, frames=args.frames, cuts=args.cuts,
                         at_cuts=args.at_cuts,
                         workers=args.cluster if args.cluster is not None else args.workers, piece=args.piece,
                         overwrite=args.overwrite, resume=args.resume, memory=args.memory, progress=progress,
                         say=lambda line: print(f"refvr: {line}", file=sys.stderr))
    for warning in report.warnings:
        print(f"refvr: {printable(warning)}", file=sys.stderr)
    if args.json:
        print_json(report)
    else:
        before = f" ({report.resumed} were finished before)" if report.resumed else ""
        print(f"{report.target}: {_count(report.frames)} of {report.width}x{report.height} by {report.model} in "
              f"{report.seconds:.1f} s{before}", file=sys.stderr)
    if report.truncated:
        print(f"refvr: {report.truncated}; {_count(report.frames)} "
              f"{'was' if report.frames == 1 else 'were'} restored", file=sys.stderr)
        return 3
    return 0


def _count(frames: int) -> str:
    return f"{frames} frame{'s' * (frames != 1)}"


def _rate(text: str) -> Fraction:
    """`30000/1001` or `24` or `23.976` -> a fraction."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a number or a fraction such as 30000/1001") from None
