"""The site of the documentation: it builds, no link is dead, and search works from a folder."""
import importlib.util
import re
import shutil
import subprocess
import sys

import pytest
from places import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    for name in ("zensical", "griffe", "latex2mathml"):
        pytest.importorskip(name, reason="the generator of the site (extra docs)")
    out = tmp_path_factory.mktemp("site") / "site"
    done = subprocess.run([sys.executable, ROOT / "tools" / "build_site.py", "-o", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_every_page_is_there_and_needs_no_network(site):
    for page in ("index", "restore", "learn/1-convolution", "api/refvr.ops", "source/refvr/ops/conv2d.py"):
        text = (site / f"{page}.html").read_text()
        assert not [line for line in text.splitlines() if 'src="http' in line]
    assert "<math" in (site / "learn" / "1-convolution.html").read_text()
    api = (site / "api" / "refvr.ops.html").read_text()
    assert 'id="conv2d"' in api and "A correlation, as networks have it" in api


def test_dead_links_are_found(tmp_path):
    spec = importlib.util.spec_from_file_location("build_site", ROOT / "tools" / "build_site.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "a.html").write_text('<a href="b.html#here">x</a><a href="b.html#not">y</a><img src="c.png">')
    (tmp_path / "b.html").write_text('<h1 id="here">b</h1><a href="a.html">a</a><a href="https://example.org">e</a>')
    assert module.dead_links(tmp_path) == ["a.html: b.html#not", "a.html: c.png"]


def test_search_works_from_a_folder(site):
    playwright = pytest.importorskip("playwright.sync_api", reason="drives a browser")
    if not CHROMIUM:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page, said = browser.new_page(), []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("requestfailed", lambda request: said.append(request.url))
        page.goto((site / "learn" / "1-convolution.html").as_uri())
        page.wait_for_load_state("networkidle")
        page.keyboard.press("/")
        page.keyboard.type("deformable", delay=30)
        page.get_by_text(re.compile("[0-9]+ results")).wait_for(timeout=20_000)
        browser.close()
    assert said == []
