"""`refvr explain`: rows of the Jacobian, folding of the graph, mistakes by part, the page in a browser."""
import base64
import json
import shutil

import numpy as np
import pytest
from sights import sight

from refvr.cli.main import main
from refvr.explain import fold, write
from refvr.explain.points import points_of
from refvr.explain.rows import Rows
from refvr.explain.whatif import in_part, what_ifs
from refvr.media import ClipInfo, Frame, open_writer
from refvr.records import NETWORKS
from refvr.verify.mistakes import MISTAKES
from refvr.verify.runs.inputs import operands_on
from refvr.verify.runs.planted import planted


@pytest.fixture(scope="module")
def seen():
    return sight()


@pytest.fixture(scope="module")
def page(seen, tmp_path_factory):
    out = tmp_path_factory.mktemp("page") / "xray.html"
    return out, write.explain(seen, out, asked=((30, 50),), grid=(1, 2))


def test_a_row_is_the_derivative_and_a_tape_serves_any_number(seen):
    tape = Rows(seen.subject)
    dy = np.zeros_like(tape.output)
    dy[30, 50, 1] = 1
    row = tape.of(dy)["x"]
    assert np.array_equal(tape.of(dy)["x"], row)
    net, x = seen.subject.net, seen.subject.operands["x"].astype(np.float64)
    net.astype(np.float64)
    way = np.random.default_rng(2).standard_normal(x.shape)
    step = 1e-6
    difference = (net(x + step * way) - net(x - step * way))[0, 30, 50, 1] / (2 * step)
    net.astype(np.float32)
    assert (row * way).sum() == pytest.approx(difference, rel=1e-3)


def values_of(part):
    return np.frombuffer(base64.b64decode(part["f4"]), "<f4").reshape(part["size"])


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


def test_folding_loses_no_operation_and_no_product(seen):
    graph = fold.graph_of(seen.subject)
    levels = fold.levels(graph)
    assert sum(box["operations"] for box in levels[""]["boxes"]) == sum(n.operation is not None for n in graph.nodes)
    for path, level in levels.items():
        assert len(level["boxes"]) < 40, path
        names = {box["path"] for box in level["boxes"]}
        assert all(a in names and b in names for a, b in level["edges"])
    align = next(box for box in levels[""]["boxes"] if box["path"] == "pcd_align")
    assert align["multiply_adds"] == sum(box["multiply_adds"] for box in levels["pcd_align"]["boxes"])


def test_a_part_of_a_mistake_lies_between(seen):
    mistake = MISTAKES["pixel_shuffle.order_of_the_other_framework"]
    net, x = seen.subject.net, seen.subject.operands["x"]
    right, answers = net(x), []
    for share in (0.0, 0.5, 1.0):
        with planted(in_part(mistake, share)):
            answers.append(float(np.abs(net(x) - right).max()))
    assert answers[0] < 1e-5 < answers[1] < answers[2]


def test_every_mistake_that_a_page_names_is_in_the_catalogue():
    assert all(name in MISTAKES for record in NETWORKS.values() for name in record.explained.mistakes)
    assert [w.name for w in what_ifs("stfan_seed", lambda: None)] == []


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


def test_the_page_is_one_file_without_addresses(page):
    text = page[0].read_text()
    assert len(text) < write.MOST_BYTES
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "") and "https://" not in text
    assert "/*SCRIPT*/" not in text and "/*DATA*/" not in text


def test_a_page_that_is_too_large_gets_lighter_pictures():
    from refvr.explain.encode import png

    noise = np.random.default_rng(0).random((64, 64, 3))
    data = {"title": "t", "times": [{"before": png(noise), "label": "png"}], "maps": {"a": [png(noise)]}, "after": "x"}
    whole = len(write.html(data))
    text = write.fitted(data, whole - 1)
    assert len(text) < whole and data["times"][0]["before"].startswith("data:image/jpeg")
    assert data["maps"]["a"][0].startswith("data:image/png") and data["times"][0]["label"] == "png"
    assert len(write.fitted(data, 1)) < len(text) and data["maps"]["a"][0].startswith("data:image/jpeg")


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


