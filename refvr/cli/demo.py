"""`refvr demo`."""
from __future__ import annotations

import argparse
import sys

HELP = "add noise to the demo scene or to your own clip, restore it, and show both side by side"

EPILOG = """\
example:
  refvr demo --out demo
  refvr demo --input holiday.mp4 --sigma 40 --frames 50

Writes noisy.mp4, restored.mp4, comparison.png, and for the scene clean.mp4.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr demo`."""
    from refvr.cli.restore import add_model_arguments

    parser.epilog = EPILOG
    parser.add_argument("--input", metavar="CLIP", help="a clean clip of your own (default: the demo scene)")
    parser.add_argument("--out", metavar="DIR", default="refvr-demo", help="folder for results (default: refvr-demo)")
    parser.add_argument("--sigma", type=float, default=25, metavar="S", help="strength of the noise (default: 25)")
    parser.add_argument("--frames", type=int, default=20, metavar="N", help="number of frames (default: 20)")
    parser.add_argument("--size", type=size, default=(448, 256), metavar="WxH", help="of the scene (default: 448x256)")
    add_model_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(args: argparse.Namespace) -> int:
    """Run the demonstration and print its report."""
    from refvr.cli.progress import Progress
    from refvr.cli.table import print_json
    from refvr.pipeline.demo import demo

    with Progress("demonstration") as progress:
        report = demo(args.out, source=args.input, sigma=args.sigma, frames=args.frames, size=args.size,
                      model=args.model, weights=args.weights, threads=args.threads, progress=progress)
    if report.truncated:
        print(f"refvr: {report.truncated}; {report.frames} frames were used", file=sys.stderr)
    if args.json:
        print_json(report)
        return 3 if report.truncated else 0
    print(f"{report.source}: {report.frames} frames of {report.width}x{report.height}\n"
          f"  noise sigma {report.sigma:g}, on the scale 0..255\n"
          f"  PSNR  {report.psnr_noisy:.2f} dB noisy, {report.psnr_restored:.2f} dB restored\n"
          f"  time  {report.seconds_per_frame * 1000:.0f} ms per frame on {report.threads} threads")
    print("\n".join(f"  {path}" for path in report.files))
    return 3 if report.truncated else 0


def size(text: str) -> tuple[int, int]:
    """`448x256` -> (448, 256)."""
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected WIDTHxHEIGHT such as 448x256")
    return int(width), int(height)
