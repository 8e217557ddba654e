"""Samples of a run of pixels: where each lies, what it is, and where in the panel it goes."""
import numpy as np
import pytest
from plain_samples import DEFORMED, Deformed

from refvr.ops.kernels.deform_sample import Sampling, moves, places, sample_run, targets


def run_of(given, s, row, column, pixels):
    """The panel of some pixels of a row, (pixels, groups, taps, channels of a group)."""
    taps = s.kh * s.kw
    panel = np.full(pixels * taps * s.c, np.nan, given.x.dtype)
    place = places(s, pixels)
    low, part = np.empty(place.shape, np.int64), np.empty(place.shape, given.x.dtype)
    sample_run(s, given.x.reshape(-1), given.offset.reshape(-1), given.mask.reshape(-1), row, column, pixels, place,
               moves(s), targets(s), low, part, panel)
    return panel.reshape(pixels, s.groups, taps, -1)


@pytest.mark.parametrize("name", DEFORMED)
def test_a_run_is_its_samples_times_their_masks(name):
    """Wherever it begins and however long it is."""
    given = Deformed(**DEFORMED[name])
    s = Sampling.of(given.x, given.mask, given.weight, *given.options)
    want = given.columns().reshape(-1, s.x, s.kh * s.kw, s.groups, s.c // s.groups).swapaxes(2, 3)
    for row in range(len(want)):
        for column, pixels in ((0, s.x), (s.x // 2, s.x - s.x // 2), (s.x - 1, 1)):
            assert np.array_equal(run_of(given, s, row, column, pixels), want[row, column:column + pixels])


def test_rows_of_a_band_are_those_of_the_image():
    given = Deformed(size=(1, 9, 7), stride=2, offset_groups=3)
    s = Sampling.of(given.x, given.mask, given.weight, *given.options)
    want = run_of(given, s, 2, 0, s.x)
    given.offset, given.mask = given.offset[:, 2:], given.mask[:, 2:]
    band = Sampling.of(given.x, given.mask, given.weight, *given.options, top=2)
    assert np.array_equal(run_of(given, band, 0, 0, s.x), want)


def test_channels_that_share_an_offset_and_a_group_go_together():
    """24 channels in 3 offset groups of 8 and in 2 groups of 12: runs of 4."""
    given = Deformed(groups=2, offset_groups=3, each=4, o=5)
    s = Sampling.of(given.x, given.mask, given.weight, *given.options)
    assert (s.c, s.run, s.offset_groups, s.groups) == (24, 4, 3, 2)
    assert targets(s).tolist() == [0, 4, 8, 9 * 12, 9 * 12 + 4, 9 * 12 + 8]     # (groups, taps, channels of a group)


def test_where_samples_lie_without_offsets():
    """Rows and columns of the taps of two pixels, two apart, of a 1x2 kernel whose taps are three apart."""
    given = Deformed(kernel=(1, 2), stride=2, dilation=3, padding=1, size=(1, 5, 9))
    s = Sampling.of(given.x, given.mask, given.weight, *given.options)
    assert places(s, 2).tolist() == [[-1, -1, -1, -1], [-1, 2, 1, 4]]


@pytest.mark.parametrize("outside", [np.nan, np.inf, -np.inf, 1e30, -1e30, -1.0, 3.0])
def test_what_lies_outside_of_the_image_is_zero(outside):
    """Also where the image has infinities, which nothing may multiply with 0."""
    given = Deformed(kernel=(1, 1), padding=0, size=(1, 3, 3), each=9)
    given.x[:], given.mask[:], given.offset[:] = np.inf, 1, 0
    s = Sampling.of(given.x, given.mask, given.weight, *given.options)
    for axis in (0, 1):
        given.offset[0, 0, 0] = 0
        given.offset[0, 0, 0, axis] = outside
        assert not run_of(given, s, 0, 0, 1).any()


def test_a_corner_outside_counts_as_zero_whatever_lies_at_the_edge():
    given = Deformed(kernel=(1, 1), padding=0, size=(1, 3, 3), each=9)
    given.x[:], given.mask[:], given.offset[0, 0, 0] = np.inf, 1, (-0.5, -0.5)
    given.x[0, 0, 0] = 2
    s = Sampling.of(given.x, given.mask, given.weight, *given.options)
    assert (run_of(given, s, 0, 0, 1) == 0.5).all()


def test_vectors_of_a_pixel_are_listed_with_sample_channel_and_place():
    """Two offset groups of 24 channels, one group of the convolution, a kernel of two taps: three vectors a sample."""
    x, mask, weight = np.zeros((1, 4, 5, 48)), np.zeros((1, 4, 5, 4)), np.zeros((1, 2, 48, 3))
    found = moves(Sampling.of(x, mask, weight, 1, 1, 1, 0))
    assert found[0].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert found[1].tolist() == [0, 8, 16] * 2 + [24, 32, 40] * 2
    assert found[2].tolist() == [0, 8, 16, 48, 56, 64, 24, 32, 40, 72, 80, 88]    # (taps, channels)
