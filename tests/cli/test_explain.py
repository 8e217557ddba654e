"""`refvr explain`: the page or one figure, of the pixels that are asked for; what cannot be is said before the work."""
from types import SimpleNamespace

import pytest
from command_lines import one_line, recorded

from refvr.cli.main import main

SEEN = SimpleNamespace(notes=["weights are drawn"])
LOOK = {"weights": None, "sigma": 25, "time": 0.5}


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """The calls that look, write a page and draw; files are made in an empty folder."""
    from pathlib import Path

    from refvr.explain import write

    monkeypatch.chdir(tmp_path)
    pages = []

    def explain(seen, out, **options):
        pages.append((seen, out, options))
        Path(out).write_bytes(b"1" * 1_230_000)
        return {"title": "edvr-s-x4 on scene", "points": [1, 2, 3]}

    monkeypatch.setattr(write, "explain", explain)
    return SimpleNamespace(looks=recorded(monkeypatch, "refvr.explain.sight.look", SEEN), pages=pages,
                           drawn=recorded(monkeypatch, "refvr.explain.draw.draw"),
                           checked=recorded(monkeypatch, "refvr.drawing.plots.check_picture"))


@pytest.mark.parametrize("words, look, page", [
    ("", {}, {}), ("--weights w --sigma 10 --time 0", {"weights": "w", "sigma": 10, "time": 0}, {}),
    ("--time 1", {"time": 1}, {}), ("--at 40,100 --at 2,3", {}, {"asked": ((40, 100), (2, 3))}),
    ("--grid 2x100", {}, {"grid": (2, 100)})])
def test_each_option_reaches_the_page(asked, capsys, words, look, page):
    assert main(["explain", "clip.mp4", "--model", "edvr-s-x4", *words.split()]) == 0
    assert asked.looks == [(("clip.mp4", "edvr-s-x4", 4), LOOK | look)]
    (seen, out, options), = asked.pages
    assert seen is SEEN and out == "xray.html" and callable(options.pop("progress"))
    assert options == {"asked": (), "grid": (4, 6)} | page
    assert capsys.readouterr().out == "xray.html: edvr-s-x4 on scene, 3 pixels, 1.2 MB; open it in a browser\n"


@pytest.mark.parametrize("words, name, out, kind", [
    ("--png offsets", "offsets", "offsets.png", "png"), ("--svg provenance -o p.svg", "provenance", "p.svg", "svg")])
def test_one_figure_in_place_of_the_page(asked, capsys, words, name, out, kind):
    assert main(["explain", "scene", "--model", "edvr-s-x4", "--frame", "7", "--at", "3,5", *words.split()]) == 0
    assert asked.looks == [(("scene", "edvr-s-x4", 7), LOOK)] and not asked.pages
    assert asked.drawn == [((SEEN, name, out, ((3, 5),)), {})] and asked.checked == [((out, kind), {})]
    assert capsys.readouterr().out == f"weights are drawn\n{out}\n"


def test_attention_is_known_from_the_weights_where_they_are_ones_own(asked, monkeypatch):
    """Without it the configuration of the name says that there is none; the file may say otherwise."""
    checks = recorded(monkeypatch, "refvr.explain.draw.check_figure")
    words = ["explain", "scene", "--model", "edvr-m-notsa-x4", "--png", "attention"]
    assert main(words) == main([*words, "--weights", "w"]) == 0
    (_, network, config), _ = checks[0]
    assert network == "edvr" and config.tsa is False and checks[1][0] == ("attention", "edvr", None)


@pytest.mark.parametrize("words, part", [
    ("--at 40", "expected ROW,COLUMN such as 40,100"), ("--at 4,5,6", "ROW,COLUMN"), ("--at a,b", "ROW,COLUMN"),
    ("--grid 4", "ROWSxCOLUMNS"), ("--grid ax4", "ROWSxCOLUMNS"), ("--grid 3x67", "at most 200"),
    ("--time 1.5", "expected 0 to 1"), ("--time=-0.1", "expected 0 to 1"),
    ("--png offsets --svg offsets", "not allowed"), ("-o no/x.html", "expected an existing folder")])
def test_what_cannot_be_meant_is_one_line_before_anything_is_looked_at(asked, capsys, words, part):
    one_line(capsys, main(["explain", "scene", "--model", "edvr-s-x4", *words.split()]), part)
    assert not asked.looks


@pytest.mark.parametrize("words", [[], ["--png", "offsets"]])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_looked_at(asked, capsys, monkeypatch, words):
    def full(*args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("refvr.media.atomic.TemporaryFile", full)
    out = f"x.{'png' if words else 'html'}"
    one_line(capsys, main(["explain", "scene", "--model", "edvr-s-x4", "-o", out, *words]),
             f"refvr: cannot write {out}: Permission denied; expected a writable")
    assert not asked.looks
