"""Build the site of the documentation: pages, chapters, the API from docstrings, the source that pages name.

    pip install '.[docs]' && python tools/build_site.py -o site

It opens from a folder, without a network: formulas become MathML, search works from files. A link that leads nowhere
ends it with status 1.
"""
from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
FENCES = re.compile(r"(^```.*?^```[^\n]*$)", re.S | re.M)
FORMULA = re.compile(r"\$\$(.+?)\$\$", re.S)
OUTSIDE = re.compile(r"\]\(((?:\.\./)+)((?:refvr|tools|tests|weights|README)[^)#]*)(#[^)]*)?\)")
NAV = (("Start", "index.md"), ("Learn", "learn"), ("See", ("explain.md",)),
       ("Restore", ("restore.md", "scale.md", "weights.md", "blur.md", "train.md", "degrade.md", "performance.md",
                     "plan.md")),
       ("Verify", ("verify.md", "compare.md", "diagnose.md", "vectors.md", "export.md", "conformance.md")),
       ("Networks", ("remonet.md", "duf.md", "stfan.md", "edvr.md", "safa.md")),
       ("Operations", ("deform_conv2d.md", "dynamic_upsample.md", "fac.md", "warp.md", "resize_bilinear.md",
                       "pixel_shuffle.md")),
       ("Reference", ("command-line.md", "api", "developing.md", "changelog.md")))
API = ("refvr.ops", "refvr.autodiff", "refvr.nn", "refvr.zoo", "refvr.pipeline.restore",
       "refvr.pipeline.drivers", "refvr.verify.compare.compare", "refvr.verify.diagnose.diagnose", "refvr.metrics",
       "refvr.errors")


def prepare(folder: Path) -> None:
    """The pages as the generator wants them, in `folder`."""
    docs = folder / "docs"
    shutil.copytree(DOCS, docs)
    for file in (docs / "site").iterdir():
        shutil.move(file, docs / file.name)
    (docs / "site").rmdir()
    for page in sorted(docs.rglob("*.md")):
        parts = FENCES.split(page.read_text())
        up = "../" * (len(page.relative_to(docs).parts) - 1)
        parts[::2] = [_inside(FORMULA.sub(_mathml, part), docs, up) for part in parts[::2]]
        page.write_text("".join(parts))
    _write_api(docs)
    (folder / "zensical.toml").write_text(_settings(docs))


def _inside(text: str, docs: Path, up: str) -> str:
    """Links to source files lead to pages that show them."""
    return OUTSIDE.sub(lambda match: f"]({up}{_shown(docs, match[2])})", text)


def _mathml(match: re.Match[str]) -> str:
    from latex2mathml.converter import convert

    return convert(" ".join(match[1].split()), display="block")


def _shown(docs: Path, name: str) -> str:
    """The page that shows a source file (a folder: the list of its files), made when first asked for."""
    path = ROOT / name
    page = docs / "source" / f"{name.rstrip('/')}.md"
    if not page.exists():
        page.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            listed = [f"- [{file.name}]({path.name}/{file.name}.md)" for file in sorted(path.glob("*.py"))]
            page.write_text(f"# {name}\n\n" + "\n".join(listed) + "\n")
            for file in sorted(path.glob("*.py")):
                _shown(docs, f"{name.rstrip('/')}/{file.name}")
        else:
            page.write_text(f"# {name}\n\n````{'python' if path.suffix == '.py' else ''}\n{path.read_text()}````\n")
    return str(page.relative_to(docs))


def _write_api(docs: Path) -> None:
    """One page a module: signatures and docstrings of what is public there."""
    import griffe

    package = griffe.load("refvr", search_paths=[str(ROOT)])
    (docs / "api").mkdir()
    for name in API:
        module = package[name.removeprefix("refvr.")]
        lines = [f"# {name}", "", *_docstring(module)]
        members = [_target(_named_like_its_file(member)) for key, member in module.members.items()
                   if not key.startswith("_")]
        for member in sorted(filter(None, members), key=lambda one: one.name):
            if not (member.is_function or member.is_class) or not member.docstring:
                continue
            if not member.path.startswith("refvr.") or (member.module.path != name and not module.is_init_module):
                continue
            lines += [f"## {member.name}", "", "```python", _signature(member), "```", "", *_docstring(member)]
            lines += _docstring(member.module) if member.module.name == member.name else []  # the formula is its file's
        (docs / "api" / f"{name}.md").write_text("\n".join(lines))


