"""`refvr models`."""
from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refvr.zoo.weights import ModelSummary

HELP = "list the networks and configurations: published scores and weights, licences, sources, what is here"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr models`."""
    parser.epilog = "example:\n  refvr models\n  refvr models --json\n"
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the table of the zoo."""
    from refvr.cli.table import print_json, prose, show
    from refvr.zoo import summary

    rows = summary()
    if args.json:
        print_json(rows)
        return 0
    show(["name", "task", "kind", "scale", "parameters", "published score", "licence", "source", "weight file", "here",
          "note"],
         [[row["name"] + (" *" if row["recommended"] else ""), row["task"], row["kind"], f"x{row['scale']}",
           f"{row['parameters']:,}", row["score"] or "-", row["licence"], row["source"],
           f"{row['file']} ({row['where']})" if row["file"] else "-", _here(row), row["note"]] for row in rows],
         right={4}, least=["note", "source", "weight file", "licence", "published score", "kind", "parameters"])
    prose("* taken for its task where no model is named\nsmall: our own configuration and weights")
    return 0


def _here(row: ModelSummary) -> str:
    if not row["here"]:
        return "no"
    return "embedded" if row["weights"] and row["here"].endswith(row["weights"]) else row["here"]
