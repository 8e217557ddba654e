"""`refvr explain`: rows of the Jacobian, folding of the graph, mistakes by part, the page in a browser."""
import json

import numpy as np
import pytest
from browser_pages import in_tab, values_of

from refvr.cli.main import main
from refvr.explain.points import points_of
from refvr.explain.rows import Rows
from refvr.media import ClipInfo, Frame, open_writer


def test_the_row_on_the_page_is_the_row_to_the_bit(seen, page):
    told = page[1]["points"][0]
    assert (told["y"], told["x"]) == (30, 50)
    tape = Rows(seen.subject)
    dy = np.zeros_like(tape.output)
    dy[30, 50] = 1 / 3
    grey = tape.of(dy)["x"][0].sum(-1)
    for k, part in enumerate(told["row"]):
        rows, columns = part["size"]
        top, left = part["top"], part["left"]
        assert np.array_equal(values_of(part), grey[k, top:top + rows, left:left + columns])


def test_taps_are_those_of_the_trace(seen, page):
    from refvr.nn.trace import trace

    with trace() as values:
        seen.subject.run()
    taps = [e for e in page[1]["points"][0]["says"] if e["kind"] == "taps"]
    assert len(taps) == 3 * 4
    first = taps[0]                                                     # frame 0, quarter scale: pixel 30 // 4 // 4
    assert first["at"] == [1, 3]
    offset = values["frame0.pcd_align.l3.dcn.offset_px"][0, 1, 3].reshape(2, 9, 2)
    np.testing.assert_allclose(first["groups"][1]["offset"], offset[1].ravel(), rtol=1e-3, atol=1e-12)


def test_a_pixel_outside_is_an_error():
    from refvr.errors import InputError

    with pytest.raises(InputError, match="pixel 8,0 lies outside .* 8 rows and 9 columns"):
        points_of(np.zeros((8, 9, 3), np.float32), ((8, 0),), (1, 1))


@pytest.mark.parametrize("frame, says", [("5", "has 2 frames, expected one of number 5"), ("-1", "from 0 on")])
def test_a_frame_that_is_not_there(tmp_path, capsys, frame, says):
    path = tmp_path / "clip.npy"
    with open_writer(path, ClipInfo(16, 12, 2)) as writer:
        for _ in range(2):
            writer.write(Frame(np.zeros((12, 16, 3), np.float32)))
    assert main(["explain", str(path), "--model", "edvr-s-x4", f"--frame={frame}", "-o", str(tmp_path / "x.html")]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()


def test_a_folder_that_is_not_there_is_said_at_once(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("refvr.explain.sight.look", lambda *args, **options: pytest.fail("it began to look"))
    assert main(["explain", "scene", "--model", "edvr-s-x4", "-o", str(tmp_path / "no" / "x.html")]) == 2
    assert "expected an existing folder" in capsys.readouterr().err


KINDS = {"duf-s-x4": {"filters", "bars"}, "stfan-s": {"filters", "channels"}, "safa-s": {"table", "bars"},
         "safa-s-moved": {"table", "bars"}, "remonet-s-told": {"table"}, "fastdvdnet": set()}


@pytest.mark.parametrize("model", KINDS)
def test_every_network_has_a_page(model, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("refvr.explain.sight.SIZE", (64, 64))
    out = tmp_path / "xray.html"
    assert main(["explain", "scene", "--model", model, "--frame", "2", "--grid", "1x1", "-o", str(out)]) == 0
    text = out.read_text()
    told = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    assert {e["kind"] for e in told["points"][0]["says"]} == KINDS[model]
    row = told["points"][0]["row"]
    assert len(row) == len(told["frames"]) and any(part["all"] for part in row)
    assert sum(t["now"] for t in told["times"]) == 1
    assert all(w["psnr"][-1] is not None and w["psnr"][0] >= w["psnr"][-1] for w in told["what_ifs"])
    assert ("drawn at random" in told["notes"][0]) == (model == "fastdvdnet")
    assert bool(told["scales"]) == model.startswith("safa")


def test_in_a_browser(page):
    """Opens from disk without errors; clicks, keys and sliders change what they should; values are NumPy's."""
    out, told = page
    in_tab(out, lambda tab: _clicks(tab, told))


def _clicks(tab, told):
    point = told["points"][0]
    assert f"Row {point['y']}, column {point['x']}" in tab.inner_text("#where")
    assert f"{point['value'][0]:.4f}" in tab.inner_text("#where")
    assert tab.locator("#rows canvas").count() == 3
    last = told["points"][-1]
    tab.click("#stage", position={"x": 2 * last["x"] + 2, "y": 2 * last["y"] + 2})
    assert f"Row {last['y']}, column {last['x']}" in tab.inner_text("#where")
    assert f"sum {last['row'][0]['sum']:.4f}"[:8] in tab.inner_text("#rows")
    tab.keyboard.press("ArrowRight")
    assert f"Row {point['y']}, column {point['x']}" in tab.inner_text("#where")
    tab.select_option("#which", "sum")
    assert "9x9" in tab.inner_text("#where")
    assert tab.evaluate("Array.from(floats(data.points[0].row[1].f4))") == values_of(point["row"][1]).ravel().tolist()
    tab.locator("rect[data-path=pcd_align]").click()
    assert "multiply-adds" in tab.inner_text("#box") and "refvr/networks/edvr.py" in tab.inner_text("#box")
    tab.click("#open")
    assert tab.locator("rect[data-path='pcd_align.l1']").count() == 1
    before = tab.get_attribute("#wrong", "src")
    tab.locator("#share").fill("3")
    assert tab.get_attribute("#wrong", "src") != before and "dB" in tab.inner_text("#wrong-label")
    tab.locator("#time").fill("0")
    assert tab.inner_text("#time-label") == told["times"][0]["label"]
