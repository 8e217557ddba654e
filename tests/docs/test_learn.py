"""The chapters of docs/learn: their code runs, what they show of ours is ours, and their links lead somewhere."""
import importlib.util
import re

import pytest
from places import ROOT

CHAPTERS = sorted((ROOT / "docs" / "learn").glob("*.md"))
BLOCK = re.compile(r"(<!-- source: .*? -->\n)?```python\n(.*?)```", re.S)
PARTS = ("**The question.**", "## The formula", "## Our lines", "## Make it wrong", "## Exercises", "Answers", "![")


@pytest.fixture(scope="module")
def include_source():
    spec = importlib.util.spec_from_file_location("include_source", ROOT / "tools" / "include_source.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_what_a_chapter_runs_runs(chapter):
    code = "\n".join("\n" if shown else block for shown, block in BLOCK.findall(chapter.read_text()))
    exec(compile(code, chapter.name, "exec"), {"__name__": chapter.stem})


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_what_a_chapter_shows_is_the_source(chapter, include_source):
    text = chapter.read_text()
    assert include_source.refreshed(text) == text, "run tools/include_source.py"
    if chapter.stem != "index":
        assert all(part in text for part in PARTS), [part for part in PARTS if part not in text]


def test_a_block_that_has_drifted_is_noticed(include_source):
    text = "<!-- source: refvr/ops/fac.py plain -->\n```python\ndef plain(): ...\n```\n"
    assert "_unfolded" in include_source.refreshed(text)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_links_lead_somewhere(chapter):
    links = re.findall(r"\]\(([^)#]+)\)", chapter.read_text())
    assert [link for link in links if "://" not in link and not (chapter.parent / link).exists()] == []
