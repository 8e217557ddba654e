"""`refvr explain`."""
from __future__ import annotations

import argparse

HELP = "write a page for the browser: what a network saw, what it made of it and why"

EPILOG = """\
CLIP is anything that `refvr restore` reads, or `scene`, the demo scene, degraded as the model expects it.

example:
  refvr explain scene --model edvr-s-x4 --frame 4 -o xray.html
  refvr explain holiday.mp4 --model remonet-s --frame 12 --at 40,100 -o xray.html

The page is one file that needs no network: docs/explain.md says what is on it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr explain`."""
    parser.epilog = EPILOG
    parser.add_argument("clip", metavar="CLIP", help="a clip, or scene")
    parser.add_argument("--model", required=True, metavar="NAME", help="a name of `refvr models`")
    parser.add_argument("--weights", metavar="FILE", help="weight file (default: the embedded one, or yours)")
    parser.add_argument("--frame", type=int, default=4, metavar="K", help="which frame, from 0 (default: 4)")
    parser.add_argument("-o", "--out", default="xray.html", metavar="FILE", help="the page (default: xray.html)")
    parser.add_argument("--at", action="append", type=_place, default=[], metavar="Y,X",
                        help="a pixel of the result whose story is wanted; repeatable")
    parser.add_argument("--grid", type=_grid, default=(4, 6), metavar="RxC",
                        help="rows and columns of pixels that have a story besides (default: 4x6)")
    parser.add_argument("--sigma", type=float, default=25, metavar="S", help="noise level, 0..255 (default: 25)")
    parser.add_argument("--time", type=float, default=0.5, metavar="T", help="SAFA: time between two frames, 0 to 1")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all cores; the result does not depend on it")


def _place(text: str) -> tuple[int, int]:
    try:
        y, x = map(int, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"got {text}, expected ROW,COLUMN such as 40,100") from None
    return y, x


def _grid(text: str) -> tuple[int, int]:
    rows, _, columns = text.partition("x")
    if not (rows.isdigit() and columns.isdigit()) or int(rows) * int(columns) > 200:
        raise argparse.ArgumentTypeError(f"got {text}, expected ROWSxCOLUMNS such as 4x6, at most 200 pixels")
    return int(rows), int(columns)


def run(args: argparse.Namespace) -> int:
    """Write the page."""
    from pathlib import Path

    from refvr import ops
    from refvr.cli.progress import Progress
    from refvr.errors import InputError
    from refvr.explain.sight import look
    from refvr.explain.write import explain
    from refvr.media.atomic import check_target

    if not 0 <= args.time <= 1:
        raise InputError(f"got time {args.time}, expected 0 to 1")
    check_target(Path(args.out), None, overwrite=True)   # before anything takes long
    with ops.threads(args.threads), Progress("looking", "steps") as progress:
        seen = look(args.clip, args.model, args.frame, weights=args.weights, sigma=args.sigma, time=args.time)
        data = explain(seen, args.out, asked=tuple(args.at), grid=args.grid, progress=progress)
    size = Path(args.out).stat().st_size / 1e6
    print(f"{args.out}: {data['title']}, {len(data['points'])} pixels, {size:.1f} MB; open it in a browser")
    return 0
