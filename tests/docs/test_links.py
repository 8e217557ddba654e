"""From README.md every page can be reached, every link leads somewhere, and every picture is shown."""
import re

from places import ROOT

DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def links(page):
    """Files that a page of Markdown names in its links."""
    text = page.read_text()
    return [(page.parent / link).resolve() for link in LINK.findall(text) if "://" not in link]


def reached(start):
    found, todo = {start}, [start]
    while todo:
        for target in links(todo.pop()):
            if target.suffix == ".md" and target not in found and target.is_file():
                found.add(target)
                todo.append(target)
    return found


def test_every_page_can_be_reached_from_the_readme():
    assert sorted(str(p.relative_to(ROOT)) for p in set(DOCS.rglob("*.md")) - reached(ROOT / "README.md")) == []


def test_no_link_leads_nowhere():
    pages = [ROOT / "README.md", *DOCS.rglob("*.md")]
    assert [f"{page.name}: {link}" for page in pages for link in links(page) if not link.exists()] == []


def test_every_picture_is_shown():
    shown = {link for page in (ROOT / "README.md", *DOCS.rglob("*.md")) for link in links(page)}
    assert [path.name for path in (DOCS / "images").iterdir() if path.resolve() not in shown] == []


def test_a_page_that_nothing_links_is_noticed(tmp_path):
    for name, text in (("README.md", "[a](a.md) [gone](gone.md)"), ("a.md", "[home](README.md#top)"), ("b.md", "")):
        (tmp_path / name).write_text(text)
    assert {page.name for page in reached(tmp_path / "README.md")} == {"README.md", "a.md"}


def test_pictures_are_a_few_megabytes():
    assert sum(path.stat().st_size for path in (DOCS / "images").iterdir()) < 4.5e6
