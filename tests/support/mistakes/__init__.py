"""Classic mistakes, planted one at a time by tests/verify/mistakes/test_mistakes.py; a golden case must reject each.

A mistake is a function that is given `put(owner, name, value)` and puts something wrong in the place of something
right, for the time of one test.
"""
import pytest

MISTAKES = []  # (function, case, dtype)


def mistake(*cases, dtype="float32"):
    """Register a mistake that each of `cases` must reject in a run of type `dtype`."""
    def register(plant):
        MISTAKES.extend(pytest.param(plant, case, dtype, id=f"{plant.__name__}-{case}") for case in cases)
        return plant
    return register
