"""The structure of refvr in numbers: rooms, what is in them, arrows between them, circles.

    python tools/rooms.py [FOLDER]      FOLDER: another checkout, such as a git worktree of an older commit

A room is a folder or a file of refvr/ (then of refvr/verify/); an arrow says that one imports another, anywhere in its
code.
"""
from __future__ import annotations

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path


def imported(path: Path) -> Iterator[str]:
    """Names of what a file imports, with those of from-imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def structure(folder: Path, name: str) -> tuple[dict[str, list[int]], dict[str, set[str]]]:
    """Room -> lines of each of its files; room -> rooms that it imports. `name`: of the folder as a package."""
    sizes, arrows = defaultdict(list), defaultdict(set)
    rooms = {path.name.removesuffix(".py") for path in folder.iterdir()}
    for path in folder.rglob("*.py"):
        room = path.relative_to(folder).parts[0].removesuffix(".py")
        sizes[room].append(len(path.read_text().splitlines()))
        arrows[room] |= {other.removeprefix(f"{name}.").split(".")[0] for other in imported(path)
                         if other.startswith(f"{name}.")} & rooms - {room}
    return sizes, arrows


def in_circles(arrows: dict[str, set[str]]) -> list[str]:
    """Rooms that import themselves, through others."""
    reached = {room: set(others) for room, others in arrows.items()}
    for _ in reached:
        for others in reached.values():
            others |= set().union(*(reached.get(other, ()) for other in others))
    return sorted(room for room, others in reached.items() if room in others)


def main() -> None:
    """Print it, the largest room first."""
    package = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1]) / "refvr"
    for folder, name in ((package, "refvr"), (package / "verify", "refvr.verify")):
        sizes, arrows = structure(folder, name)
        named = Counter({room: sum(lines) for room, lines in sizes.items() if not room.startswith("__")})
        count = sum(len(arrows[room]) for room in named)
        print(f"{name}: {len(named)} rooms, {count} arrows, rooms in circles: "
              f"{', '.join(in_circles(arrows)) or 'none'}")
        for room, lines in named.most_common():
            print(f"  {room:14}{len(sizes[room]):4} files {lines:6} lines   imports {', '.join(sorted(arrows[room]))}")


if __name__ == "__main__":
    main()
