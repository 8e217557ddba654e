"""Tables on standard output: fitted to a terminal, plain columns elsewhere, or Markdown."""
from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Sequence


def show(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> None:
    """Print a table; `right` numbers the columns that are aligned to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 200  # a pipe has no width to fit
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for k, name in enumerate(header):
        table.add_column(name, justify="right" if k in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(str, row))
    Console(width=width, highlight=False, markup=False).print(table)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> str:
    """The same as a Markdown table."""
    rule = ["---:" if k in right else "---" for k in range(len(header))]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in (header, rule, *rows))
