"""Which of two values a port went on with, by hand-made errors of what follows."""
from types import SimpleNamespace

import pytest

from refvr.verify.compare.what_follows import ONE, OTHER, UNCLEAR, computed_from, known


def owns(**errors):
    return {name: SimpleNamespace(error=SimpleNamespace(rms_rel=error)) for name, error in errors.items()}


@pytest.mark.parametrize("one, other, answer", [
    ({"after": 1e-7}, {"after": 0.5}, ONE), ({"after": 0.5}, {"after": 1e-7}, OTHER),
    ({"after": 0.5}, {"after": 0.2}, UNCLEAR),                                  # told apart by a factor of 10 alone
    ({"after": 1e-4, "later": 0.5}, {"after": 5e-4, "later": 1e-6}, OTHER),     # both are as good as right: no sign
    ({"after": 0.5, "later": 0.5}, {"after": 0.5, "later": 1e-6}, OTHER),       # it does not depend on the value
    ({"after": 0.5, "later": 0.5}, {"after": 0.5}, ""),                         # the run ended before it was known
    ({}, {}, UNCLEAR)])
def test_what_it_was_computed_from(one, other, answer):
    assert computed_from(["value"], owns(before=9, value=1, **one), owns(value=0, **other)) == answer


def test_what_came_before_the_first_of_the_values_says_nothing():
    names = owns(before=1e-7, first=1, second=1, after=0.5)
    assert computed_from(["second", "first"], names, owns(before=1, first=0, second=0.9, after=1e-7)) == OTHER
    between = owns(first=1, between=0.5, second=1, after=1e-7)
    assert computed_from(["second", "first"], between, owns(first=0, between=1e-6, second=0.9, after=0.5)) == OTHER


def test_after_eight_that_depend_on_it_nothing_is_known():
    one = owns(value=1, **{f"a{k}": 0.5 for k in range(9)})
    other = owns(value=1, **{f"a{k}": 0.2 for k in range(8)})
    assert computed_from(["value"], one, other | owns(a8=1e-6)) == UNCLEAR
    assert computed_from(["value"], one, {**other, **owns(a7=1e-6)}) == OTHER


def test_a_run_may_end_with_one_of_the_answers_alone():
    enough = known(["value"], owns(value=1, after=0.5), (ONE, UNCLEAR))
    assert enough(owns(value=1, after=0.2)) and not enough(owns(value=1, after=1e-6)) and not enough(owns(value=1))
