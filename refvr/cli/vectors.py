"""`refvr vectors`."""
from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refvr.verify.vectors.run import Result

HELP = "conformance vectors: export them, or run an implementation against them"

EXAMPLE = """
Every operation and tiny versions of all networks: inputs, weights by a recipe of ten lines, float64 answers with
tolerances, gradients, and for each vector the mistakes that it catches. No HDF5 is needed to read them.

exit status of run: 0 all passed or not implemented, 1 something failed, 2 bad input

example:
  refvr vectors export -o vectors
  refvr vectors run vectors --program ./port
  refvr vectors run vectors --module mypkg.ops --layout nchw

docs/vectors.md has the format, the recipe, the protocol and an example in C++.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr vectors`."""
    parser.epilog = EXAMPLE
    parser.add_argument("action", choices=("export", "run", "list"), help="write them, run against them, list them")
    parser.add_argument("folder", metavar="DIR", nargs="?", help="run: the folder of an export")
    parser.add_argument("-o", "--output", metavar="DIR", help="export: a new or empty folder")
    parser.add_argument("--ops", metavar="NAMES", default="all",
                        help="names or operations, with commas and *; ops, networks (default: all)")
    parser.add_argument("--program", metavar="COMMAND", help="run: called as COMMAND VECTOR_JSON FOLDER")
    parser.add_argument("--module", metavar="NAME", help="run: a Python module with callables named like operations")
    parser.add_argument("--layout", choices=("nhwc", "nchw"), default="nhwc", help="of the module (default: nhwc)")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    """Export, run or list."""
    return {"export": _export, "run": _run, "list": _list}[args.action](args)


def _export(args: argparse.Namespace) -> int:
    from refvr.cli.progress import Progress
    from refvr.cli.table import print_json
    from refvr.errors import InputError
    from refvr.verify.vectors.export import VERSION, chosen, export

    if not args.output:
        raise InputError("vectors export needs -o DIR", fix="name a new folder")
    patterns = args.ops.split(",")
    with Progress("exporting", "vectors") as progress:
        total = export(args.output, patterns, progress=progress)
    count = len(chosen(patterns))
    if args.json:
        print_json({"folder": args.output, "version": VERSION, "vectors": count, "hash": total})
    else:
        print(f"{args.output}: {count} vectors, version {VERSION}, hash {total}")
    return 0


def _list(args: argparse.Namespace) -> int:
    from refvr.cli.table import print_json, show
    from refvr.verify.vectors.export import chosen

    rows = chosen(args.ops.split(","))
    if args.json:
        print_json([{"name": v.name, "operation": v.operation,
                     "inputs": {k: list(r.shape) for k, r in v.arrays.items()}} for v in rows])
    else:
        show(["vector", "operation", "inputs"],
             [[v.name, v.operation, "  ".join(f"{k} {'x'.join(map(str, r.shape))}" for k, r in v.arrays.items())]
              for v in rows])
    return 0


def _run(args: argparse.Namespace) -> int:
    import sys

    from refvr.cli.progress import Progress
    from refvr.cli.table import print_json
    from refvr.errors import InputError
    from refvr.verify.vectors import run as runner

    if not args.folder or bool(args.program) == bool(args.module):
        raise InputError("vectors run needs DIR and one of --program and --module",
                         fix="for example refvr vectors run vectors --program ./port")
    if args.module and "" not in sys.path:
        sys.path.insert(0, "")  # modules of the working folder, as `python -m` finds them
    answer = runner.program(args.program) if args.program else runner.module(args.module, args.layout)
    results: list[Result] = []
    count = len(runner.cards(args.folder))
    with Progress("running", "vectors") as progress:
        for result in runner.run_vectors(args.folder, answer):
            results.append(result)
            progress(len(results), count)
    failed = sum(result.status == "fail" for result in results)
    if args.json:
        print_json({"passed": sum(r.status == "pass" for r in results), "failed": failed,
                    "skipped": sum(r.status == "skip" for r in results), "vectors": [r.as_dict() for r in results]})
    else:
        _show(results)
    return 1 if failed else 0


def share_in_words(share: float) -> str:
    """Of a tolerance: in per cent, as a factor where it is much more, and no figure where none says anything."""
    if not share < 1e6:
        return "far beyond"
    return f"{share:.0%}" if share < 10 else f"{share:.3g} times it"


def _show(results: list[Result]) -> None:
    """A line for each vector that was run, then flags."""
    width = max(len(result.name) for result in results)
    for result in results:
        if result.status == "skip":
            continue
        used = ", ".join(f"{name} {share_in_words(share)}" for name, share in result.used.items())
        print(f"{result.status if result.status == 'pass' else 'FAIL'}  {result.name:{width}}  "
              f"{result.problem or f'of tolerance: {used}'}")
        if result.says:
            print(f"      equals the reference with {result.says}" if result.mistakes else f"      {result.says}")
    caught = {flag for r in results if r.status == "pass" for flag in r.flags}
    made = {name for r in results for names in r.mistakes if len(names) == 1 for name in names}
    seen = {flag for r in results for flag in r.flags}
    counts = {status: sum(r.status == status for r in results) for status in ("pass", "fail", "skip")}
    print(f"{counts['pass']} passed, {counts['fail']} failed, {counts['skip']} not implemented; "
          f"of {len(seen)} mistakes {len(caught - made)} are ruled out"
          + (f"; made: {', '.join(sorted(made))}" if made else ""))
