"""8 bits and YCbCr, by hand."""
import numpy as np

from refvr.metrics.colour import luma, to_8bit, ycbcr


def test_8_bits_are_limited_and_round_halves_to_even():
    assert to_8bit(np.array([-0.5, 0.5 / 255, 1.5 / 255, 1.0, 2.0])).tolist() == [0, 0, 2, 255, 255]


def test_white_black_and_primaries_of_bt_601():
    white, black, red = (np.array(rgb, np.uint8) for rgb in ([255] * 3, [0] * 3, [255, 0, 0]))
    assert ycbcr(white).tolist() == [235, 128, 128] and ycbcr(black).tolist() == [16, 128, 128]
    assert ycbcr(red).tolist() == [81, 90, 240]
    assert np.allclose(ycbcr(red / 255.0) * 255, [81.48, 90.2, 240], atol=0.1)
    assert luma(np.stack([white, red])).tolist() == [235, 81]
