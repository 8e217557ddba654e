"""Every example of docs/examples is a short script that runs as it stands, and a page links it."""
import importlib.util
import runpy

import pytest
from places import ROOT

DOCS = ROOT / "docs"
EXAMPLES = sorted((DOCS / "examples").glob("*.py"))
NEEDS = {"export_and_run": ("onnx", "onnxruntime"), "export_a_clip": ("onnx", "onnxruntime"),
         "onnxruntime_port": ("onnx", "onnxruntime")}
PORTS = {"onnxruntime_port"}   # what a verb loads, not a script; its own test is in verify/vectors/test_export.py
LONGEST = 30


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(example, tmp_path, monkeypatch, capsys):
    for name in NEEDS.get(example.stem, ()):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{example.name} needs {name} (pip install 'refvr[peers]')")
    monkeypatch.chdir(tmp_path)   # what it writes lies there
    runpy.run_path(str(example), run_name="__main__")
    assert example.stem in PORTS or capsys.readouterr().out


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short_and_says_what_it_does(example):
    text = example.read_text()
    assert text.startswith('"""')
    assert example.stem in PORTS or len(text.splitlines()) <= LONGEST


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_list_and_a_page_of_its_own_link_it(example):
    linking = {page.name for page in DOCS.rglob("*.md") if f"examples/{example.name})" in page.read_text()}
    assert linking - {"index.md"}, "no page about it links it"
    assert "index.md" in linking


def test_there_are_examples():
    assert len(EXAMPLES) >= 8
