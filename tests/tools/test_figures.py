"""Every picture of docs is made by one command, every page of a table is there, and programs and verbs exist."""
import importlib.util
from collections import Counter
from pathlib import Path

from refvr.cli.main import VERBS

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("figures", ROOT / "tools" / "figures.py")
figures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(figures)


def test_every_picture_is_made_by_one_command():
    made = Counter(file for _, file in figures.pictures())
    assert set(made) == set((ROOT / "docs" / "images").glob("*.png")) and set(made.values()) == {1}


def test_commands_and_pages_exist():
    for what, command in (figures.DRAWN | figures.MEASURED).items():
        program, name, *_ = command.split()
        assert (ROOT / name).is_file() if program == "python" else name in VERBS, command
        assert all((ROOT / "docs" / page).is_file() for page in what.split() if page.endswith(".md")), what


def test_every_tool_that_draws_is_in_the_table():
    commands = " ".join(figures.DRAWN.values())
    assert all(f"tools/{tool.name}" in commands for tool in (ROOT / "tools").glob("draw_*.py"))
