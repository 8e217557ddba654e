"""`refvr score`."""
from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refvr.pipeline.score import Row

HELP = "measure a denoiser: PSNR per clip and noise level, beside the noisy input and non-local means"

EPILOG = """\
example:
  refvr score --denoise clips/ --sigma 10,25,50 --nlm --markdown

Protocol: one PSNR over all RGB values of a clip, mean over clips; noise from numpy's default_rng([sigma, 20]), not
clipped for the network; outputs, and the noisy input for its own score, are clipped to [0, 1].
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr score`."""
    from refvr.cli.restore import add_model_arguments

    parser.epilog = EPILOG
    parser.add_argument("--denoise", metavar="PATH", required=True, help="a clean clip, or a folder of clean clips")
    parser.add_argument("--sigma", type=_numbers, default=[10.0, 25.0, 50.0], metavar="S,S", help="default: 10,25,50")
    parser.add_argument("--frames", type=_frames, default=None, metavar="LIST",
                        help="frames that count: all, 0,5,10,15 or 0-19 (default: all)")
    parser.add_argument("--nlm", action="store_true", help="also non-local means, told the true sigma (scikit-image)")
    add_model_arguments(parser)
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")


def run(args: argparse.Namespace) -> int:
    """Score, with progress, and print the table."""
    from refvr import ops
    from refvr.cli.progress import Progress
    from refvr.pipeline.restore import load_network
    from refvr.pipeline.score import means, score_denoiser

    with Progress("scoring", "rows") as progress, ops.threads(args.threads):
        net = load_network(args.model, args.weights)
        rows = list(score_denoiser(net, args.denoise, args.sigma, frames=args.frames, nlm=args.nlm, progress=progress))
    _print(sorted(rows, key=lambda row: row.sigma) + means(rows), args)
    return 0


def _print(rows: Sequence[Row], args: argparse.Namespace) -> None:
    from refvr.cli.table import markdown, print_json, show

    if args.json:
        print_json(rows)
        return
    header = ["clip", "sigma", "noisy", *(["non-local means"] if args.nlm else []), "restored"]
    cells = [[row.clip, f"{row.sigma:g}", f"{row.noisy:.2f}", *([f"{row.nlm:.2f}"] if args.nlm else []),
              f"{row.restored:.2f}"] for row in rows]
    right = set(range(1, len(header)))
    if args.markdown:
        print(markdown(header, cells, right=right))
    else:
        show(header, cells, right=right)


def _numbers(text: str) -> list[float]:
    """`10,25` -> [10.0, 25.0]."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if not values or not all(0 < value <= 255 for value in values):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected noise levels above 0, at most 255, such as 10,25,50")
    return values


def _frames(text: str) -> list[int] | None:
    """`all` -> None, `0,5` -> [0, 5], `0-2` -> [0, 1, 2]."""
    if text == "all":
        return None
    try:
        ends = [[int(end) for end in part.split("-")] for part in text.split(",")]
        return sorted({k for part in ends for k in range(part[0], part[-1] + 1)})
    except ValueError:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected all, or numbers such as 0,5,10 or 0-19") from None
