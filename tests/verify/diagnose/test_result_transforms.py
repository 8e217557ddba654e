"""What may have happened to a result as a whole."""
import numpy as np
import pytest

from refvr.verify.diagnose.result_transforms import changes, hint_of_shape

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


@pytest.mark.parametrize("mine, says", [
    (Y[:, 1:-1, 1:-1], "its border of 1 left out: no padding"),
    (np.pad(Y, [(0, 0), (2, 2), (2, 2), (0, 0)], "edge"), "a border of 2 more around it: padding"),
    (Y[:, :-1], "1 row left out at the end"), (Y[:, 1:, 2:], "1 row and 2 columns left out at the start"),
    (np.pad(Y, [(0, 0), (0, 0), (0, 1), (0, 0)]), "1 column more at the end")])
def test_a_result_of_another_size_is_compared_where_both_have_pixels(mine, says):
    fits = [change.says for change in changes(Y, mine) if np.array_equal(change.y, mine)]
    assert len(fits) == 1 and fits[0].startswith(says)


@pytest.mark.parametrize("mine", [
    Y[:, :3, :, :2], np.pad(Y[:, 1:], [(0, 0), (0, 0), (1, 1), (0, 0)]), Y[:1, 1:-1, 1:-1]])
def test_a_result_of_quite_another_shape_is_compared_nowhere(mine):
    assert not [change for change in changes(Y, mine) if change.name.startswith("border")]


@pytest.mark.parametrize("mine, says", [
    ((1, 3, 8, 6), "use layout nchw"), ((1, 6, 3, 8), "use layout nhwc"), ((1, 6, 4, 3), "its border of 1 left out"),
    ((1, 10, 8, 3), "a border of 1 more"), ((1, 6, 4, 5), ""), ((1, 7, 5, 3), ""), ((1, 6, 6, 3), ""), ((6, 4, 3), "")])
def test_what_a_wrong_shape_may_mean(mine, says):
    found = hint_of_shape(mine, (1, 8, 6, 3))
    assert says in found and bool(found) == bool(says)
