"""`refvr status OUT`."""
from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refvr.pipeline.status import Status

HELP = "say how far a run of `refvr restore` is, from another terminal or after it was stopped"

EPILOG = """\
exit status: 0; 2 where there is no unfinished work

example:
  refvr status clean.mp4
  refvr status clean.mp4 --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr status`."""
    parser.epilog = EPILOG
    parser.add_argument("target", metavar="OUT", help="the output, as it was given to `refvr restore`")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    """Read and print it."""
    from refvr.cli.table import print_json, prose, show
    from refvr.pipeline.status import read_status

    status = read_status(args.target)
    if args.json:
        print_json(status)
        return 0
    prose(_line(args.target, status))
    if status.workers:
        show(["worker", "frames", "s a frame"],
             [[name, str(share.frames), f"{share.seconds / share.frames:.3g}" if share.frames else "-"]
              for name, share in sorted(status.workers.items())], right={1, 2})
    return 0


def _line(target: str, status: Status) -> str:
    """All in one line."""
    from datetime import datetime, timedelta

    of = f" of {status.total}" if status.total else ""
    shots = f", {status.shots[0]} of {status.shots[1]} shots" if status.shots else ""
    ahead = f", {status.ahead} more restored" if status.ahead else ""
    failed = f", {status.failed} could not be" if status.failed else ""
    rate = f", {status.rate:.3g} frames/s" if status.rate else ""
    left = "" if status.left_s is None else f", {timedelta(seconds=int(status.left_s))} left"   # h:mm:ss
    when = datetime.fromtimestamp(status.updated).strftime("%H:%M:%S")
    end = f"at {when}" if status.alive else f"stopped at {when}; --resume goes on"
    return f"{target}: {status.frames}{of} frames{shots}{ahead}{failed}{rate}{left if status.alive else ''}, {end}"
