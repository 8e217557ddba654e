"""What pages name in code type exists: tests, mistakes, cases, options and files."""
import re
from pathlib import Path

import pytest
from places import GOLDEN, ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"```.*?```", re.S)
EXAMPLES = re.compile("NAME|MODEL")  # placeholders
# Files of the authors, one that an export writes, and one that is gone, in tables of what was before
ELSEWHERE = {"basicsr/archs/duf_arch.py", "basicsr/archs/edvr_arch.py", "utils.py", "test_vectors.py", "zoo.py"}


@pytest.fixture(scope="module")
def known():
    """All source of the repository, and the names of its cases."""
    sources = [path.read_text() for folder in ("refvr", "tests", "tools") for path in (ROOT / folder).rglob("*.py")
               if path != Path(__file__)]
    return "\n".join([*sources, *(path.stem for path in GOLDEN.iterdir())])


def missing(page, known):
    """Names of a page that stand nowhere."""
    text = FENCE.sub("", page)
    words = re.findall(r"`(?:[a-z0-9_]+\.)?([a-z][a-z0-9]*(?:_[a-z0-9]+){2,})`", text)
    options = re.findall(r"`(--[a-z][a-z-]+)", text)
    files = [name for name in re.findall(r"`((?:refvr|tests|tools|docs|weights)/[\w./*-]+)`", text)
             if not EXAMPLES.search(name) and not list(ROOT.glob(name))]
    files += [name for name in re.findall(r"`([a-z]\w*(?:/\w+)*\.py)`", text) if name not in ELSEWHERE
              and not EXAMPLES.search(name) and not any(ROOT.glob(f"**/{name}"))]
    called = [name for name in re.findall(r"`(?:refvr\.)?([a-z0-9_]+(?:\.\w+)+)\(", text) if is_lost(name)]
    return sorted({word for word in words if word not in known} | set(called)
                  | {option for option in options if not any(
                      f'"{name}' in known for name in (option, option.replace("--no-", "--")))} | set(files))


def is_lost(name):
    """Whether "room.module.name" begins with a room of refvr and is not there."""
    room, *parts, last = name.split(".")
    if not (ROOT / "refvr" / room).is_dir():
        return False
    path = ROOT.joinpath("refvr", room, *parts)
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return not (source.is_file() and re.search(rf"\b{last}\b", source.read_text()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_pages_name_exists(page, known):
    assert missing(page.read_text(), known) == []


def test_a_wrong_name_is_found(known):
    page = ("`kernel_flipped`, `no_such_mistake_here`, `--sigma`, `--no-option-of-ours 3`, `refvr/ops/conv9d.py`, "
            "`conv8d.py`, `ops/core/jit.py`, `zoo.build(`, `degrade.duf.upsample(`")
    assert missing(page, known) == ["--no-option-of-ours", "conv8d.py", "degrade.duf.upsample", "no_such_mistake_here",
                                    "refvr/ops/conv9d.py"]
