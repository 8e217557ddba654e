"""Which test a module has: `python tests/support/tests_of.py refvr/media/tags.py` prints its file.

refvr/ROOM/x.py is tested by tests/ROOM/test_x.py; x_y.py by test_x_y.py or test_x.py. There are no exceptions.
"""
import sys
from pathlib import Path

from places import ROOT, TESTS


def test_of(module):
    """The test file of a module, whose path begins below refvr/: of its name or its beginning; None without one."""
    words = module.stem.lstrip("_").split("_")
    names = ["_".join(words[:count]) for count in range(len(words), 0, -1)]
    found = (TESTS / module.parent / f"test_{name}.py" for name in names)
    return next((path for path in found if path.is_file()), None)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        if path := test_of(Path(name).resolve().relative_to(ROOT / "refvr")):
            print(path.relative_to(ROOT))
