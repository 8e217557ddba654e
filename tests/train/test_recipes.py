"""Recipes, and what the page says of them."""
import numpy as np
import pytest
from places import ROOT

from refvr.errors import InputError
from refvr.train.recipes import Recipe, changed, recipe_of, recipes


def test_recipes():
    official = recipes()["remonet"]
    assert (official.networks, official.batch, official.patch, official.lr) == (2, 12, 96, 8e-4)
    assert official.rate(0, 0.0) == pytest.approx(7.9945e-4, rel=1e-5)
    assert official.rate(0, 3 / 60) == pytest.approx(8e-4 / 2 * (1 + np.cos(np.pi * 4 / 60)))
    assert official.rate(0, 59.5 / 60) == 0
    assert changed(official, {"batch": 7.0, "strides": [1, 2]}).strides == (1, 2)
    for changes, words in (({"batch": 0}, "at least 1"), ({"colour": 1}, "no 'colour'"), ({"loss": "x"}, "loss is one"),
                           ({"batch": "many"}, "batch: got"), ({"strides": []}, "strides"), ({"lr": 0}, "lr is")):
        with pytest.raises(InputError, match=words):
            recipe_of("remonet", changes)
    with pytest.raises(InputError, match="no recipe 'x'"):
        recipe_of("x")


def test_the_documented_recipes_are_the_real_ones():
    import json
    from dataclasses import asdict

    def text(value):
        return json.dumps(value).replace('"', "")

    page = (ROOT / "docs" / "train.md").read_text()
    rows = [[cell.strip(" ") for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| `")]
    defaults = asdict(Recipe())
    told = {row[0].strip("`"): row[1] for row in rows if row[0].strip("`") in defaults}
    assert told == {key: text(value) for key, value in defaults.items()}
    named = {row[0].strip("`"): row[1] for row in rows if row[0].strip("`") in recipes()}
    assert named == {name: ", ".join(f"{key} {text(value)}" for key, value in asdict(recipe).items()
                                     if value != defaults[key]) for name, recipe in recipes().items()}
