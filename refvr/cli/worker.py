"""`refvr worker ADDRESS`."""
from __future__ import annotations

import argparse
import sys

TRY_EVERY_S = 1.0   # whether the scheduler answers

HELP = "restore pieces of films for `refvr restore --cluster`: a worker of a dask scheduler"

EPILOG = """\
The clip, the output and weight files must lie under the same paths as where `refvr restore --cluster` runs. A worker
with another version of refvr, other weights, or without sight of these is refused. Where no scheduler answers yet it
says so and waits for one, however long that takes. docs/scale.md says more.

exit status: 0 when the scheduler is gone; 130 for Ctrl-C

example:
  refvr worker tcp://10.0.0.1:8786        # on every machine; `dask scheduler` on one of them prints the address
  refvr restore film.mp4 clean.mp4 --cluster tcp://10.0.0.1:8786
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr worker`."""
    parser.epilog = EPILOG
    parser.add_argument("address", metavar="ADDRESS", help="of the scheduler, tcp://host:8786")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all cores; the result does not depend on it")
    parser.add_argument("--memory", metavar="M", default="auto", help="most that it may take, 8G (default: of the "
                        "machine, shared out by threads)")


def run(args: argparse.Namespace) -> int:
    """Start it, and wait until it ends."""
    import tempfile
    import time
    from pathlib import Path

    from refvr.ops import threads
    from refvr.pipeline.film.crew import answers, end, start_worker
    from refvr.pipeline.memory import parsed

    told = False
    while not answers(args.address):   # not left to dask, which is silent and ends with a traceback
        if not told:
            print(f"refvr: nobody answers at {args.address} yet; waiting until a dask scheduler is started there, for "
                  "as long as it takes (Ctrl-C ends it)", file=sys.stderr)
        told = True
        time.sleep(TRY_EVERY_S)
    memory = args.memory if args.memory == "auto" else str(parsed(args.memory))
    with threads(args.threads), tempfile.TemporaryDirectory(prefix="refvr-worker-", ignore_cleanup_errors=True) as here:
        process = start_worker(args.address, Path(here), threads=args.threads, memory=memory)
        try:
            return 0 if process.wait() == 0 else 2
        finally:
            end([process])
