"""Three-dimensional convolution on the microkernel: sums over frames, rows and columns, taps outside left out."""
import numpy as np
import pytest
from plain_convolutions import activated, correlated_frames, whole_numbers

from refvr import ops
from refvr.ops.kernels.conv3d_forward import correlate

CLIPS = {  # clip (t, h, w), kernel, padding
    "same": ((3, 5, 7), (3, 3, 3), (1, 1, 1)), "fewer frames": ((4, 5, 7), (3, 3, 3), (0, 1, 1)),
    "no padding": ((3, 5, 7), (3, 3, 3), (0, 0, 0)), "wide padding": ((2, 3, 5), (2, 1, 3), (2, 3, 2)),
    "frames alone": ((3, 5, 7), (1, 3, 3), (0, 1, 1)), "each pixel": ((3, 5, 7), (1, 1, 1), (0, 0, 0)),
    "one tap, more frames": ((3, 5, 7), (1, 1, 1), (1, 0, 2)), "a kernel larger than the image": (
        (1, 1, 1), (3, 5, 5), (1, 2, 2)), "one column": ((2, 4, 1), (3, 3, 3), (1, 1, 1)),
    "long rows": ((2, 2, 113), (2, 1, 3), (0, 0, 1)), "even kernel": ((3, 6, 9), (2, 4, 2), (1, 2, 0))}


def given(clip, kernel, padding, c, o, dtype=np.float32, n=2):
    size = tuple(side + 2 * pad - k + 1 for side, k, pad in zip(clip, kernel, padding))
    return (whole_numbers(1, n, *clip, c, dtype=dtype), whole_numbers(2, *kernel, c, o, dtype=dtype), size,
            tuple(-pad for pad in padding)), whole_numbers(3, o, dtype=dtype)


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("c, o", [(3, 13), (1, 1), (5, 16), (2, 37)])
def test_the_definition(name, c, o):
    for dtype, slope, biased in ((np.float32, 1, False), (np.float32, 0, True), (np.float64, 0.5, True)):
        call, bias = given(*CLIPS[name], c, o, dtype)
        y = correlate(*call, bias=bias if biased else None, slope=slope)
        assert y.dtype == dtype and np.array_equal(y, activated(correlated_frames(*call) + biased * bias, slope))


@pytest.mark.parametrize("width", [2, 14, 15, 16, 97, 98, 99, 200])
def test_rows_of_any_length(width):
    """The pixels between the borders in tiles, those beside them one by one, in runs of 98."""
    call, _ = given((2, 1, width), (2, 1, 3), (0, 0, 1), 2, 33, n=1)
    assert np.array_equal(correlate(*call), correlated_frames(*call))


def test_a_border_hides_no_infinity_inside_and_brings_none():
    """What lies outside is left out of the sum: infinite weights there are multiplied with nothing."""
    call, _ = given((1, 2, 3), (3, 3, 3), (1, 1, 1), 1, 1)
    call[1][0], call[1][2] = np.inf, np.inf            # frames that this clip does not have
    assert np.isfinite(correlate(*call)).all()


def test_threads_and_frames_beside_do_not_change_a_bit():
    rng, found = np.random.default_rng(1), set()
    x, weight = (rng.standard_normal(s).astype(np.float32) for s in ((2, 5, 9, 31, 11), (3, 3, 3, 11, 13)))
    for count in (1, 2, 3):
        with ops.threads(count):
            found.add(correlate(x, weight, (5, 9, 31), (-1, -1, -1)).tobytes())
    assert len(found) == 1
    whole = correlate(x, weight, (5, 9, 31), (-1, -1, -1))
    assert np.array_equal(correlate(x[1:, 1:4], weight, (1, 9, 31), (0, -1, -1))[:, 0], whole[1:, 2])


def test_no_clips_and_strided_ones():
    (x, weight, size, offset), _ = given(*CLIPS["same"], 3, 5)
    assert correlate(x[:0], weight, size, offset).shape == (0, *size, 5)
    wide = np.repeat(x, 2, axis=3)[:, :, :, ::2]
    assert np.array_equal(correlate(wide, weight, size, offset), correlated_frames(x, weight, size, offset))
