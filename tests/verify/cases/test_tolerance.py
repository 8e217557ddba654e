"""How far an answer may be from a case, by hand: noise of float32 of the original, 4 or 8 times."""
from pathlib import Path

import numpy as np
import pytest

from refvr.verify.cases.case import Case
from refvr.verify.cases.families import Answer, Family
from refvr.verify.cases.tolerance import tolerance, truth

RATIO = float(np.finfo(np.float64).eps) / float(np.finfo(np.float32).eps)
NOISE = 2.0 ** -18    # of the peak


def case(outputs64=True, noise=NOISE, kind=np.float32):
    """An output y with peak 4, whose float32 run is `noise` of that off, and a value on the way with peak 2."""
    right = np.array([4.0, -1.0, 0.0])
    outputs = {"y": (right + [0, 4 * noise, 0]).astype(kind)}
    return Case(Path("made"), {"family": "made"}, {}, {}, outputs, {"y": right} if outputs64 else {},
                {"middle": np.float32([2, 1])})


def family(**options):
    return Family(lambda case, dtype: Answer({}), **options)


def allowed(case, family, group="outputs", name="y", dtype=np.float32, spread=None):
    return tolerance(case, family, group, name, dtype, spread or {}).value


def test_an_output_is_judged_by_the_noise_of_its_float32_run():
    assert allowed(case(), family()) == 4 * NOISE * 4
    assert allowed(case(), family(), dtype=np.float64) == pytest.approx(8 * NOISE * RATIO * 4, rel=1e-12)
    assert truth(case(), "outputs", "y").dtype == np.float64


def test_values_on_the_way_have_noise_in_both_runs():
    assert allowed(case(), family(), "trace", "middle") == 8 * NOISE * 2   # no float64 run: the output's noise
    assert allowed(case(), family(), "trace", "middle", np.float64) == 4 * NOISE * 2


def test_without_any_noise_one_rounding_is_left():
    eps = float(np.finfo(np.float32).eps)
    assert allowed(case(noise=0.0), family()) == 4 * eps * 4
    assert allowed(case(outputs64=False), family()) == 8 * eps * 4


def test_a_stated_floor_counts_where_it_is_more_and_for_its_outputs():
    assert allowed(case(), family(floor=2.0 ** -10)) == 4 * 2.0 ** -10 * 4
    assert allowed(case(), family(floor=2.0 ** -30)) == 4 * NOISE * 4
    assert allowed(case(), family(floor=2.0 ** -10, floor_for=("other",))) == 4 * NOISE * 4


def test_what_is_counted_or_only_moved_is_equal():
    assert allowed(case(), family(exact=True)) == 0
    assert allowed(case(outputs64=False, kind=np.int64), family()) == 0


def test_of_different_quantities_each_has_its_own_size():
    small = Case(Path("made"), {"family": "made"}, {}, {}, {"y": np.float32([4, 1 + 2.0 ** -16, 0])},
                 {"y": np.array([4.0, 1.0, 0.0])}, {})
    assert allowed(small, family(each=("y",))).tolist() == [16 * 2.0 ** -16, 4 * 2.0 ** -16, 0]


def test_noise_that_leaves_nothing_to_judge_by_allows_nothing():
    found = tolerance(case(noise=0.06), family(), "outputs", "y", np.float32, {})
    assert found.value == 0 and found.origin.startswith("none: noise of 6%")


def test_noise_that_was_measured_takes_the_place_of_a_floor_where_rounding_grows():
    spread = {"y": np.array([2.0 ** -12, 0, 0])}
    assert allowed(case(), family(floor=2.0 ** -6, grows=("y",)), spread=spread) == 4 * (2.0 ** -12 / 4) * 4
    assert allowed(case(), family(kinks=("y",)), spread=spread) == 4 * (2.0 ** -12 / 4) * 4
    assert allowed(case(), family(kinks=("y",)), spread={"y": np.zeros(3)}) == 4 * NOISE * 4   # never below the stored
