"""How SAFA's inputs are made."""
import numpy as np
import pytest
from places import GOLDEN

from refvr.degrade.safa import network_input, quarter
from refvr.errors import ShapeError
from refvr.verify import load_case

CASE = GOLDEN / "safa_c.h5"


def test_degradation_is_the_one_of_the_training_cases():
    """From the pictures of the case to its inputs: float32 rounding of 0..255, through two filters."""
    case = load_case(CASE.with_name("safa_train_b1.h5"))
    pictures, wanted = (np.moveaxis(case.inputs[name], 1, -1) for name in ("imgs", "lowres"))
    for dtype in (np.float32, np.float64):
        made = [network_input(np.ascontiguousarray(pictures[..., k:k + 3], dtype)) for k in (0, 6)]
        assert np.abs(np.concatenate(made, -1) - wanted).max() < 8 * 255 * np.finfo(np.float32).eps
    assert wanted.max() > 255 or wanted.min() < 0
    assert quarter(pictures[..., :3].astype(np.float32)).shape == (1, 16, 16, 3)
    with pytest.raises(ShapeError, match="multiples of 4"):
        quarter(np.zeros((1, 6, 8, 3), np.float32))
