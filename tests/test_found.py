"""Every module has tests that one finds by its name; tests lie in the rooms that refvr has."""
import re
from pathlib import Path

import pytest
import tests_of
from places import ROOT, TESTS

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


def names_in(graph):
    """Name -> path of everything that others can name."""
    known = {name_of(path): path for path in graph if path.is_relative_to(PACKAGE)}
    return known | {path.stem: path for path in graph if path.is_relative_to(TESTS / "support")}


def reached(test, graph, known):
    """All modules that a test comes to."""
    todo, seen = [test], set()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += [known[name] for name in graph[path] if name in known]
    return seen


def test_every_module_has_a_test_that_one_finds():
    lost = [str(module) for module in MODULES if not tests_of.test_of(module)]
    assert not lost, f"no tests/ROOM/test_NAME.py: {lost}"


def test_the_test_of_a_module_comes_to_it(mentioned):
    """It imports it, or what does; or names it in a text."""
    tests = {module: tests_of.test_of(module) for module in MODULES}
    known = names_in(mentioned)
    paths = {test: reached(test, mentioned, known) for test in set(tests.values()) - {None}}
    far = [f"{module} from {test.relative_to(TESTS)}" for module, test in tests.items()
           if test and PACKAGE / module not in paths[test]]
    assert not far, far


def test_tests_lie_in_rooms_of_refvr():
    rooms = {path.relative_to(TESTS).parent for path in TESTS.rglob("test_*.py")}
    odd = [str(room) for room in rooms if room.parts[:1] and room.parts[0] not in OTHER_ROOMS
           and not (PACKAGE / room).is_dir()]
    assert not odd, odd
    assert {path.stem[5:] for path in TESTS.glob("test_*.py")} <= WHOLE, "tests/ itself has what concerns all of refvr"


def test_the_walk_can_fail(mentioned):
    assert tests_of.test_of(Path("media/no_such_module.py")) is None
    assert tests_of.test_of(Path("ops/conv2d.py")) == TESTS / "ops/test_conv2d.py"
    graph = {TESTS / "x.py": {"refvr.shots.find"}, PACKAGE / "shots/find.py": set(), PACKAGE / "shots/edl.py": set()}
    assert reached(TESTS / "x.py", graph, names_in(graph)) == {TESTS / "x.py", PACKAGE / "shots/find.py"}
