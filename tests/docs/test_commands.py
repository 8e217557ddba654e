"""Commands that pages show are ones that refvr takes, their Python compiles, and what they print is what is printed."""
import ast
import importlib.util
import re
import shlex

import pytest
from doc_pages import FENCE, shown
from places import ROOT

from refvr.cli.main import VERBS, main, make_parser

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINE = re.compile(r"^(?:    |\$ )?((?:pip install [^&]*&& )?refvr [a-z]+\b.*)$")
INLINE = re.compile(r"`(refvr [a-z]+ [^`]*)`")
PATTERN = re.compile(r"\b[A-Z][A-Z_]+\b|\[-|\.\.\.")   # `restore IN OUT [--model NAME]`


def commands(page):
    """(place, words, whether it can be run as it stands) of every command on a line of its own, or in code type."""
    for number, line in enumerate(page.read_text().splitlines(), 1):
        shown = LINE.match(line)
        for command in ([shown[1]] if shown else INLINE.findall(line)):
            for part in re.split(r"&&|\| |>", re.sub(r"\s#.*", "", command)):
                words = shlex.split(part)
                if words[:1] == ["refvr"] and len(words) > 1 and words[1] in VERBS:
                    yield f"{page.name}:{number}", words[1:], bool(shown) and not PATTERN.search(part)


def fault(words, whole):
    """What the parser of a verb says to `words`; None if it takes them, or for a part of a command all its options."""
    parser = make_parser(words[0])
    if not whole:
        options = {option for action in parser._actions for option in action.option_strings}
        return [word for word in words if word.startswith("--") and word.split("=")[0] not in options] or None
    try:
        parser.parse_args(words[1:])
    except SystemExit as stop:
        return stop.code or None
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_are_taken(page, capsys):
    wrong = {place: " ".join(words) for place, words, whole in commands(page) if fault(words, whole)}
    assert not wrong, f"{wrong}: {capsys.readouterr().err}"


def test_a_wrong_command_would_be_found(capsys):
    assert fault(["restore", "in.mp4", "out.mp4", "--no-such-option"], whole=True) and fault(["work"], whole=True)
    assert fault(["restore", "--no-such-option"], whole=False) and not fault(["restore", "--resume"], whole=False)
    assert sum(whole for page in PAGES for *_, whole in commands(page)) > 60


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_compiles_and_imports_what_exists(page):
    for kind, code in FENCE.findall(page.read_text()):
        if kind != "python":
            continue
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "refvr":
                module = importlib.import_module(node.module)
                for name in node.names:
                    room = hasattr(module, "__path__") and importlib.util.find_spec(f"{node.module}.{name.name}")
                    assert hasattr(module, name.name) or room, ast.unparse(node)


def test_work_is_shown_as_it_is_printed(capsys):
    command = "refvr work warp --at 3,5 --channel 1"
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out.splitlines() == shown("diagnose.md", command)


@pytest.mark.parametrize("command", ["refvr vectors export --ops deform_conv2d -o vectors",
                                     "refvr vectors export --ops 'conv2d*' -o vectors"])
def test_export_of_vectors_is_shown_as_it_is_printed(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out.splitlines() == shown("vectors.md", command)
