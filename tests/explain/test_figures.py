"""`refvr explain --png NAME`: which figure a network has, where marks lie, size of the file."""
import pytest
from sights import sight

from refvr import records
from refvr.cli.explain import FIGURES as NAMES
from refvr.cli.main import main
from refvr.explain.draw import OF_ALL, draw, figures_of

plot = pytest.importorskip("matplotlib", reason="figures need matplotlib (extra plot)")
NETWORKS = {"duf": ("duf-s-x4", (8, 10)), "stfan": ("stfan-s", (16, 20)), "edvr": ("edvr-s-x4", (16, 20)),
            "safa": ("safa-s", (32, 32)), "remonet": ("remonet-s", (16, 24))}


def test_the_command_knows_the_figures_that_there_are():
    assert set(NAMES) == {*OF_ALL, *(name for record in records.NETWORKS.values() for name in record.explained.figures)}


@pytest.mark.parametrize("network", NETWORKS)
def test_every_figure_of_a_network_is_drawn_large_enough(tmp_path, network):
    from PIL import Image

    model, size = NETWORKS[network]
    one = sight(model, network, size)
    names = list(figures_of(network))
    assert "provenance" in names
    for name in names:
        draw(one, name, tmp_path / f"{name}.png", ((3, 5),))
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.width >= 1200


def test_frames_of_full_size_are_blurred_not_shrunk(monkeypatch):
    """EDVR for deblurring is the same page as for enlargement; its scene is another."""
    from refvr import zoo
    from refvr.explain import sight as sights

    monkeypatch.setattr("refvr.explain.sight.SIZE", (32, 32))
    notes = []
    frames = sights._scene(zoo.build("edvr-l-deblur"), "scene", 1, 25, notes)
    assert frames[1].shape == (32, 32, 3) and "blur" in notes[0]


def test_a_figure_that_the_network_has_not(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("refvr.explain.sight.look", lambda *args, **options: pytest.fail("it began to look"))
    assert main(["explain", "scene", "--model", "edvr-s-x4", "--png", "scales", "-o", str(tmp_path / "x.png")]) == 2
    error = capsys.readouterr().err
    assert "edvr has no figure 'scales'" in error and "offsets, attention, provenance" in error
    out = str(tmp_path / "x.png")
    assert main(["explain", "scene", "--model", "edvr-m-notsa-x4", "--png", "attention", "-o", out]) == 2
    assert "it has offsets, provenance" in capsys.readouterr().err


@pytest.mark.parametrize("out, says", [("x.svg", "ends in .png"), ("no/x.png", "is not there")])
def test_a_name_that_does_not_fit(tmp_path, capsys, out, says):
    assert main(["explain", "scene", "--model", "edvr-s-x4", "--png", "offsets", "-o", str(tmp_path / out)]) == 2
    assert says in capsys.readouterr().err


def test_no_such_figure(capsys):
    assert main(["explain", "scene", "--model", "edvr-s-x4", "--png", "nothing"]) == 2
    assert "provenance" in capsys.readouterr().err


def test_without_matplotlib(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    assert main(["explain", "scene", "--model", "duf-s-x4", "--png", "filters", "-o", str(tmp_path / "x.png")]) == 2
    assert "refvr[plot]" in capsys.readouterr().err


@pytest.mark.parametrize("model, says", [("remonet-s", "remonet has no figure 'offsets'"), ("edvr-z", "no model")])
def test_what_can_never_be_drawn_is_said_before_what_is_missing(capsys, monkeypatch, model, says):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    assert main(["explain", "scene", "--model", model, "--png", "offsets"]) == 2
    assert says in capsys.readouterr().err


def test_the_same_figure_is_the_same_bytes(tmp_path):
    one = sight("safa-s", "safa", (32, 32))
    for name in ("a.svg", "b.svg"):
        draw(one, "scales", tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
