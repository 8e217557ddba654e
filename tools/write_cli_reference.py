"""Write docs/command-line.md from the parsers themselves, so that the page cannot say what the program does not do.

    python tools/write_cli_reference.py            write the page
    python tools/write_cli_reference.py --check    exit status 1 if the page is not up to date

A test runs the check.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from refvr.cli.main import VERBS, make_parser

PAGE = Path(__file__).parents[1] / "docs" / "command-line.md"
INTRODUCTION = """\
# Command line

This page is written by `tools/write_cli_reference.py` from the program; `refvr VERB --help` says the same.

| exit status | meaning |
|---|---|
| 0 | done |
| 1 | a check failed (`verify`), a mistake was found (`compare`, `diagnose`) |
| 2 | bad input, weights, output or usage; one line on standard error says what came, what was expected, what to do |
| 3 | the input ended early; everything that could be read was used |
| 70 | a fault of refvr itself, with its traceback; nothing was found out about what it was given |
| 130 | stopped with Ctrl-C; the line says where the finished part is |

Progress and messages go to standard error: a bar on a terminal, a line now and then otherwise. Standard output carries
results only. Tables and text fit the terminal; a pipe or a file gets them in full width. `COLUMNS`, where it is set,
states the width of all three.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    text = page()
    if parser.parse_args().check:
        return 0 if PAGE.is_file() and PAGE.read_text() == text else 1
    PAGE.write_text(text)
    return 0


def page() -> str:
    return "\n".join([INTRODUCTION, *(section(verb) for verb in VERBS)])


def section(verb: str) -> str:
    parser = make_parser(verb)
    rows = [f"| `{cell(name(action))}` | {cell(action.help)} |" for action in parser._actions if action.dest != "help"]
    return "\n".join([f"## refvr {verb}", "", f"{parser.description[0].upper()}{parser.description[1:]}.", "",
                      "| argument | meaning |", "|---|---|", *rows, "", "```", parser.epilog.strip(), "```", ""])


def name(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else action.metavar or "|".join(map(str, action.choices or ()))
    if not action.option_strings:
        return f"{value or action.dest.upper()}{'...' if action.nargs in ('*', '+') else ''}"
    return f"{', '.join(action.option_strings)} {value}".strip()


def cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    sys.exit(main())
