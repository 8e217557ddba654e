"""What a comparison finds, as plain values: which rows are wrong, and what rounding explains of a gradient."""
import numpy as np
import pytest

from refvr.verify.compare.found import Found, GradientRow, Guilty, Row
from refvr.verify.compare.mispaired import Mispaired
from refvr.verify.compare.pieces import difference

EPS = 2.0**-23


def off(by, peak=1.0):
    return difference(np.full(4, peak + by), np.full(4, peak))


def row(name="a", theirs=0.0, times=None):
    return Row(name, ("x",), "exact", "n c h w", (4,), "", off(theirs), times=times)


def found(*rows, **more):
    return Found("trace.h5", "mine.npz", list(rows), {}, 3, [], [], **more)


def guilty():
    return Guilty("a", 7.0, off(1), 1e-7, "", ("a",), (), (), (), np.zeros((1, 1)))


def test_of_rows_in_order_the_first_that_is_no_number_where_ours_is():
    assert found().first_nan is None and found(row(theirs=1.0)).first_nan is None
    rows = [row("fine"), row("nan", np.nan), row("inf", np.inf)]
    assert found(*rows).first_nan is rows[1] and found(rows[0], rows[2]).first_nan is rows[2]


def test_layers_were_looked_at_by_themselves_where_one_has_a_verdict():
    assert not found().isolated and not found(row(), row()).isolated
    assert found(row(), row(times=0.0)).isolated


@pytest.mark.parametrize("how, better, wrong", [("exact", "", True), ("official", "", True), ("exact", "b", False),
                                                ("value", "", False), ("order", "", False)])
def test_names_are_wrong_where_nothing_else_is(how, better, wrong):
    """An array under a name that it has not: where it belongs is not known, and a person said so."""
    pairs = [Mispaired("a", "x", "order"), Mispaired("b", "y", how, better)]
    assert found(mispaired=pairs).names_are_wrong == wrong
    assert not found(mispaired=pairs, guilty=guilty()).names_are_wrong and not found().names_are_wrong


@pytest.mark.parametrize("noise, peak, terms, explained", [
    (1e-6, 1.0, 1, 4e-6),              # 4 times the noise of float32 that was measured,
    (0.0, 8.0, 1, 4 * EPS / 2 * 8),    # no less than one rounding of the peak
    (0.0, 1.0, 100, 4 * EPS / 2 * 10), (1e-6, 1.0, 10_000, 4 * EPS / 2 * 100)])   # or of a sum of so many terms
def test_what_rounding_explains_of_a_gradient(noise, peak, terms, explained):
    one = GradientRow("w", "parameter", off(0.5, peak), noise, terms=terms)
    assert one.explained == pytest.approx(explained) and one.times == pytest.approx(0.5 / explained, rel=1e-6)


def test_where_rounding_explains_nothing_any_difference_is_wrong():
    nothing = GradientRow("w", "parameter", off(0.0, 0.0), 0.0)
    some = GradientRow("w", "parameter", off(1e-9, 0.0), 0.0)
    assert nothing.explained == some.explained == 0 and nothing.times == 0 and some.times == np.inf


def test_wrong_gradients_are_those_that_rounding_does_not_explain_the_first_on_the_way_back_first():
    def of(by):
        return GradientRow(f"{by}", "value", off(by), 1.0)   # 4 are explained

    assert found().wrong_gradients == [] and found(gradients=[]).wrong_gradients == []
    assert [one.name for one in found(gradients=[of(5), of(4), of(3), of(7)]).wrong_gradients] == ["5", "7"]


def test_a_picture_is_no_part_of_what_makes_two_findings_the_same():
    one, other = guilty(), Guilty("a", 7.0, off(1), 1e-7, "", ("a",), (), (), (), np.ones((2, 2)))
    assert one == other and "map" not in repr(one)
