"""The tables of rooms in developing.md say what the tests of imports hold."""
import re
import sys

import pytest
from places import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import rooms

PAGE = (ROOT / "docs" / "developing.md").read_text()


def rows(heading):
    """Cells of the table that begins with this line."""
    table = PAGE.split(f"{heading}\n")[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[1:]]


def names(cell):
    return [name.removesuffix(".py").removesuffix("/") for name in re.findall(r"`([\w./]+)`", cell)]


@pytest.fixture(scope="module")
def held():
    """MAY_IMPORT and VERIFY of tests/test_imports.py."""
    spaces = {}
    source = (ROOT / "tests" / "test_imports.py").read_text()
    exec(source[source.index("GROUND = "):source.index("HEAVY = ")], spaces)   # noqa: S102  our own tables
    return spaces


def test_rooms_of_verify(held):
    told = {names(room)[0]: {name.strip() for name in may.split(",")} - {"-"}
            for room, _, may in rows("| room | answers | may import |")}
    assert told == held["VERIFY"]


def test_rooms_of_refvr(held):
    """A room of the table may import what its last cell names, and what those may; nobody imports more."""
    above, may = set(), {}
    for room, _, told in rows("| room | holds | may import |"):
        here = [name for name in names(room) if "/" not in name]
        everything = "everything" in told
        for name in here:
            direct = set(above if everything else re.findall(r"[a-z0-9_]+", told.replace("nothing", "")))
            may[name] = (direct | {part for other in direct for part in may.get(other, ())} | set(here)
                         | held["GROUND"])
        above |= set(here)
    assert set(may) == set(held["MAY_IMPORT"]) - {"__main__", "__init__"}
    _, arrows = rooms.structure(ROOT / "refvr", "refvr")
    wrong = {name: sorted(imported - may[name]) for name, imported in arrows.items()
             if not name.startswith("__") and imported - may[name]}
    assert not wrong, str(wrong)
