"""What puts arrays together and takes them apart, as ONNX: values land where NumPy has them."""
import numpy as np
import pytest
from exported_pages import EVEN, VOLUME, X, agree, draw, exported, operators

from refvr import ops


@pytest.mark.parametrize("page", [
    lambda x: x[:, ::-2, 3:9:2], lambda x: x[::-1, ::-1, ::-1], lambda x: x[1] - x[0, ..., :1],
    lambda x: x[..., 2], lambda x: x[:, -1], lambda x: x[..., -2, :], lambda x: x[:, 2, None], lambda x: x[None, 1, :3],
    lambda x: ops.concat(x, x * 2.0, axis=1), lambda x: ops.concat(x[..., :2], x, x[..., 5:]),
    lambda x: ops.concat(x, ops.max_pool(x, 1, stride=1, padding=0)),
    lambda x: ops.stack([x, x + 1.0], axis=1), lambda x: ops.stack([x[0], x[1]], axis=2), lambda x: ops.stack([x], 4),
    lambda x: ops.reshape(x, (2, 77, 2, 3)), lambda x: ops.reshape(x, (14, 11, 6)),
    lambda x: ops.reshape(ops.relu(x), (-1, 3)), lambda x: ops.reshape(ops.max_pool(x), (2, -1)),
    lambda x: ops.reshape(ops.max_pool(x), (2, 24, 6)), lambda x: ops.reshape(x, (1, 2, 7, 11, 6)),
    lambda x: ops.pad(x, ((1, 2), (3, 0))), lambda x: ops.pad(x, ((1, 2), (3, 0)), "edge"),
    lambda x: ops.pad(x, ((9, 2), (3, 12)), "reflect"), lambda x: ops.pad(x, ((0, 0), (0, 4)), "edge"),
    lambda x: ops.zeros((2, 7, 11, 3), x) + x[..., :3],
    lambda x: ops.pixel_shuffle(ops.concat(x, x[..., :2]), 2), lambda x: ops.pixel_shuffle(x[..., :4], 2, "tf"),
    lambda x: ops.pixel_shuffle(x, 1),
])
def test_pages_of_one_operation(page):
    agree(page, X)


@pytest.mark.parametrize("page", [
    lambda x: ops.pixel_unshuffle(x, 2), lambda x: ops.pixel_unshuffle(x, 4, "tf"), lambda x: ops.pixel_unshuffle(x, 1),
    lambda x: ops.pixel_shuffle(ops.pixel_unshuffle(x, 2), 2)])
def test_pixels_and_channels(page):
    agree(page, EVEN)


def test_no_value_changes_on_its_way():
    """What NumPy does to the same array, to the last bit."""
    x = draw(2, 4, 6, 8)
    for page, want in ((lambda x: x[1:, ::-1, 2:5], x[1:, ::-1, 2:5]),
                       (lambda x: ops.concat(x[:, :1], x, axis=1), np.concatenate([x[:, :1], x], 1)),
                       (lambda x: ops.stack([x, x[:, ::-1]], axis=-1), np.stack([x, x[:, ::-1]], -1)),
                       (lambda x: ops.reshape(x, (8, 48)), x.reshape(8, 48)),
                       (lambda x: ops.pad(x, ((2, 1), (0, 3)), "edge"),
                        np.pad(x, ((0, 0), (2, 1), (0, 3), (0, 0)), "edge"))):
        assert np.array_equal(exported(page, x), want)


def test_constants_among_what_is_put_together():
    here = draw(2, 7, 11, 2)
    agree(lambda x: ops.concat(x, here.astype(x.dtype)), X)
    agree(lambda x: ops.stack([x[..., :2], here.astype(x.dtype)], axis=1), X)


def test_frames_and_the_images_that_they_are():
    agree(lambda x: ops.reshape(x, (10, 7, 11, 4))[::5], VOLUME)
    agree(lambda x: ops.reshape(ops.relu(ops.reshape(x, (10, 7, 11, 4))), (2, 5, 7, 11, 4))[:, 3], VOLUME)


def test_axes_move_before_a_reshape_only_where_it_joins_what_does_not_lie_side_by_side():
    """After a pool channels lie second: rows and columns are neighbours there, columns and channels are not."""
    apart = ["Transpose", "MaxPool", "Transpose", "Reshape", "Identity"]
    joined = ["Transpose", "MaxPool", "Reshape", "Transpose"]
    assert operators(lambda x: ops.reshape(ops.max_pool(x), (2, 24, 6)), X) == joined
    assert operators(lambda x: ops.reshape(ops.max_pool(x), (2, 4, 36)), X) == apart
