"""`refvr explain --png NAME`: which figure a network has, where marks lie, size of the file."""
import numpy as np
import pytest
from places import ROOT
from sights import sight

from refvr import records
from refvr.cli.explain import FIGURES as NAMES
from refvr.cli.main import main
from refvr.explain.draw import OF_ALL, draw, figures_of
from refvr.explain.figures import taps
from refvr.explain.figures.look import Seen
from refvr.explain.points import Point
from refvr.explain.says import LEVELS

plot = pytest.importorskip("matplotlib", reason="figures need matplotlib (extra plot)")
NETWORKS = {"duf": ("duf-s-x4", (8, 10)), "stfan": ("stfan-s", (16, 20)), "edvr": ("edvr-s-x4", (16, 20)),
            "safa": ("safa-s", (32, 32)), "remonet": ("remonet-s", (16, 24))}


@pytest.fixture(scope="module")
def edvr():
    return Seen(sight())


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


@pytest.mark.parametrize("frame", [0, 1, 2])
def test_discs_lie_where_the_convolution_reads(edvr, frame):
    """A deformable convolution of one tap after the other, on a ramp, says at which place it reads."""
    from refvr import ops

    point = Point(30, 50, "asked for")
    for level in LEVELS:
        regular, places, mask = taps._read(edvr, frame, point, level)
        path = f"frame{frame}.pcd_align.{level.path}"
        offset, weight = edvr.values[f"{path}.offset_px"], edvr.values[f"{path}.mask"]
        h, w = offset.shape[1:3]
        cell = 30 // 4 // level.unit, 50 // 4 // level.unit
        ramps = np.stack(np.meshgrid(np.arange(h), np.arange(w), indexing="ij"), -1)[None].astype(np.float32)
        far = np.pad(ramps, ((0, 0), (99, 99), (99, 99), (0, 0)), mode="reflect", reflect_type="odd")
        wide = [np.pad(x, ((0, 0), (99, 99), (99, 99), (0, 0))) for x in (offset, np.ones_like(weight))]
        for g in range(2):
            for k in range(9):
                kernel = np.zeros((3, 3, 2, 2), np.float32)
                kernel[k // 3, k % 3] = np.eye(2)
                at = slice(18 * g, 18 * g + 18), slice(9 * g, 9 * g + 9)
                read = ops.deform_conv2d(far, wide[0][..., at[0]], wide[1][..., at[1]], kernel, padding=1)
                want = level.unit * read[0, 99 + cell[0], 99 + cell[1]]
                np.testing.assert_allclose(places[g, k], want, atol=1e-3)
        assert regular[4].tolist() == [level.unit * v for v in cell]


def test_titles_and_legends_of_many_groups_fit(monkeypatch):
    """A network of eight groups and weights that are drawn: nothing of what is written lies outside of the picture."""
    seen = Seen(sight())
    seen.sight.drawn = True
    figure = taps.offsets(seen, [Point(30, 50, "asked for, and " * 12)])
    from refvr.explain.figures import panel

    panel.legend(figure, [(colour, f"read by offset group {g}; area: mask, 0 to 1")
                          for g, colour in enumerate(panel.GROUPS)])
    figure.canvas.draw()
    width, _ = figure.canvas.get_width_height()
    for written in (figure._suptitle, *figure.legends):
        box = written.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= width
    seen.sight.drawn = False


def test_frames_of_full_size_are_blurred_not_shrunk(monkeypatch):
    """EDVR for deblurring is the same page as for enlargement; its scene is another."""
    from refvr import zoo
    from refvr.explain import sight as sights

    monkeypatch.setattr("refvr.explain.sight.SIZE", (32, 32))
    notes = []
    frames = sights._scene(zoo.build("edvr-l-deblur"), "scene", 1, 25, notes)
    assert frames[1].shape == (32, 32, 3) and "blur" in notes[0]


def test_the_output_mark_lies_in_the_middle_of_its_pixel(edvr):
    """x4: pixels 4 to 7 of the result lie over pixel 1 of the input, symmetric around its centre."""
    rows = [edvr.place(Point(y, 0, ""))[0] for y in (4, 5, 6, 7)]
    assert rows == pytest.approx([0.625, 0.875, 1.125, 1.375])
    duf = Seen(sight("duf-s-x4", "duf", (8, 10)))
    assert [duf.place(Point(y, 0, ""))[0] for y in (4, 6)] == [1.0, 1.5]


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


def test_the_same_figure_is_the_same_bytes(tmp_path):
    one = sight("safa-s", "safa", (32, 32))
    for name in ("a.svg", "b.svg"):
        draw(one, "scales", tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")


def flow(one):
    from refvr.explain import fold
    from refvr.explain.figures.dataflow import flow_of

    return flow_of(fold.graph_of(one.subject), list(one.subject.operands))


def test_data_flows_down_where_there_is_no_loop(edvr):
    """What a line of the page computes at several places joins nothing that the network does not join."""
    from refvr.explain.figures.dataflow import layers_of

    boxes, edges = flow(edvr.sight)
    layers = layers_of(boxes, edges)
    assert all(layers[a] < layers[b] for a, b in edges)
    assert {b for a, b in edges if a == "x"} == {"conv_first", *(b for b in boxes if "resize" in b)}
    assert any(box.label == "reconstruction" and box.names == [str(k) for k in range(8)] for box in boxes.values())
    ends = [key for key, box in boxes.items() if box.kind == "output"]
    assert len(ends) == 1 and boxes[ends[0]].shape == (1, 64, 80, 3)
    assert all(any(a == key for a, _ in edges) for key in boxes if key not in ends)


def test_a_recurrence_is_an_arrow_back():
    from refvr.explain.figures.dataflow import layers_of

    boxes, edges = flow(sight("remonet-s", "remonet", (16, 24)))
    layers = layers_of(boxes, edges)
    back = {(boxes[a].label, boxes[b].label) for a, b in edges if layers[a] >= layers[b]}
    assert back and all(b == "concat" for _, b in back)
    assert boxes["conv1"].calls == 5 and boxes["conv1"].text.endswith("5 times")


@pytest.mark.parametrize("name", ["remonet", "stfan", "duf", "edvr", "safa"])
def test_the_page_of_a_network_shows_its_data_flow(name):

    docs = ROOT / "docs"
    assert f"images/dataflow_{name}.png)" in (docs / f"{name}.md").read_text()
    assert (docs / "images" / f"dataflow_{name}.png").is_file()
