"""Put our own source into the chapters of docs/learn, so that what they show is what runs.

    python tools/include_source.py            rewrite the blocks
    python tools/include_source.py --check    only say whether one has drifted

A block follows a comment that names a file and a function or class of it, `Class.method` for a method; the last line
of a docstring's text is kept, nothing is left out:

    <!-- source: refvr/ops/fac.py plain -->
    ```python
    ...
    ```
"""
from __future__ import annotations

import ast
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(<!-- source: (\S+) (\S+) -->\n```python\n)(.*?)(```\n)", re.S)


def source_of(path: str, name: str) -> str:
    """The lines of a function or class, decorators included, as far left as they go."""
    text = (ROOT / path).read_text()
    body = ast.parse(text).body
    for part in name.split("."):
        found = next((node for node in body if getattr(node, "name", None) == part), None)
        if found is None:
            raise SystemExit(f"{path} has no {name}")
        body = getattr(found, "body", [])
    first = min([found.lineno, *(line.lineno for line in found.decorator_list)])
    return textwrap.dedent("\n".join(text.splitlines()[first - 1:found.end_lineno])) + "\n"


def refreshed(text: str) -> str:
    """A chapter with every block as the source is now."""
    return BLOCK.sub(lambda match: match[1] + source_of(match[2], match[3]) + match[5], text)


def main() -> int:
    """Rewrite, or check."""
    drifted = [path for path in sorted((ROOT / "docs" / "learn").glob("*.md"))
               if refreshed(path.read_text()) != path.read_text()]
    for path in drifted:
        if "--check" in sys.argv:
            print(f"{path.relative_to(ROOT)} shows other lines than the source has (run tools/include_source.py)")
        else:
            path.write_text(refreshed(path.read_text()))
    return int(bool(drifted) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
