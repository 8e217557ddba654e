"""The pictures of conventions: what is flipped changes the picture, and every page shows its own."""

import numpy as np
import pytest
from places import ROOT

pytest.importorskip("matplotlib", reason="pictures need matplotlib (extra plot)")
from draw_conventions import PICTURES

PAGES = {"conv2d": "learn/1-convolution.md", "deform_conv2d": "deform_conv2d.md", "warp": "warp.md", "fac": "fac.md",
         "dynamic_upsample": "dynamic_upsample.md", "pixel_shuffle": "pixel_shuffle.md",
         "resize_bilinear": "resize_bilinear.md"}


@pytest.mark.parametrize("name", PICTURES)
def test_what_is_flipped_shows_in_the_detail(name):
    for one in PICTURES[name]():
        right, wrong = one.both()
        top, left = one.at[0] - 26, one.at[1] - 44
        assert top >= 0 and left >= 0 and top + 52 <= right.shape[0] and left + 88 <= right.shape[1], one.mistake
        off = np.abs(right - wrong)
        detail = off[top:top + 53, left:left + 89]
        assert off.max() > 0.05 and detail.max() > 0.2 * off.max(), one.mistake


@pytest.mark.parametrize("name", PICTURES)
def test_its_page_shows_it(name):
    assert f"images/conventions_{name}.png)" in (ROOT / "docs" / PAGES[name]).read_text()
    assert (ROOT / "docs" / "images" / f"conventions_{name}.png").is_file()
