"""`refvr info`."""
from __future__ import annotations

import argparse

HELP = "say what a clip, an image folder or a weight file is; without a name: versions and this machine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr info`."""
    parser.epilog = "example:\n  refvr info holiday.mp4\n  refvr info weights.h5\n  refvr info\n"
    parser.add_argument("path", metavar="FILE", nargs="?", help="clip, folder of images, or weight file")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    """Print facts, one a line."""
    from refvr.apps.info import facts
    from refvr.cli.table import print_json
    from refvr.errors import printable

    found = facts(args.path)
    if args.json:
        print_json(found)
        return 0
    width = max(map(len, found))
    print("\n".join(printable(f"{name:{width}}  {_text(value)}") for name, value in found.items()))
    return 0


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
