"""Results on standard output: tables (fitted to a terminal, plain columns elsewhere, or Markdown) and JSON."""
from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from refvr.errors import printable


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
        table.add_row(*(printable(str(cell)) for cell in row))
    Console(width=width, highlight=False, markup=False).print(table)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> str:
    """The same as a Markdown table."""
    rule = ["---:" if k in right else "---" for k in range(len(header))]
    return "\n".join("| " + " | ".join(printable(str(cell)) for cell in row) + " |" for row in (header, rule, *rows))


def print_json(value: Any) -> None:
    """Print plain values and dataclasses as JSON, which knows no infinity: such numbers become null."""
    print(json.dumps(_plain(value), indent=2))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
