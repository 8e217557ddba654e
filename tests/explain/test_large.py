"""Frames too large for the tape of a page."""
import numpy as np
import pytest
from browser_pages import in_tab, values_of

from refvr.cli.main import main
from refvr.explain import write


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
