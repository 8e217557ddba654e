"""`refvr explain`."""
from __future__ import annotations

import argparse

HELP = "write a page for the browser, or one figure: what a network saw, what it made of it and why"

EPILOG = """\
CLIP is anything that `refvr restore` reads, or `scene`, the demo scene, degraded as the model expects it; scene:112x64
says how large the frames are that the model is given.

example:
  refvr explain scene --model edvr-s-x4 --frame 4 -o xray.html
  refvr explain holiday.mp4 --model remonet-s --frame 12 --at 40,100 -o xray.html
  refvr explain scene --model edvr-s-x4 --png offsets -o fig.png

The page is one file that needs no network: docs/explain.md says what is on it. --png and --svg draw one figure
instead: filters (DUF, STFAN), offsets and attention (EDVR), flow and scales (SAFA), provenance and
dataflow (all).
"""

FIGURES = ("filters", "offsets", "flow", "attention", "scales", "provenance", "dataflow")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr explain`."""
    parser.epilog = EPILOG
    parser.add_argument("clip", metavar="CLIP", help="a clip, scene or scene:WxH")
    parser.add_argument("--model", required=True, metavar="NAME", help="a name of `refvr models`")
    parser.add_argument("--weights", metavar="FILE", help="weight file (default: the embedded one, or yours)")
    parser.add_argument("--frame", type=int, default=4, metavar="K", help="which frame, from 0 (default: 4)")
    parser.add_argument("-o", "--out", metavar="FILE", help="the page, or the figure (default: xray.html, NAME.png)")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--png", choices=FIGURES, metavar="NAME",
                      help=f"draw this figure in place of the page: {', '.join(FIGURES)}")
    kind.add_argument("--svg", choices=FIGURES, metavar="NAME", help="the same as SVG")
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
    """Write the page, or draw a figure."""
    from pathlib import Path

    from refvr import ops
    from refvr.cli.progress import Progress
    from refvr.errors import InputError
    from refvr.explain.sight import look
    from refvr.explain.write import explain
    from refvr.media.atomic import check_target, check_writable

    if not 0 <= args.time <= 1:
        raise InputError(f"got time {args.time}, expected 0 to 1")
    if args.png or args.svg:
        return _figure(args)
    out = args.out or "xray.html"
    check_target(Path(out), None, overwrite=True)   # before anything takes long
    check_writable(Path(out))
    with ops.threads(args.threads), Progress("looking", "steps") as progress:
        seen = look(args.clip, args.model, args.frame, weights=args.weights, sigma=args.sigma, time=args.time)
        data = explain(seen, out, asked=tuple(args.at), grid=args.grid, progress=progress)
    size = Path(out).stat().st_size / 1e6
    print(f"{out}: {data['title']}, {len(data['points'])} pixels, {size:.1f} MB; open it in a browser")
    return 0


def _figure(args: argparse.Namespace) -> int:
    from pathlib import Path

    from refvr import ops, zoo
    from refvr.drawing.plots import check_picture
    from refvr.explain.draw import check_figure, draw
    from refvr.explain.sight import look
    from refvr.media.atomic import check_writable

    kind, name = ("png", args.png) if args.png else ("svg", args.svg)
    out = args.out or f"{name}.{kind}"
    # before anything takes long; what no installed package would help comes first
    check_figure(name, zoo.row_of(args.model).network, None if args.weights else zoo.config(args.model))
    check_picture(out, kind)
    check_writable(Path(out))
    with ops.threads(args.threads):
        seen = look(args.clip, args.model, args.frame, weights=args.weights, sigma=args.sigma, time=args.time)
        draw(seen, name, out, tuple(args.at))
    for note in seen.notes:
        print(note)
    print(out)
    return 0
