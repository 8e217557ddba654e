"""Cases: weights are drawn from a seed and their names."""
import numpy as np
import pytest
from places import GOLDEN

from refvr.errors import InputError
from refvr.verify.cases.case import draw, load_case


def test_weights_repeat_and_go_by_name():
    one = draw("conv.weight", (3, 3, 5, 7), "conv", 45, 1)
    assert one.dtype == np.float32 and np.array_equal(one, draw("conv.weight", (3, 3, 5, 7), "conv", 45, 1))
    assert not np.array_equal(one, draw("other.weight", (3, 3, 5, 7), "conv", 45, 1))
    assert abs(one.std() * 45 ** 0.5 - 1) < 0.1 and not draw("a", (4,), "zero", 1, 1).any()
    assert draw("n", (), "count", 1, 1).dtype == np.int64
    with pytest.raises(InputError, match="unknown kind"):
        draw("a", (4,), "colour", 1, 1)


def test_a_case_has_its_family_and_inputs(tmp_path):
    case = load_case(GOLDEN / "op_pixel_shuffle.h5")
    assert case.family == "op.pixel_shuffle" and case.inputs and case.outputs
    (tmp_path / "a.h5").write_bytes(b"none")
    with pytest.raises(InputError, match="a.h5"):
        load_case(tmp_path / "a.h5")
