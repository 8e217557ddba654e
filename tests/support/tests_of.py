"""Which tests a module has: `python tests/support/tests_of.py refvr/media/tags.py` prints their files.

refvr/ROOM/x.py is tested by tests/ROOM/test_x.py; x_y.py by test_x_y.py or test_x.py. What has no file of its own
name is listed here, under the file that tests it: modules that make sense only together.
"""
import sys
from pathlib import Path

from places import ROOT, TESTS

TOGETHER = {  # test file -> (why, modules or whole rooms)
    "verify/cases/test_run.py": ("a case is read, run and judged; every family by every golden case",
                                 "verify/cases/families/"),
}


def own_test(module):
    """The test file of a module's name, or of the beginning of it; None where there is none."""
    words = module.stem.lstrip("_").split("_")
    names = ["_".join(words[:count]) for count in range(len(words), 0, -1)]
    found = (TESTS / module.parent / f"test_{name}.py" for name in names)
    return next((path for path in found if path.is_file()), None)


def listed(module):
    """Test files under which a module, or otherwise its room, stands in TOGETHER."""
    for name in (str(module.with_suffix("")), f"{module.parent}/"):
        if found := [TESTS / file for file, (_, what) in TOGETHER.items() if name in what.split()]:
            return found
    return []


def files_testing(module):
    """Test files of a module, whose path begins below refvr/."""
    own = own_test(module)
    return [own] if own else listed(module)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        for path in files_testing(Path(name).resolve().relative_to(ROOT / "refvr")):
            print(path.relative_to(ROOT))
