"""The nine transforms."""
import numpy as np
import pytest
from case_arrays import golden

from refvr.errors import InputError
from refvr.train.augment import KINDS, augment, draw_kind


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "add_constant"])
def test_augmentation_geometry(kind):
    case = golden("op_augment_d4.h5")
    x = case["inputs"]["x"].transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(augment(x, kind), case["outputs"][kind].transpose(0, 2, 3, 1))


def test_add_constant_shifts_each_sample_by_one_value():
    x = np.zeros((3, 2, 5, 7, 3), np.float32)
    shift = augment(x, "add_constant", np.random.default_rng(1))
    assert shift.dtype == np.float32
    assert len(np.unique(shift)) == 3
    assert all(len(np.unique(sample)) == 1 for sample in shift)
    with pytest.raises(InputError, match="rng"):
        augment(x, "add_constant")
    with pytest.raises(InputError, match="expected one of"):
        augment(x, "rot45")


def test_kinds_are_drawn_with_the_official_weights():
    rng = np.random.default_rng(2)
    drawn = [draw_kind(rng) for _ in range(6400)]
    assert abs(drawn.count("do_nothing") - 1600) < 4 * np.sqrt(1600 * 0.75)   # 32 of 128, four standard deviations
    assert set(drawn) == set(KINDS)
