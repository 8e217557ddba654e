"""Units of a volume: any strips of tiles and any parts of these give the same bits, in a buffer as large as said."""
import numpy as np
import pytest
from plain_convolutions import dense

from refvr.ops.kernels import conv_plan as cut
from refvr.ops.kernels.volume_kernel import Block, room, units
from refvr.ops.kernels.winograd import lanes_of, panels, transform_weight

T, H, W, C, M, O, PAD = 3, 10, 23, 32, 16, 19, 1
DOWN, ACROSS = 3, 6   # tiles of 4 x 4 pixels


def draw(seed, *shape, scale=1.0):
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


X, NORM, MIX = draw(1, T, H, W, C), (draw(2, C), draw(3, C), draw(4, C)), (draw(5, C, M, scale=C ** -0.5), draw(6, M))
WEIGHT, BIAS = draw(7, 3, 3, 3, M, O, scale=(27 * M) ** -0.5), draw(8, O)


def run(strip, parts, order=None, slope=0.5):
    """By units of so many tiles and parts, in some order; the buffer is full of NaN and has a margin."""
    table, columns = panels(O), cut.panels(1, C, M, 4)
    b = Block(H, W, 0, H, C, M, O, T, T, 3, strip, DOWN, ACROSS, parts, lanes_of(table), True, True)
    seen = np.array([(max(0, z - PAD), max(0, PAD - z), min(T, z - PAD + 3) - max(0, z - PAD)) for z in range(T)])
    at = H * W * C * np.arange(T)[:, None] + np.array([0, H * W * 16])       # two slabs of 16 channels
    x = np.concatenate([X[..., :16].reshape(T, -1), X[..., 16:].reshape(T, -1)], 1).reshape(-1)
    y, size = np.full(T * H * W * O, np.nan, np.float32), room(b).size
    scratch = np.full(size + 64, np.nan, np.float32)
    for unit in order or range(-(-ACROSS // strip) * parts):
        units(unit, unit + 1, b, x, at, np.array([16, 16]), *NORM, columns, cut.pack(MIX[0], columns), MIX[1], table,
              transform_weight(WEIGHT, table), seen, BIAS, np.float32(slope), y, H * W * O * np.arange(T), scratch)
        assert np.isnan(scratch[size:]).all()
    return y.reshape(T, H, W, O)


def test_the_definition():
    assert np.abs(run(ACROSS, 1) - dense(X, NORM, MIX, WEIGHT, BIAS, PAD, 0.5)).max() < 6e-5


@pytest.mark.parametrize("strip", [1, 2, 4, 5, 6])
@pytest.mark.parametrize("parts", [1, 2, 3])
def test_units_of_any_size_in_any_order_have_the_same_bits(strip, parts):
    """Neighbours compute what they share twice, and read nothing that another has left in the buffer."""
    order = [*range(-(-ACROSS // strip) * parts)][::-1]
    assert run(strip, parts, order).tobytes() == run(ACROSS, 1).tobytes()


def test_arrays_of_a_unit_lie_one_after_the_other():
    b = Block(H, W, 0, H, C, M, O, T, T, 3, 5, DOWN, ACROSS, 1, 32, True, True)
    at, row = room(b), (4 * 5 + 2) * M
    assert at.held - at.rows == 6 * row and at.run - at.held == 2 * T * row       # of 22 pixels: 6, and 2 a frame
    assert at.v - at.run == 56 * C                                               # a run of pixels that are normed
    assert at.m - at.v >= 36 * T * 5 * M and at.size - at.m >= 36 * T * 5 * 32   # planes of V and of M
