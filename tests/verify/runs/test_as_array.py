"""Tensors of any library as arrays."""
import numpy as np
import pytest

from refvr.verify.runs.as_array import TracedError, array, result_name, tensors_of


class Tensor:
    dtype, shape = "torch.float32", (2,)

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return np.array([1.0, 2.0], np.float32)


def test_copies_in_their_own_type():
    given = np.arange(3)
    found = array(given)
    found[0] = 9
    assert given[0] == 0 and array(Tensor()).tolist() == [1, 2] and array([1, 2.5]).dtype == np.float64


def test_a_value_without_numbers_is_said():
    class Traced:
        def __array__(self, *args, **kwargs):
            raise RuntimeError("still being\ncompiled")
    with pytest.raises(TracedError, match="still being compiled"):
        array(Traced())


def test_answers_are_flattened_in_order():
    a, b, c = np.zeros(1), np.ones(2), np.zeros(3)
    assert [x.shape for x in tensors_of({"x": [a, (b, None)], "y": c})] == [(1,), (2,), (3,)]
    assert [result_name(k) for k in range(3)] == ["output", "output_state", "output_2"]
