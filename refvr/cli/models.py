"""`refvr models`."""
from __future__ import annotations

import argparse

HELP = "list the networks and configurations, with their weights, licences and sources"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr models`."""
    parser.epilog = "example:\n  refvr models\n  refvr models --json\n"
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the table of the zoo."""
    from refvr.cli.table import print_json, show
    from refvr.networks.zoo import summary

    rows = summary()
    if args.json:
        print_json(rows)
        return 0
    show(["name", "task", "parameters", "weights", "licence", "source", "note"],
         [[row["name"] + (" *" if row["recommended"] else ""), row["task"], f"{row['parameters']:,}",
           "embedded" if row["weights"] else "none", row["licence"], row["source"], row["note"]] for row in rows],
         right={2})
    print("* used where no model is named")
    return 0
