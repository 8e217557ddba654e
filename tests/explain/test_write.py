"""The page."""
import base64

import numpy as np
from browser_pages import in_tab
from sights import sight

from refvr.explain import write


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
