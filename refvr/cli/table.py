"""Results on standard output: tables (fitted to a terminal, full width elsewhere, or Markdown) and JSON."""
from __future__ import annotations

import json
import math
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import asdict, is_dataclass

from refvr.errors import printable


def show(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = (),
         least: Sequence[str] = ()) -> None:
    """Print a table as wide as its cells; on a terminal, or where COLUMNS is set, one that fits.

    right   numbers of the columns that are aligned to the right
    least   columns that are left out where the width does not do, the least important first; a line names them
    What does not fit without them either gets two lines a row, the first cell above the others, with as many columns as
    fit then; or becomes a list: a paragraph a row, a line a cell.
    """
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    width = terminal_width()
    for below in (False, True):   # first with every cell on one line
        for count in range(len(least) + 1):
            shown = [k for k, name in enumerate(header) if name not in least[:count]]
            names, fewer = [header[k] for k in shown], [[row[k] for k in shown] for row in cells]
            needed = _needed(names, fewer) if not below else max(4 + _needed(names[1:], [row[1:] for row in fewer]),
                                                                 _needed(names[:1], [row[:1] for row in fewer]))
            if width is not None and (needed > width or below and len(shown) < 3):
                continue
            numbers = {new for new, old in enumerate(shown) if old in right}
            (_print_below if below else _print_table)(names, fewer, numbers, width)
            if count:
                where = "a larger COLUMNS, or a pipe without it, has" if _stated() else "a wider terminal or a pipe has"
                print(textwrap.fill(f"not shown at {width} columns: {', '.join(least[:count])} ({where} them, and "
                                    "--json where there is one)", width or 80))
            return
    for row in cells:
        _print_list(header, row, width or 80)


def prose(*lines: str) -> None:
    """Print lines of text; those that are wider than the terminal go on below where their text began."""
    width = terminal_width()
    for line in (part for text in lines for part in text.split("\n")):
        begin = re.match(r" *(?:\S+(?: \S+){0,2}  +|- )?", line)   # a label, or a dash
        indent = " " * min(len(begin[0]) if begin else 0, (width or 80) // 2)
        print(line if width is None or len(line) <= width else textwrap.fill(
            line, width, subsequent_indent=indent, replace_whitespace=False, break_long_words=False,
            break_on_hyphens=False))


def terminal_width() -> int | None:
    """Columns to fit: of COLUMNS, in a pipe as well; otherwise of the terminal; None for a pipe or a file."""
    if stated := _stated():
        return stated
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _stated() -> int | None:
    """What COLUMNS says, where it says something."""
    stated = os.environ.get("COLUMNS", "")
    return int(stated) if stated.isdecimal() and int(stated) > 0 else None


def _needed(header: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """Columns of the terminal that the table takes with no cell folded."""
    from rich.cells import cell_len

    widest = [max(map(cell_len, column)) for column in zip(header, *cells)]
    return sum(widest) + 3 * (len(widest) - 1)


def _print_table(header: Sequence[str], cells: Sequence[Sequence[str]], right: Collection[int],
                 width: int | None) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for k, name in enumerate(header):
        table.add_column(name, justify="right" if k in right else "left", overflow="fold")
    for row in cells:
        table.add_row(*row)
    Console(width=width or max(20, _needed(header, cells)), highlight=False, markup=False).print(table)


def _print_below(header: Sequence[str], cells: Sequence[Sequence[str]], right: Collection[int],
                 width: int | None) -> None:
    """The first cell of a row on a line of its own, the others below it in columns."""
    from rich.cells import cell_len

    widest = [max(map(cell_len, column)) for column in zip(header, *cells)]

    def line(row: Sequence[str]) -> str:
        padded = [" " * (widest[k] - cell_len(cell)) + cell if k in right else cell + " " * (widest[k] - cell_len(cell))
                  for k, cell in enumerate(row)][1:]
        return ("    " + "   ".join(padded)).rstrip()

    print(f"{header[0]}\n{line(header)}\n{'─' * max(widest[0], 4 + sum(widest[1:]) + 3 * (len(widest) - 2))}")
    for row in cells:
        print(f"{row[0]}\n{line(row)}")


def _print_list(header: Sequence[str], row: Sequence[str], width: int) -> None:
    """The first cell, below it the others that are not empty, each with its column's name."""
    print(row[0])
    indent = " " * (4 + min(20, max(map(len, header[1:]), default=0)))
    for name, cell in zip(header[1:], row[1:]):
        if cell and cell != "-":
            start = f"  {name or '-':<{len(indent) - 4}}  "
            print(textwrap.fill(cell, max(width, len(indent) + 20), initial_indent=start, subsequent_indent=indent))


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> str:
    """A Markdown table of the same rows."""
    rule = ["---:" if k in right else "---" for k in range(len(header))]
    return "\n".join("| " + " | ".join(printable(str(cell)) for cell in row) + " |" for row in (header, rule, *rows))


def figures(value: float, count: int = 3) -> str:
    """So many figures of a number and no exponent: 0.0123, 4110."""
    if not value or not math.isfinite(value):
        return f"{value:g}"
    places = count - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, places):.{max(0, places)}f}"


def print_json(value: object) -> None:
    """Print plain values and dataclasses as JSON, which knows no infinity: such numbers become null."""
    print(json.dumps(_plain(value), indent=2))


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
