"""What may have happened to a result as a whole."""
import numpy as np
import pytest

from refvr.verify.diagnose.result_transforms import changes

Y = np.random.default_rng(0).random((2, 6, 6, 3))


@pytest.mark.parametrize("name, mine", [
    ("transposed", Y.swapaxes(1, 2)), ("mirrored", Y[:, :, ::-1]), ("upside_down", Y[:, ::-1]),
    ("channels_reversed", Y[..., ::-1]), ("batch_reversed", Y[::-1]), ("scaled", 3 * Y), ("raised", Y + 0.25),
    ("permuted", Y[..., [2, 0, 1]]), ("through_bytes", np.rint(Y * 255) / 255)])
def test_each_is_found(name, mine):
    fits = {change.name for change in changes(Y, mine) if np.allclose(change.y, mine, rtol=0, atol=1e-12)}
    assert name in fits


def test_a_right_result_is_changed_by_nothing_that_was_measured():
    assert not {"scaled", "raised", "permuted"} & {change.name for change in changes(Y, Y)}
