"""`refvr demo`."""
from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refvr.apps.demo import DemoReport

HELP = "degrade the demo scene or your own clip, restore it, and show both side by side"

EPILOG = """\
example:
  refvr demo
  refvr demo --task all --out demo
  refvr demo --input holiday.mp4 --sigma 40 --frames 50

Writes degraded.mp4, restored.mp4, clean.mp4, comparison.png (frames and a detail) and over_time.png (a column of
pixels, frame after frame, where flicker shows); with --task all into a folder for each task. There a task that the
clip is too short for is left out, and a line says so.
"""

TASKS = ("denoise", "sr", "deblur", "spacetime")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr demo`."""
    from refvr.cli.restore import add_model_arguments

    parser.epilog = EPILOG
    parser.add_argument("--task", choices=(*TASKS, "all"), default="denoise",
                        help="what is done to the clip and undone again (default: denoise)")
    parser.add_argument("--input", metavar="CLIP", help="a clean clip of your own (default: the demo scene)")
    parser.add_argument("--out", metavar="DIR", default="refvr-demo", help="folder for results (default: refvr-demo)")
    parser.add_argument("--sigma", type=float, default=25, metavar="S", help="strength of the noise (default: 25)")
    parser.add_argument("--frames", type=int, default=20, metavar="N", help="number of frames (default: 20)")
    parser.add_argument("--size", type=size, default=(448, 256), metavar="WxH",
                        help="of the clean scene (default: 448x256)")
    add_model_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(args: argparse.Namespace) -> int:
    """Run the demonstration and print its report; with all tasks, a list of reports."""
    from refvr.apps.demo import demo
    from refvr.cli.progress import Progress
    from refvr.cli.table import print_json
    from refvr.errors import InputError, TooShortError

    every = args.task == "all"
    if every and (args.model or args.weights):
        raise InputError("all tasks at once take the recommended models", fix="name one task with --model, --weights")
    reports = []
    for task in TASKS if every else (args.task,):
        try:
            with Progress(f"demonstration, {task}") as progress:
                reports.append(demo(f"{args.out}/{task}" if every else args.out, task=task, source=args.input,
                                    sigma=args.sigma, frames=args.frames, size=args.size, model=args.model,
                                    weights=args.weights, precision=args.precision,
                                    threads=args.threads, progress=progress))
        except TooShortError as error:
            if not every:
                raise
            print(f"refvr: {task} is left out: {error.message}", file=sys.stderr)
            continue
        if not args.json:
            _print(reports[-1])
    if args.json:
        print_json(reports if every else reports[0])
    truncated = reports[0].truncated if reports else None
    if truncated:
        print(f"refvr: {truncated}; {reports[0].frames} frames were used", file=sys.stderr)
    return 3 if truncated else 0 if reports else 2


def _print(report: DemoReport) -> None:
    print(f"{report.source}, {report.kind}: {report.frames} frames of {report.width}x{report.height}, "
          f"restored by {report.model}\n"
          f"  PSNR  {report.psnr_before:.2f} dB {report.before}, {report.psnr_restored:.2f} dB restored\n"
          f"  time  {report.seconds_per_frame * 1000:.0f} ms per frame on {report.threads} threads")
    print("\n".join(f"  {path}" for path in report.files))


def size(text: str) -> tuple[int, int]:
    """`448x256` -> (448, 256)."""
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected WIDTHxHEIGHT such as 448x256")
    return int(width), int(height)
