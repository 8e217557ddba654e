"""`refvr inspect`."""
from __future__ import annotations

import argparse
from typing import Any

HELP = "list what a weight file holds (PyTorch, HDF5, safetensors, npz) and which model it fits; runs nothing of it"
SHORT = 8  # groups, or other values, that are listed one by one without --all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr inspect`."""
    parser.epilog = "example:\n  refvr inspect params_16L_x4.h5\n  refvr inspect net.pth --values\n"
    parser.add_argument("file", metavar="FILE", help="weight file; what it is shows from its contents, not its name")
    parser.add_argument("--values", action="store_true", help="also read all: min, mean, max, what is not finite")
    parser.add_argument("--all", action="store_true", help="list every group and value, however many there are")
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the tree, what else is inside, and what it fits."""
    from refvr.apps.convert import inspect
    from refvr.cli.table import print_json, prose

    found = inspect(args.file, values=args.values)
    if args.json:
        print_json(found)
        return 0
    print(f"{found['file']}: {found['format']}, {found['bytes']:,} bytes\nsha256 {found['sha256']}")
    groups = list(found["groups"].items())
    for group, arrays in groups if args.all else groups[:SHORT]:
        _show_group(group, arrays, args.values)
    if len(groups) > SHORT and not args.all:
        count = sum(len(arrays) for _, arrays in groups[SHORT:])
        print(f"\n{len(groups) - SHORT} more groups of {count} arrays (--all lists them)")
    _show_others(found, args.all)
    prose(f"\n{_verdict(found)}")
    return 0


def _show_group(group: str, arrays: dict[str, Any], values: bool) -> None:
    from refvr.cli.table import show

    total = sum(array["bytes"] for array in arrays.values())
    print(f"\n{group or '(outermost level)'}: {len(arrays)} arrays, {total:,} bytes")
    header = ["name", "shape", "type", "bytes", *(("min", "mean", "max", "not finite") if values else ())]
    rows = [[name, "x".join(map(str, array["shape"])) or "one value", array["dtype"], f"{array['bytes']:,}",
             *([_number(array.get(key)) for key in ("min", "mean", "max", "not_finite")] if values else [])]
            for name, array in arrays.items()]
    show(header, rows, right=set(range(3, len(header))))


def _show_others(found: dict[str, Any], everything: bool) -> None:
    from refvr.cli.table import prose

    others = list(found["others"].items())
    if others:
        print("\nother values:")
        print("\n".join(f"  {name}: {text}" for name, text in (others if everything else others[:SHORT])))
        if len(others) > SHORT and not everything:
            print(f"  and {len(others) - SHORT} more (--all lists them)")
    if found["not_imported"]:
        prose(f"\nnamed in the file, not imported: {', '.join(found['not_imported'])}")
    prose(*(f"\nnote: {note}" for note in found["notes"]))


def _verdict(found: dict[str, Any]) -> str:
    """What the file is for."""
    if found["own"]:
        problem = found["own"].get("problem")
        return f"this is {found['own']['what']}" + (
            "" if problem is None else f", and does not fit it: {problem}" if problem else "; every array fits")
    if found["stranger"]:
        return f"this is {found['stranger']}; refvr does not have it"
    return "\n".join(map(_fit, found["fits"])) or "fits no network of the zoo"


def _fit(fit: dict[str, Any]) -> str:
    where = f"{fit['group'] or 'outermost level'}{f', prefix {fit_prefix}' if (fit_prefix := fit['prefix']) else ''}"
    if not fit["problems"]:
        average = "; an average over the training" if fit["average"] else ""
        return f"fits {fit['model']} ({where}; names of {fit['release']}{average})"
    listed = "".join(f"\n    {problem}" for problem in fit["problems"][:5])
    more = f"\n    and {fit['differences'] - 5} more" if fit["differences"] > 5 else ""
    return f"does not fit {fit['model']} ({where}): {fit['differences']} differences{listed}{more}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
