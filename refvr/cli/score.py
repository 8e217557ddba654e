"""`refvr score TASK CLIP...`."""
from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refvr.evaluate.score import Row

HELP = "measure networks at their task: PSNR and SSIM per clip, beside what one has without them"

EPILOG = """\
example:
  refvr score all clips/ --markdown
  refvr score sr clips/ vid4_walk.h5 --model duf-s-x4
  refvr score denoise clips/ --sigma 25 --weights mine.h5

Each clip is degraded (see the verb degrade), restored by every model of the task whose weights are here and by
classical methods, and compared with the clean one: per frame, mean over frames, mean over clips. Protocols: denoise RGB
in floats; the others luma of 8-bit pictures, super-resolution without 8 pixels on every side. Of spacetime only the
frames between count, which the network invents. Noise: numpy's default_rng([sigma, 20]), not clipped, which is what the
authors' scripts do; with --rounded clipped and rounded to 8 bits, which is what files have.

Below the mean stand: the worst clip, as its gain over the input; milliseconds a frame; flicker, the standard deviation
over time of the error, on the scale 0 .. 255; the chroma gain, 1 where colours are as strong as they were; and the
overshoot at edges, in percent of the step: what is seen as a rim.

With all, a clip that is too short for a task is left out there, and a line says so.

V-BM3D, NNEDI3 and DIS flow have a column where their packages are installed (docs/weights.md); a line says what is not.
"""

TASKS = ("denoise", "sr", "deblur", "spacetime")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr score`."""
    from refvr.cli.restore import add_precision

    parser.epilog = EPILOG
    parser.add_argument("task", metavar="TASK", choices=(*TASKS, "all"), help=f"{', '.join(TASKS)} or all")
    parser.add_argument("data", metavar="CLIP", nargs="+", help="a clean clip, or a folder of clean clips")
    parser.add_argument("--model", metavar="NAME", action="append", default=[],
                        help="a name of `refvr models`; may be given again (default: every one whose weights are here)")
    parser.add_argument("--weights", metavar="FILE", help="a weight file of your own")
    parser.add_argument("--sigma", type=_numbers, default=[10.0, 25.0, 50.0], metavar="S,S", help="default: 10,25,50")
    parser.add_argument("--measured", action="store_true",
                        help="the noise level is measured, as restore does, where a model can be told it")
    parser.add_argument("--rounded", action="store_true", help="noise as files have it: clipped and rounded to 8 bits")
    parser.add_argument("--ensemble", action="store_true", help="as restore does with it (remonet-s-told, EDVR, STFAN)")
    parser.add_argument("--as", dest="degraded", metavar="KIND", help="sr: other small frames, footage-x4 (noise 2, "
                        "H.264 of CRF 28), bicubic-x4, duf-x4 (default: what each network was trained on)")
    parser.add_argument("--frames", type=int, metavar="N", help="only the first N frames of each clip (default: all)")
    parser.add_argument("--protocol", metavar="NAME", help="a row of refvr/metrics/protocols.py (default: the task's)")
    parser.add_argument("--slow-baselines", action=argparse.BooleanOptionalAction, default=True,
                        help="those that take longer than the networks (default: yes)")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all cores; the result does not depend on it")
    add_precision(parser)
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")


def run(args: argparse.Namespace) -> int:
    """Score, with progress, and print a table for each degradation."""
    from refvr import ops
    from refvr.cli.progress import Progress
    from refvr.cli.table import print_json
    from refvr.errors import InputError
    from refvr.evaluate.score import score_task
    from refvr.evaluate.tasks import missing, task_of

    every = args.task == "all"
    if every and (args.model or args.weights):
        raise InputError("all tasks at once take the models that are here", fix="name one task with --model, --weights")
    rows: list[Row] = []
    tasks = TASKS if every else (args.task,)
    for task in tasks:
        short: list[str] = []
        with Progress(f"scoring {task}", "rows") as progress, ops.threads(args.threads):
            found = list(score_task(task, args.data, models=args.model, weights=args.weights, sigmas=args.sigma,
                                    frames=args.frames, slow=args.slow_baselines, protocol=args.protocol,
                                    precision=args.precision, measured=args.measured, rounded=args.rounded,
                                    degraded=args.degraded, ensemble=args.ensemble,
                                    skipped=short.append if every else None, progress=progress))
        rows += found
        if not args.json:   # each task when it is done: one that fails later takes none of it along
            for kind in dict.fromkeys(row.kind for row in found):
                _print([row for row in found if row.kind == kind], args.markdown)
        for line in short:
            print(f"refvr: {line}", file=sys.stderr)
    if args.json:
        print_json(rows)
        return 0 if rows else 2
    for name, package in (item for task in tasks for item in missing(task_of(task)).items()):
        print(f"{name} has no column: {package} is not installed")
    return 0 if rows else 2


def _print(rows: Sequence[Row], as_markdown: bool) -> None:
    """One table: a line per clip, a column per method."""
    from refvr.cli.table import markdown, show

    methods = list(dict.fromkeys(row.method for row in rows))
    cells = [[clip, *(_cell(row) for method in methods for row in rows if (row.clip, row.method) == (clip, method))]
             for clip in dict.fromkeys(row.clip for row in rows)]
    means = [next(row for row in rows if (row.clip, row.method) == ("mean", method)) for method in methods]
    cells += [["worst clip's gain", *(f"{row.gain:+.2f}" for row in means)],
              ["ms a frame", *(f"{row.seconds * 1e3:.0f}" for row in means)],
              ["flicker", *(f"{row.flicker:.2f}" for row in means)],
              ["chroma gain", *(f"{row.chroma:.3f}" for row in means)],
              ["overshoot %", *(f"{row.overshoot * 100:.2f}" for row in means)]]
    title = f"{rows[0].task}: {rows[0].kind}{_fine_print(rows[0].kind)}, PSNR in dB / SSIM, protocol {rows[0].protocol}"
    header, right = ["clip", *methods], set(range(1, len(methods) + 1))
    if as_markdown:
        print(f"**{title}**\n\n{markdown(header, cells, right=right)}\n")
    else:
        print(title)
        show(header, cells, right=right)


def _fine_print(kind: str) -> str:
    return {"noise": " (not clipped)", "noise8": " (clipped and rounded)"}.get(kind.partition("-")[0], "")


def _cell(row: Row) -> str:
    return f"{row.psnr:.2f}" if row.ssim is None else f"{row.psnr:.2f} / {row.ssim:.4f}"


def _numbers(text: str) -> list[float]:
    """`10,25` -> [10.0, 25.0]."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if not values or not all(0 < value <= 255 for value in values):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected noise levels above 0, at most 255, such as 10,25,50")
    return values
