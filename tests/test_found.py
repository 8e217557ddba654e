"""Every module has tests that one finds by its name; tests lie in the rooms that refvr has."""
import re
from pathlib import Path

import pytest
from places import ROOT, TESTS
from tests_of import TOGETHER, files_testing, own_test

PACKAGE = ROOT / "refvr"
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if not path.name.startswith("__"))
OTHER_ROOMS = {"docs", "tools", "support", "golden", "weight_files"}  # of the repository, and what tests use
WHOLE = {"conftest", "fuzz", "hashes", "imports", "install", "found", "smoke",
         *(path.stem for path in PACKAGE.glob("*.py"))}


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.fixture(scope="module")
def mentioned():
    """Module of refvr, test or support -> modules of refvr that it imports or names in a text, as verbs are."""
    graph = {}
    for path in (*PACKAGE.rglob("*.py"), *TESTS.rglob("*.py")):
        text = path.read_text()
        graph[path] = set(re.findall(r"refvr(?:\.\w+)+", text))
        graph[path] |= {f"refvr.{module}" for module in re.findall(r"\"((?:\w+\.)+\w+):\w+\"", text)}   # of records
        graph[path] |= set(re.findall(r"^\s*(?:from|import) (\w+)", text, re.M))
        for module, names in re.findall(r"from (refvr[\w.]*) import (\([^)]*\)|.*)", text):
            graph[path] |= {f"{module}.{name}" for name in re.findall(r"\w+", names)}
    return graph


def reached(test, graph):
    """All modules that a test comes to."""
    known = {name_of(path): path for path in graph if path.is_relative_to(PACKAGE)}
    known |= {path.stem: path for path in graph if path.is_relative_to(TESTS / "support")}
    todo, seen = [test], set()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += [known[name] for name in graph[path] if name in known]
    return seen


def test_every_module_has_a_test_that_one_finds():
    lost = [str(module) for module in MODULES if not files_testing(module)]
    assert not lost, f"no tests/ROOM/test_NAME.py, and not in tests/support/tests_of.py: {lost}"


def test_tests_that_are_listed_come_to_the_module(mentioned):
    paths = {file: reached(TESTS / file, mentioned) for file in TOGETHER}
    far = [f"{module} from {path.relative_to(TESTS)}" for module in MODULES if not own_test(module)
           for path in files_testing(module) if PACKAGE / module not in paths[str(path.relative_to(TESTS))]]
    assert not far, far


def test_nothing_is_listed_in_vain():
    spare = [name for _, what in TOGETHER.values() for name in what.split()
             if (own_test(Path(f"{name}.py")) if name[-1] != "/" else not (PACKAGE / name).is_dir())
             or (name[-1] != "/" and Path(f"{name}.py") not in MODULES)]
    assert not spare, f"has a test of its own, or is gone: {spare}"


def test_tests_lie_in_rooms_of_refvr():
    rooms = {path.relative_to(TESTS).parent for path in TESTS.rglob("test_*.py")}
    odd = [str(room) for room in rooms if room.parts[:1] and room.parts[0] not in OTHER_ROOMS
           and not (PACKAGE / room).is_dir()]
    assert not odd, odd
    assert {path.stem[5:] for path in TESTS.glob("test_*.py")} <= WHOLE, "tests/ itself has what concerns all of refvr"


def test_the_walk_can_fail(mentioned):
    assert files_testing(Path("media/no_such_module.py")) == []
    assert files_testing(Path("ops/conv2d.py")) == [TESTS / "ops/test_conv2d.py"]
    graph = {TESTS / "x.py": {"refvr.shots.find"}, PACKAGE / "shots/find.py": set(), PACKAGE / "shots/edl.py": set()}
    assert reached(TESTS / "x.py", graph) == {TESTS / "x.py", PACKAGE / "shots/find.py"}
