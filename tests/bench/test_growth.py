"""Time and memory against frames, pixels and threads."""
from dataclasses import replace
from importlib.util import find_spec

import pytest
from subjects import TINY

from refvr.bench import growth


def test_growth(tmp_path):
    wanted = growth.points("remonet-t3", threads=2, largest=(320, 180), frames=(3, 6), small=(24, 16))
    assert [(s["axis"], s["count"], s["threads"]) for s in wanted] == [
        ("frames", 3, 2), ("frames", 6, 2), ("pixels", 160 * 90, 2), ("pixels", 320 * 180, 2),
        ("threads", 1, 1), ("threads", 2, 2)]
    point = growth.measure(wanted[0] | {"options": TINY["remonet-t3"], "repeats": 1})
    assert point.seconds > 0 and point.peak_mb > 20
    made = [replace(point, count=n, seconds=0.5 * n ** 1.5) for n in (2, 4, 8)]
    assert growth.power(made, "frames") == pytest.approx(1.5)
    assert growth.power(made[:1], "frames") is None
    if find_spec("matplotlib"):
        from refvr.bench.plot import draw_growth

        draw_growth(made, tmp_path / "growth.png")
        assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")
