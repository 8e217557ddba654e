"""3x3x3 convolutions of a volume, with norm and mix before them: the formula, channels that lie apart, bands, threads.

Values are drawn so that results have a deviation of about 1; the Winograd algorithm then errs by a few 1e-6.
"""
import numpy as np
import pytest
from plain_convolutions import dense

from refvr import ops
from refvr.ops.kernels.volume import beside, correlate, fits, run_block

ERROR = 1.5e-5   # tests/ops/kernels/test_winograd.py has what it follows from


def draw(seed, *shape, scale=1.0):
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def weights(c, o):
    return draw(2, 3, 3, 3, c, o, scale=(27 * c) ** -0.5), draw(3, o)


@pytest.mark.parametrize("t, h, w", [(3, 1, 1), (3, 5, 7), (4, 4, 8), (3, 9, 118), (5, 2, 61)])
@pytest.mark.parametrize("c, o", [(16, 16), (19, 21), (64, 33)])
def test_the_definition(t, h, w, c, o):
    for pad, slope in ((0, 1.0), (1, 0.0), (2, 0.5)):
        x, (weight, bias) = draw(1, 2, t, h, w, c), weights(c, o)
        y = correlate(x, weight, pad, rows=h, bias=bias, slope=slope)
        want = np.stack([dense(clip, None, None, weight, bias, pad, slope) for clip in x])
        assert y.shape == want.shape and np.abs(y - want).max() < ERROR
    unbiased = np.stack([dense(clip, None, None, weight, 0, 1) for clip in x])
    assert np.abs(correlate(x, weight, 1, rows=h) - unbiased).max() < ERROR


def test_the_bound_rejects_time_reversed_and_a_flipped_kernel():
    x, (weight, _) = draw(1, 1, 3, 6, 7, 16), weights(16, 16)
    want = dense(x[0], None, None, weight, 0, 1)
    for wrong in (weight[::-1], weight[:, ::-1], weight[:, :, ::-1]):
        assert np.abs(correlate(x, np.ascontiguousarray(wrong), 1, rows=6)[0] - want).max() > 100 * ERROR


def block(t=3, h=6, w=9, c=32, o=16, m=None):
    """x, norm, mix and weights of a dense block."""
    m = c if m is None else m
    norm = draw(4, c), draw(5, c), draw(6, c)
    return draw(1, t, h, w, c), norm, (draw(7, c, m, scale=c ** -0.5), draw(8, m)), *weights(m, o)


def run(x, norm, mix, weight, bias, pad, parts=None, **more):
    y = np.full((len(x) + 2 * pad - 2, *x.shape[1:3], weight.shape[-1]), np.nan, np.float32)
    run_block(beside(parts or [x]), norm, mix, weight, bias, y, pad=pad, **more)
    return y


@pytest.mark.parametrize("size", [{}, {"h": 1, "w": 1}, {"c": 48, "m": 16, "o": 19}, {"w": 70, "t": 4}])
@pytest.mark.parametrize("pad", [0, 1])
def test_norm_and_mix_stand_before_it(size, pad):
    x, norm, mix, weight, bias = block(**size)
    for norm_or_none, mix_or_none in ((norm, mix), (norm, None), (None, mix), (None, None)):
        if mix_or_none or mix[0].shape[0] == mix[0].shape[1]:
            call = x, norm_or_none, mix_or_none, weight, bias, pad
            assert np.abs(run(*call) - dense(*call)).max() < 4 * ERROR


def test_channels_of_several_arrays_are_read_where_they_lie():
    """Wherever they lie in memory, frames in the middle of longer ones among them."""
    x, norm, mix, weight, bias = block()
    long = draw(9, 7, 6, 9, 16)
    long[2:5] = x[..., :16]
    parts = [long[2:5], np.ascontiguousarray(x[..., 16:])]
    for order in (parts, [np.ascontiguousarray(x[..., :16]), *parts[1:]]):
        assert run(x, norm, mix, weight, bias, 1, order).tobytes() == run(x, norm, mix, weight, bias, 1).tobytes()
    seen = beside(parts)
    assert seen.widths.tolist() == [16, 16] and (seen.h, seen.w) == (6, 9)
    for f, k in np.ndindex(3, 2):
        assert np.array_equal(seen.data[seen.at[f, k]:][:16], parts[k][f, 0, 0])


def test_a_band_has_the_bits_of_the_whole_where_its_first_row_begins_a_tile():
    x, norm, mix, weight, bias = block(h=13)
    whole = run(x, norm, mix, weight, bias, 1)
    for first, last in ((4, 8), (4, 12), (8, 13)):
        y = np.empty((3, last - first, *whole.shape[2:]), np.float32)
        part = np.ascontiguousarray(x[:, first - 1:last + 1])          # with a row above, and one below
        run_block(beside([part]), norm, mix, weight, bias, y, pad=1, above=1)
        assert y.tobytes() == np.ascontiguousarray(whole[:, first:last]).tobytes()
    clips, (kernel, bias) = draw(1, 2, 3, 13, 9, 16), weights(16, 16)
    whole = correlate(clips, kernel, 1, rows=13, bias=bias)
    part = correlate(clips[:, :, 3:9], kernel, 1, rows=4, above=1, bias=bias)
    assert part.tobytes() == np.ascontiguousarray(whole[:, :, 4:8]).tobytes()


def test_threads_and_frames_beside_do_not_change_a_bit():
    x, norm, mix, weight, bias = block(t=5, h=21, w=70)
    found = set()
    for count in (1, 2, 4):
        with ops.threads(count):
            found.add(run(x, norm, mix, weight, bias, 1).tobytes())
    whole = run(x, norm, mix, weight, bias, 1)
    assert len(found) == 1 and np.array_equal(run(x[1:4], norm, mix, weight, bias, 0)[0], whole[2])


def test_for_whom_it_is():
    """Three taps each way, and enough channels for the widest vectors."""
    assert fits((3, 3, 3, 16, 16)) and not any(map(fits, (
        (3, 3, 3, 15, 16), (3, 3, 3, 16, 15), (1, 3, 3, 16, 16), (3, 3, 5, 16, 16), (3, 1, 3, 16, 16))))


def test_no_clips():
    weight, bias = weights(16, 16)
    assert correlate(draw(1, 0, 3, 4, 5, 16), weight, 1, rows=4, bias=bias).shape == (0, 3, 4, 5, 16)


