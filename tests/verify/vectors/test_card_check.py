"""Damaged vector.json files are named."""
from pathlib import Path

import pytest

from refvr.errors import InputError
from refvr.verify.vectors.card_check import check

ENTRY = {"file": "y.bin", "dtype": "float64", "shape": [2], "tolerance": 1e-6, "tolerance_float64": 1e-14}
GOOD = {"name": "a", "kind": "operation", "operation": "warp", "options": {},
        "inputs": {"x": {"file": "x.bin", "dtype": "float32", "shape": [2]}}, "outputs": {"y": ENTRY},
        "mistakes": [{"name": "warp.flow_halved"}]}


def test_a_good_one():
    check(GOOD, Path("vector.json"))


@pytest.mark.parametrize("change, says", [
    ({"name": 3}, "name is no text"), ({"options": []}, "options"), ({"outputs": {}}, "outputs"),
    ({"outputs": {"y": ENTRY | {"tolerance": -1}}}, "tolerance"), ({"mistakes": [{}]}, "mistakes"),
    ({"inputs": {"x": ENTRY | {"dtype": "int8"}}}, "type or shape")])
def test_the_part_that_is_damaged_is_named(change, says):
    with pytest.raises(InputError, match=says):
        check(GOOD | change, Path("vector.json"))
