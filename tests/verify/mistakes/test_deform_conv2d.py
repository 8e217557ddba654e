"""Mistakes in deformable convolutions, each as its right formula with other offsets, masks, places or channels."""
import numpy as np
import pytest
from plain_sampling import fetched
from wrong_calls import drawn, made_in, possible, right, shows

from refvr.verify.mistakes import deform_conv2d

G, K = 2, 9                                     # offset groups, taps
X, WEIGHT, BIAS = drawn(1, 5, 6, 4, seed=1), drawn(3, 3, 4, 2, seed=2), drawn(2, seed=3)
OFFSET = 1.5 * drawn(1, 5, 6, G * K * 2, seed=4)
LOGIT = drawn(1, 5, 6, G * K, seed=5)
MASK = 1 / (1 + np.exp(-LOGIT))
CALL = (X, OFFSET, MASK, WEIGHT, BIAS)
BY_GROUP = OFFSET.reshape(5, 6, G, K, 2)        # group after group, tap after tap, rows before columns
RAW_MASK, RAW_LOGIT = MASK.reshape(5, 6, G, K), LOGIT.reshape(5, 6, G, K)


def deformed(offset=BY_GROUP, mask=RAW_MASK, *, placed=lambda p: p, keeps=lambda r, c: 1.0,
             group_of=lambda c: c // 2, stride=1, dilation=1, border="zero"):
    """The formula: the sum over taps k and channels c of weight * mask * x at (y stride + k dilation + offset).

    placed: of a place read;  keeps: (row, column) -> factor of a sample
    """
    y = np.zeros((*mask.shape[:2], 2)) + BIAS
    rows, columns = np.indices(mask.shape[:2])
    for c, (k, (i, j)) in ((c, tap) for c in range(4) for tap in enumerate(np.ndindex(3, 3))):
        g = group_of(c)
        row, column = (placed(at * stride + (tap - 1) * dilation + offset[:, :, g, k, axis])
                       for axis, (at, tap) in enumerate(((rows, i), (columns, j))))
        value = fetched(X[0, :, :, c], row, column, border) * mask[:, :, g, k] * keeps(row, column)
        y += value[:, :, None] * WEIGHT[i, j, c]
    return y[None]


def offsets(order):
    """The raw channels of the offsets laid out in `order`, "gka" being the right one, as (y, x, g, k, axis)."""
    size = {"g": G, "k": K, "a": 2}
    raw = OFFSET.reshape(5, 6, *(size[axis] for axis in order))
    return np.einsum(f"yx{order}->yxgka", raw)


def by_columns(table):
    """Tap (i, j) has what stands at 3 j + i."""
    return table[:, :, :, [0, 3, 6, 1, 4, 7, 2, 5, 8]]


def softmax(x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def inside(row, column):
    return (row >= 0) & (row <= 4) & (column >= 0) & (column <= 5)


BOTH = np.concatenate([OFFSET, LOGIT], axis=-1)[0]        # of 54 channels the last 18 are for masks
WRONG = {
    "offsets_x_y": deformed(BY_GROUP[..., ::-1]),
    "offsets_all_y_then_all_x": deformed(offsets("agk")),
    "offsets_y_then_x_in_each_group": deformed(offsets("gak")),
    "offsets_point_major": deformed(offsets("kga")),
    "offset_taps_column_by_column": deformed(by_columns(BY_GROUP), by_columns(RAW_MASK)),
    "mask_point_major": deformed(mask=MASK.reshape(5, 6, K, G).swapaxes(2, 3)),
    "offset_groups_interleaved": deformed(group_of=lambda c: c % 2),
    "offsets_negative": deformed(-BY_GROUP),
    "offsets_halved": deformed(BY_GROUP / 2),
    "offsets_doubled": deformed(2 * BY_GROUP),
    "offsets_ignored": deformed(0 * BY_GROUP),
    "half_a_pixel_off": deformed(BY_GROUP + 0.5),
    "nearest_sample": deformed(placed=lambda p: np.floor(p + 0.5)),
    "bilinear_weights_exchanged": deformed(placed=lambda p: np.floor(p) + (1 - p % 1)),
    "samples_outside_repeat_the_edge": deformed(border="edge"),
    "samples_near_the_border_dropped": deformed(keeps=inside),
    "mask_without_sigmoid": deformed(mask=RAW_LOGIT),
    "mask_through_sigmoid_twice": deformed(mask=1 / (1 + np.exp(-RAW_MASK))),
    "mask_doubled": deformed(mask=2 * RAW_MASK),
    "mask_ignored": deformed(mask=np.ones_like(RAW_MASK)),
    "mask_softmax_over_taps": deformed(mask=softmax(RAW_LOGIT)),
    "mask_before_the_offsets": deformed(BOTH[..., 18:].reshape(BY_GROUP.shape),
                                        1 / (1 + np.exp(-BOTH[..., :18].reshape(RAW_MASK.shape)))),
}


@pytest.mark.parametrize("name", WRONG)
def test_its_formula(name):
    shows(f"deform_conv2d.{name}", WRONG[name], *CALL, within=1e-9)   # places and logits come back by a few roundings


def test_the_formula_of_the_right_answer():
    assert np.allclose(right("deform_conv2d", *CALL), deformed())


WIDE = {"stride": 2, "dilation": 2}
HALF = (OFFSET[:, :3, :3], MASK[:, :3, :3])
OFFSETS_OF_HALF, MASKS_OF_HALF = HALF[0].reshape(3, 3, G, K, 2), HALF[1].reshape(3, 3, G, K)


def wide(**changes):
    return deformed(OFFSETS_OF_HALF, MASKS_OF_HALF, dilation=2, **{"stride": 2} | changes)


@pytest.mark.parametrize("name, changes", [
    ("nearest_sample", {"placed": lambda p: np.floor(p + 0.5)}), ("samples_near_the_border_dropped", {"keeps": inside}),
    ("samples_outside_repeat_the_edge", {"border": "edge"}), ("stride_of_the_grid_ignored", {"stride": 1})])
def test_places_know_stride_and_dilation(name, changes):
    """The padding is that of the dilation here, 2 pixels, stated or not."""
    shift = {"placed": lambda p: p} | changes
    expected = wide(**shift)
    for told in (WIDE, WIDE | {"padding": 2}):
        shows(f"deform_conv2d.{name}", expected, X, *HALF, WEIGHT, BIAS, within=1e-9, **told)


def test_without_room_for_it():
    one = (X, OFFSET[..., :18], MASK[..., :9], WEIGHT, BIAS)     # a single offset group
    for name in ("offsets_y_then_x_in_each_group", "offsets_point_major", "mask_point_major",
                 "offset_groups_interleaved"):
        assert not possible(f"deform_conv2d.{name}", *one)
    each = (X, drawn(1, 5, 6, 72), drawn(1, 5, 6, 36), WEIGHT)   # one for every channel
    assert not possible("deform_conv2d.offset_groups_interleaved", *each)
    assert not possible("deform_conv2d.offset_groups_interleaved", *CALL[:3], WEIGHT[:, :, :2], BIAS, groups=2)
    line = (X, drawn(1, 5, 4, 6), drawn(1, 5, 4, 3), drawn(1, 3, 4, 2), None)
    assert not possible("deform_conv2d.offset_taps_column_by_column", *line, padding=0)
    assert not possible("deform_conv2d.stride_of_the_grid_ignored", *CALL)
    for name in ("mask_without_sigmoid", "mask_softmax_over_taps", "mask_before_the_offsets"):
        for mask in (MASK - 1, np.where(LOGIT > 0, 1.0, MASK), np.where(LOGIT > 0, 0.0, MASK)):
            assert not possible(f"deform_conv2d.{name}", X, OFFSET, mask, WEIGHT)   # no sigmoid made these


def test_taps_of_a_kernel_that_is_not_square():
    """Of 2 x 3 taps, counted down the columns: 0 2 4 in the first row, 1 3 5 in the second."""
    weight, offset, mask = drawn(2, 3, 4, 2), drawn(1, 6, 6, 12), 1 / (1 + np.exp(-drawn(1, 6, 6, 6)))
    order = [0, 2, 4, 1, 3, 5]                   # tap (i, j) has what stands at 2 j + i
    expected = right("deform_conv2d", X, offset.reshape(1, 6, 6, 6, 2)[:, :, :, order].reshape(offset.shape),
                     mask[..., order], weight)
    shows("deform_conv2d.offset_taps_column_by_column", expected, X, offset, mask, weight)


def test_every_mistake_of_the_file_is_here():
    assert made_in(deform_conv2d) == {f"deform_conv2d.{name}" for name in (*WRONG, "stride_of_the_grid_ignored")}
