"""Searches end."""
import pytest

from refvr.verify.diagnose.deadline import Deadline, LateError


def test_time_that_is_over():
    Deadline(1000).check()
    late = Deadline(-1)
    assert late.passed
    with pytest.raises(LateError):
        late.check()
