"""`refvr degrade CLIP -o DIR --as KIND`."""
from __future__ import annotations

import argparse
import sys

HELP = "make pairs: a degraded and a clean version of a clip, as the networks were trained on"

EPILOG = """\
example:
  refvr degrade holiday.mp4 -o pair --as duf-x4
  refvr degrade holiday.mp4 -o pair --as noise-25 --format h5

KIND is one of
  noise-S      white Gaussian noise of standard deviation S, 0..255
  camera       a sensor's noise, seen through a Bayer mosaic
  duf-x2 -x3 -x4     Gaussian blur and every s-th pixel (DUF)
  bicubic-x2 -x4     MATLAB's imresize (EDVR, SAFA)
  blur         motion blur along the clip's own motion, every second frame (STFAN)
  spacetime    every second frame at a quarter of the size (SAFA)

Writes DIR/degraded and DIR/clean. h5 keeps floats as they are; the others round to 8 bits and clip to [0, 1].
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr degrade`."""
    parser.epilog = EPILOG
    parser.add_argument("source", metavar="CLIP", help="a clean clip: video, folder of images, .npy, .h5, y4m")
    parser.add_argument("-o", "--out", metavar="DIR", required=True, help="folder for the two clips")
    parser.add_argument("--as", dest="kind", metavar="KIND", required=True, help="how, see below")
    parser.add_argument("--format", choices=("png", "h5", "mkv", "mp4"), default="png",
                        help="folders of PNG, or files; mkv is lossless (default: png)")
    parser.add_argument("--frames", type=int, metavar="N", help="read only the first N frames")
    parser.add_argument("--seed", type=int, default=20, metavar="N", help="of the noise (default: 20)")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all cores; the result does not depend on it")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(args: argparse.Namespace) -> int:
    """Degrade with progress, say what was written; 3 for a truncated input."""
    from refvr.apps.degrade import degrade
    from refvr.cli.progress import Progress
    from refvr.cli.table import print_json

    with Progress("degrading") as progress:
        report = degrade(args.source, args.out, args.kind, form=args.format, frames=args.frames, seed=args.seed,
                         threads=args.threads, progress=progress)
    if args.json:
        print_json(report)
    else:
        print(f"{report.files[0]}: {report.degraded} frames, {report.kind}\n{report.files[1]}: {report.clean} frames")
    if report.clipped > 0 and args.format != "h5":
        print(f"refvr: {report.clipped:.1%} of the degraded values lay outside [0, 1] and were clipped; --format h5 "
              "keeps them", file=sys.stderr)
    if report.truncated:
        print(f"refvr: {report.truncated}", file=sys.stderr)
        return 3
    return 0
