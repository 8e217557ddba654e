"""Numbers by a recipe."""
from places import ROOT

from refvr.verify.vectors.recipe import Recipe, draw, seed_of

PAGE = ROOT / "docs" / "vectors.md"


def test_the_recipe_is_what_the_page_says():
    """The numbers that the page prints for a port to check its own recipe."""
    assert hex(seed_of("conv2d/x")) in PAGE.read_text()
    assert ", ".join(f"{v:.7f}" for v in draw("conv2d/x", Recipe((3,)))) in PAGE.read_text()
    values = draw("a/b", Recipe((10_000,), 0.5, 0.25))
    assert -0.25 <= values.min() < -0.24 and 0.74 < values.max() < 0.75 and abs(values.mean() - 0.25) < 0.01
    assert set(draw("a/b", Recipe((500,), 0.5, 0.5, 5)).tolist()) == {0, 0.25, 0.5, 0.75, 1}
