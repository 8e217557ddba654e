"""Counts in pages are those of the repository, and code that a page quotes stands in the source."""
import re

import pytest
from doc_pages import FENCE
from places import GOLDEN, ROOT

from refvr.cli.main import VERBS

WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
CASES = {   # page -> cases of tests/golden that it counts, in the order of its sentence
    "duf.md": ["duf_*"], "safa.md": ["safa_*"], "fac.md": ["op_fac_*"], "deform_conv2d.md": ["op_dcn_*"],
    "edvr.md": ["edvr_tiny_?", "edvr_tiny_train_*"],
}


def page(name):
    return (ROOT / "docs" / name).read_text()


@pytest.mark.parametrize("name", CASES)
def test_cases_that_are_here(name):
    told = re.search(r"(?:(\w+) and )?(\w+) of them (?:are )?in\s+`tests/golden`", page(name))
    counts = [WORDS[word] for word in told.groups() if word]
    assert counts == [len(list(GOLDEN.glob(f"{pattern}.h5"))) for pattern in CASES[name]]


def test_readers_and_hostile_files(tmp_path):
    pytest.importorskip("PIL")
    import fuzz
    import hostile

    assert f"each of the {len(fuzz.READERS)} readers" in page("restore.md")
    assert f"has {len(hostile.files(str(tmp_path / 'marker')))} files that try" in page("weights.md")


def test_what_the_plan_page_shows_of_pages_today_stands_there():
    """Of each pair of blocks the second is today's."""
    source = {line.partition("  #")[0].strip() for path in (ROOT / "refvr" / "networks").glob("*.py")
              for line in path.read_text().splitlines()}
    blocks = [code for kind, code in FENCE.findall(page("plan.md")) if "(n, h/4" in code]
    assert len(blocks) == 4
    for code in blocks[1::2]:
        assert {line.partition("  #")[0].strip() for line in code.splitlines()} <= source


def test_lengths_of_pages():
    lengths = {name: len((ROOT / "refvr" / "networks" / f"{name}.py").read_text().splitlines())
               for name in ("remonet", "stfan")}
    assert f"Now it has {lengths['remonet']}, and" in page("plan.md")
    assert f"a value like others; {lengths['stfan']} lines" in page("plan.md")


def test_what_there_is():
    told = page("changelog.md")
    assert WORDS[re.search(r"(\w+) sets of\s+small weights", told)[1]] == len(list((ROOT / "weights").glob("*.h5")))
    verbs = re.search(r"- Verbs: ([^.]*)\.", told)[1]
    assert set(re.findall(r"\w+", verbs)) == set(VERBS)
    for text in (page("index.md"), (ROOT / "README.md").read_text()):
        chapters = WORDS[re.search(r"(\w+) chapters", text)[1]]
        assert chapters == len(list((ROOT / "docs" / "learn").glob("[0-9]*.md")))