def _named_like_its_file(member: object) -> object:
    """`refvr.ops.pad` is the operation, though a file has the same name."""
    return member.members.get(member.name, member) if not member.is_alias and member.is_module else member


def _target(member: object) -> object | None:
    try:
        return member.final_target if member.is_alias else member
    except Exception:  # an import from another package
        return None


def _signature(member: object) -> str:
    if member.is_class:
        return f"class {member.name}({', '.join(map(str, member.bases))})"
    parts, star = [], False
    for one in member.parameters:
        if one.kind is not None and one.kind.value == "keyword-only" and not star:
            parts.append("*")
            star = True
        star |= one.name.startswith("*")
        text = one.name + (f": {one.annotation}" if one.annotation is not None else "")
        parts.append(text + (f" = {one.default}" if one.default is not None else ""))
    return f"{member.name}({', '.join(parts)})" + (f" -> {member.returns}" if member.returns is not None else "")


def _docstring(member: object) -> list[str]:
    """As it is typed: formulas and tables of docstrings are laid out by hand."""
    return ["```text", member.docstring.value, "```", ""] if member.docstring else []


def _settings(docs: Path) -> str:
    def listed(name: str) -> list[str]:
        return [str(page.relative_to(docs)) for page in sorted((docs / name).glob("*.md"), key=_order)]

    nav = []
    for title, pages in NAV:
        if isinstance(pages, str) and pages.endswith(".md"):
            nav.append(f'  {{ "{title}" = "{pages}" }},')
            continue
        names = [name for page in ((pages,) if isinstance(pages, str) else pages)
                 for name in ([page] if page.endswith(".md") else listed(page))]
        nav.append(f'  {{ "{title}" = [{", ".join(repr(name) for name in names)}] }},')
    lines = ["[project]", 'site_name = "refvr"', 'docs_dir = "docs"', 'site_dir = "site"', 'extra_css = ["site.css"]',
             "nav = [", *nav, "]",
             "[project.theme]", 'language = "en"', "font = false", 'features = ["navigation.tabs", "navigation.top"]',
             "[[project.theme.palette]]", 'scheme = "default"', 'toggle.icon = "lucide/sun"', 'toggle.name = "Dark"',
             "[[project.theme.palette]]", 'scheme = "slate"', 'toggle.icon = "lucide/moon"', 'toggle.name = "Light"',
             "[project.plugins.offline]", "enabled = true", "[project.plugins.search]",
             "[[project.extra.polyfills]]", 'path = "iframe-worker.js"']
    return "\n".join(lines) + "\n"


def _order(page: Path) -> tuple[bool, str]:
    return page.stem != "index", page.stem


class _Links(HTMLParser):
    """Addresses of a page, and the names that addresses may end in."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.links += [found[key] for key in ("href", "src") if found.get(key) and tag != "link"]
        self.ids |= {found[key] for key in ("id", "name") if found.get(key)}


def dead_links(site: Path) -> list[str]:
    """Page and address of everything that is named and not there."""
    pages = {}
    for page in site.rglob("*.html"):
        pages[page.resolve()] = parsed = _Links()
        parsed.feed(page.read_text())
    dead = []
    for page, parsed in pages.items():
        for link in parsed.links:
            address, _, name = unquote(link).partition("#")
            if "://" in link or link.startswith(("mailto:", "data:", "javascript:")) or page.name == "404.html":
                continue
            target = (page.parent / address.partition("?")[0]).resolve() if address else page
            target = target / "index.html" if target.is_dir() else target
            if not target.exists() or (name and target in pages and name not in pages[target].ids
                                       and not name.startswith("__")):
                dead.append(f"{page.relative_to(site.resolve())}: {link}")
    return sorted(set(dead))


def main() -> int:
    """Build; 1 where a link is dead or the generator complains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=Path("site"), help="folder for the site (default: site)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="refvr-site-") as scratch:
        folder = Path(scratch)
        prepare(folder)
        done = subprocess.run([sys.executable, "-m", "zensical", "build", "--strict"], cwd=folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            print(done.stdout)
            return 1
        dead = dead_links(folder / "site")
        if not dead:
            shutil.rmtree(args.out, ignore_errors=True)
            shutil.copytree(folder / "site", args.out)
    for line in dead:
        print(f"leads nowhere: {line}")
    if not dead:
        print(f"{args.out}/index.html: {len(list(args.out.rglob('*.html')))} pages")
    return int(bool(dead))


if __name__ == "__main__":
    sys.exit(main())