def in_tab(out, does):
    """Open a page in Chromium and call does(tab); nothing may be complained of."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is missing (pip install 'refvr[browser]')")
    if not chromium():
        pytest.skip("there is no Chromium on this machine")
    with api.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            tab, errors = browser.new_page(viewport={"width": 1300, "height": 1000}), []
            tab.on("pageerror", lambda error: errors.append(str(error)))
            tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
            tab.goto(out.as_uri())
            does(tab)
            assert not errors
        finally:
            browser.close()


def test_any_channel_of_stfan_can_be_chosen(tmp_path):
    from refvr.nn.trace import trace

    seen = sight("stfan-s", "stfan", (16, 20))
    told = write.explain(seen, tmp_path / "x.html", asked=((5, 9),), grid=(1, 1))
    with trace() as values:
        seen.subject.run()
    want = values["deblur.filters"][0, 1, 2].reshape(25, 48)[:, 31]
    sets = [e for e in told["points"][0]["says"] if e["kind"] == "channels"]
    assert np.array_equal(np.frombuffer(base64.b64decode(sets[1]["f4"]), "<f4").reshape(48, 25)[31], want)

    def choose(tab):
        label = tab.locator("label", has_text="channel, 0 to 47").nth(1)
        label.locator("input").fill("31")
        canvas = tab.locator("canvas[width='120'][aria-label^='channel 31:']")
        shown = np.array(canvas.get_attribute("aria-label").partition(":")[2].split(","), np.float32)
        assert np.array_equal(shown, want)
        tab.locator("#stage").focus()
        tab.keyboard.press("ArrowRight")
        assert tab.locator("canvas[width='120'][aria-label^='channel 31:']").count() == 2   # both sets, next pixel
    in_tab(tmp_path / "x.html", choose)


def chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


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


def test_a_late_frame_of_a_clip_is_the_call_of_the_whole_clip(tmp_path):
    """Only what is around a frame is kept in memory; windows begin where those of the whole clip do."""
    from refvr.explain.sight import look

    rng = np.random.default_rng(3)
    clip = rng.random((24, 8, 12, 3), dtype=np.float32)
    np.save(tmp_path / "clip.npy", clip)
    seen = look(str(tmp_path / "clip.npy"), "remonet-s", 22)
    assert min(seen.frames) == 10
    want = operands_on(seen.subject.net, dict(enumerate(clip)), 22, None)["x"]
    assert np.array_equal(seen.subject.operands["x"], want)


def test_the_size_of_the_scene_is_that_of_what_the_network_is_given():
    """As for trace, compare and bounds; the scene is drawn larger, so that it can be made smaller."""
    from refvr.explain.sight import look

    seen = look("scene:24x16", "edvr-s-x4", 0)
    assert seen.subject.operands["x"].shape == (1, 3, 16, 24, 3) and "at 96x64, degraded: bicubic-x4" in seen.notes[0]


@pytest.fixture
def large_clip(tmp_path, monkeypatch):
    """A clip whose frames are too large for what is allowed here."""
    monkeypatch.setattr("refvr.explain.sight.SIZE", (64, 64))
    monkeypatch.setattr("refvr.explain.sight.MOST", 64 * 64)
    monkeypatch.setattr("refvr.explain.large.SHOWN", 96)
    monkeypatch.setattr("refvr.explain.large.STORY", 128)
    monkeypatch.setattr("refvr.explain.write.what_ifs", lambda *_: [])       # other tests look at these
    from refvr.scene import Scene, render

    np.save(tmp_path / "clip.npy", np.stack([render(Scene(), 150, 130, k / 24) for k in range(3)]))
    return tmp_path / "clip.npy"


def test_a_large_frame_is_shown_smaller_with_exact_values(large_clip, tmp_path):
    """Values are those of the whole frame; weights lie where they lie in it; clicks find the pixel."""
    from refvr import load
    from refvr.explain.sight import look
    from refvr.pipeline.drivers import restore_frames

    seen = look(str(large_clip), "stfan-s", 1)
    told = write.explain(seen, tmp_path / "x.html", asked=((125, 141),), grid=(1, 2))
    whole = list(restore_frames(np.load(large_clip), load("stfan-s")))[1]
    assert told["size"] == [130, 150] and told["shrink"] == 2 and len(told["times"]) == 1
    for point in told["points"]:
        assert np.allclose(point["value"], whole[point["y"], point["x"]], atol=2e-6)
        assert point["off"] < 0.02                                       # a part sees less than the whole
        part = point["row"][0]
        grey = np.abs(values_of(part))
        y, x = np.unravel_index(grey.argmax(), grey.shape)
        assert abs(part["top"] + y - point["y"]) <= 2 and abs(part["left"] + x - point["x"]) <= 2
        view = point["views"][0]
        assert view["top"] <= point["y"] and view["left"] <= point["x"]
    assert "lies outside of the result, which has 130 rows" in str(_error(seen, ((130, 0),), tmp_path))

    def click(tab):
        zoom = tab.evaluate("scaleOf()")
        tab.click("#stage", position={"x": 141.5 * zoom, "y": 125.5 * zoom})
        assert "Row 125, column 141" in tab.inner_text("#where") and "answers within" in tab.inner_text("#where")
    in_tab(tmp_path / "x.html", click)


def _error(seen, asked, folder):
    from refvr.errors import InputError

    with pytest.raises(InputError) as error:
        write.explain(seen, folder / "y.html", asked=asked, grid=(1, 1))
    return error.value


def test_parts_lie_inside_and_begin_where_features_do(large_clip):
    from refvr.explain.sight import look

    seen = look(str(large_clip), "remonet-s", 1)
    for top, left in ((-50, 0), (3, 40), (70, 500)):
        part = seen.part(top, left, 48, 48)
        h, w, _ = part.frames[1].shape
        y, x = part.origin
        assert y % 16 == x % 16 == 0 and 48 <= h < 64 and 48 <= w < 64 and y + h <= 130 and x + w <= 150
        assert np.array_equal(part.frames[1], seen.whole[1][y:y + h, x:x + w])
    assert sum(seen.part(500, 500, 48, 48).origin) + 48 > 130                # the far corner belongs to a part


def test_a_figure_of_a_large_frame_is_of_the_part_that_is_asked_for(large_clip, tmp_path, capsys):
    from refvr.explain.large import around
    from refvr.explain.sight import look

    seen = look(str(large_clip), "duf-s-x4", 1)
    part, (pixel,) = around(seen, ((500, 590),))
    assert pixel == (500 - 4 * part.origin[0], 590 - 4 * part.origin[1])
    pytest.importorskip("matplotlib")
    out = tmp_path / "x.png"
    base = ["explain", str(large_clip), "--model", "duf-s-x4", "--frame", "1", "--png", "filters", "-o", str(out)]
    assert main([*base, "--at", "500,590"]) == 0 and out.stat().st_size > 10_000
    assert main([*base, "--at", "520,0"]) == 2 and "which has 520 rows" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--png", "flow"]])
def test_a_folder_that_takes_no_file_is_refused_before_the_work(tmp_path, capsys, monkeypatch, words):
    if words:
        pytest.importorskip("matplotlib", reason="matplotlib is not installed")

    def full(*args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("refvr.media.atomic.TemporaryFile", full)
    out = tmp_path / f"x.{'png' if words else 'html'}"
    assert main(["explain", "scene:48x32", "--model", "edvr-s-x4", "-o", str(out), *words]) == 2
    assert capsys.readouterr().err.startswith(f"refvr: cannot write {out}: Permission denied; expected a writable")
