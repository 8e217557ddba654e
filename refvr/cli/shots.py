"""`refvr shots CLIP`."""
from __future__ import annotations

import argparse
import sys

HELP = "find the cuts of a clip: where one shot ends and the next begins"

EPILOG = """\
Flashes of up to three frames are no cuts, and dissolves are none.

exit status: 0; 3 where the clip ends early

example:
  refvr shots film.mp4 > cuts.json
  refvr shots film.mp4 --edl > film.edl
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr shots`."""
    parser.epilog = EPILOG
    parser.add_argument("clip", metavar="CLIP", help="the clip, as for `refvr restore`")
    parser.add_argument("--edl", action="store_true", help="print an edit decision list (CMX 3600) instead of JSON")


def run(args: argparse.Namespace) -> int:
    """Find and print them."""
    from refvr.cli.table import print_json
    from refvr.media import open_reader
    from refvr.media.clip import DEFAULT_FPS
    from refvr.shots.edl import edl
    from refvr.shots.find import find_shots

    with open_reader(args.clip) as reader:
        fps = reader.info.fps or DEFAULT_FPS
        shots = find_shots(reader)
    if args.edl:
        print(edl(shots, fps, args.clip), end="")
    else:
        print_json({"clip": args.clip, "frames": shots.frames, "fps": str(fps), "cuts": list(shots.cuts),
                    "shots": [{"first": first, "frames": end - first} for first, end in shots]})
    if shots.truncated:
        print(f"refvr: {shots.truncated}", file=sys.stderr)
        return 3
    return 0
