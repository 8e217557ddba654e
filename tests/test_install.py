"""What a user installs: the package from another folder, with its weights; and pages that hold together."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.long
def test_an_installed_copy_finds_its_weights(tmp_path):
    pytest.importorskip("build", reason="makes the sdist and the wheel of it")
    pytest.importorskip("hatchling", reason="builds without fetching anything")
    subprocess.run([sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path / "dist", ROOT], check=True)
    wheel = next((tmp_path / "dist").glob("*.whl"))
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", tmp_path / "site", wheel],
                   check=True)
    code = "from refvr.zoo import folder as f; print(f.__file__); print(*sorted(p.name for p in f.WEIGHTS.iterdir()))"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    shown = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True,
                           check=True).stdout.splitlines()
    assert Path(shown[0]).is_relative_to(tmp_path / "site")
    assert (tmp_path / "site" / "refvr" / "py.typed").exists()
    assert next((tmp_path / "site").glob("refvr-*.dist-info/licenses/LICENSE")).read_text().startswith("MIT License")
    assert shown[1].split() == sorted(path.name for path in (ROOT / "weights").iterdir() if path.name != "__pycache__")


def sources(*folders):
    return "\n".join(path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.py"))


def test_every_extra_is_used_and_named_where_it_is_missing():
    """A package of an extra is imported or run by something; `pip install 'refvr[...]'` names extras that there are."""
    text = (ROOT / "pyproject.toml").read_text().split("[project.optional-dependencies]")[1].split("\n[")[0]
    extras = dict(re.findall(r"^(\w+) = \[(.*?)\]", text, re.S | re.M))
    assert {"cluster", "docs", "plot", "safetensors", "peers", "test"} <= extras.keys()
    source = sources("refvr", "tools", "tests")
    spare = [f"{package} of {extra}" for extra, listed in extras.items()
             for package in re.findall(r'"([a-z0-9]+)>=', listed)
             if not re.search(rf"(?:import|from) {package}\b|\"{package}[\".]", source)]
    assert not spare, spare
    pages = "\n".join(page.read_text() for page in PAGES)
    named = {extra for words in re.findall(r"refvr\[([a-z,]+)\]", source + pages) for extra in words.split(",")}
    assert named <= extras.keys()


def test_every_extra_has_a_command_that_shows_it():
    import try_extras

    text = (ROOT / "pyproject.toml").read_text().split("[project.optional-dependencies]")[1].split("\n[")[0]
    assert {*try_extras.EXTRAS, "dev"} == set(re.findall(r"^(\w+) = \[", text, re.M))
    page = (ROOT / "docs" / "developing.md").read_text().partition("## Extras")[2].partition("\n## ")[0]
    for extra, (together, commands) in try_extras.EXTRAS.items():
        assert f"`{extra}`" in page and extra in together.split(",") and commands


def test_the_version_is_written_once():
    import refvr

    text = (ROOT / "pyproject.toml").read_text()
    assert 'dynamic = ["version"]' in text and not re.search(r"^version", text, re.M)
    assert refvr.__version__ in (ROOT / "docs" / "changelog.md").read_text(), "the changelog has the version"
    assert not (ROOT / "setup.py").exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_pages_parse(page):
    """Every `refvr VERB ...` line of a code block is accepted by the parser of its verb."""
    import shlex

    from refvr.cli.main import VERBS, make_parser

    for block in re.findall(r"```\w*\n(.*?)```", page.read_text(), re.S):
        for line in block.splitlines():
            if "[" in line:  # a synopsis
                continue
            for command in re.findall(r"(?<![\w/.`])refvr (\w+)([^|#&`>]*)", line):
                verb, rest = command
                if verb not in VERBS:
                    continue
                try:
                    make_parser(verb).parse_args(shlex.split(rest))
                except SystemExit as stop:
                    assert not stop.code, line


@pytest.mark.skipif(shutil.which("bash") is None, reason="CI runs in bash")
@pytest.mark.parametrize("second, tests, status", [(0, 0, 0), (1, 0, 1), (0, 5, 5), (1, 5, 5)])
def test_ci_keeps_the_exit_code_and_its_last_line_is_that_of_the_tests(tmp_path, second, tests, status):
    (tmp_path / ".ci").mkdir()
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    (tmp_path / "tools" / "smoke.py").write_text(f"print('smoke'); raise SystemExit({second})")
    line = f"""python3 -c "print('3 passed'); raise SystemExit({tests})" # pytest"""
    (tmp_path / "README.md").write_text(f"text\n{line}\n")
    done = subprocess.run(["bash", tmp_path / ".ci" / "run"], capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()) == (status, ["smoke", "3 passed"])
    shown = subprocess.run(["bash", tmp_path / ".ci" / "run", "--show"], capture_output=True, text=True, check=True)
    assert shown.stdout == line + "\n"


def test_style():
    pytest.importorskip("ruff", reason="the linter")
    result = subprocess.run([sys.executable, "-m", "ruff", "check", "--output-format", "concise", "."], cwd=ROOT,
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
