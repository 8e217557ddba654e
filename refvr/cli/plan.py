"""`refvr plan MODEL`."""
from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refvr.pipeline.forecast import Forecast

HELP = "say what a clip will cost before it is restored: schedule, memory, multiply-adds, time per frame"

EPILOG = """\
MODEL is a name of `refvr models`; its weights need not be there. The schedule is the one by which `refvr restore` runs
with the same --memory: what it prints is laid out, not estimated, but for the time, which is measured on a small frame
and scaled. docs/plan.md says how a network becomes a schedule.

exit status: 0; 2 where no schedule fits, with the size that would

example:
  refvr plan duf-s-x4 --size 3840x2160 --memory 6G
  refvr plan remonet --size 640x360 --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr plan`."""
    parser.epilog = EPILOG
    parser.add_argument("model", metavar="MODEL", help="which network")
    parser.add_argument("--size", metavar="WxH", default="640x360", help="of the clip's frames (default: 640x360)")
    parser.add_argument("--memory", metavar="M",
                        help="most that it may take, 2G or 800M (default: 3/4 of what is free)")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all cores")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    """Lay it out and print."""
    from refvr import ops
    from refvr.cli.table import print_json
    from refvr.networks import zoo
    from refvr.pipeline.forecast import forecast
    from refvr.pipeline.memory import checked_size, parsed
    from refvr.plan.memory import TooLarge

    w, h = _size(args.size)
    net = zoo.build(args.model).fold()
    with ops.threads(args.threads):
        try:
            found = forecast(net, h, w, args.memory)
        except TooLarge:
            checked_size(net, h, w, parsed(args.memory))
            raise
    if args.json:
        print_json(found)
    else:
        _show(args.model, found)
    return 0


def _size(text: str) -> tuple[int, int]:
    from refvr.errors import InputError

    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise InputError(f"--size: got {text!r}, expected WxH as in 640x360")
    return int(width), int(height)


def _show(model: str, found: Forecast) -> None:
    """A line for every piece, and the sums for a frame."""
    from refvr.cli.table import show
    from refvr.plan.memory import gigabytes

    show(["piece", "schedule", "stages", "calls a frame", "values", "held", "10^9 multiply-adds", "moved", "s a call",
          "runs whole"],
         [[stage.name, stage.schedule, stage.stages, f"{stage.calls:.3g}", gigabytes(stage.values),
           gigabytes(stage.held), f"{stage.gmacs:.3g}", gigabytes(stage.moved), f"{stage.seconds:.3g}",
           ", ".join(f"{count} {name}" for name, count in stage.whole) or "-"] for stage in found.stages],
         right={2, 3, 4, 5, 6, 7, 8}, least=["moved", "10^9 multiply-adds", "stages", "values", "runs whole"])
    limit = "" if found.memory is None else f" of {gigabytes(found.memory)}"
    disk = f", and {gigabytes(found.disk)} of the disk" if found.disk else ""
    print(f"{model}, {found.width}x{found.height}: about {gigabytes(found.peak)}{limit}{disk}; a frame takes "
          f"{found.gmacs:.3g} * 10^9 multiply-adds, {gigabytes(found.moved)} moved, about {found.seconds:.2g} s here")
    print(f"written as images of 8 bits; x264 keeps so many frames that a video takes {gigabytes(found.video)} more")
