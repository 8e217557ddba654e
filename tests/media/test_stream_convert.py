"""Rates and layouts of sound that an encoder can hold."""
from types import SimpleNamespace

import av
import pytest

from refvr.media import stream_convert


@pytest.mark.parametrize("rates, rate, found", [
    (None, 44_100, 44_100), ([48_000, 44_100], 44_100, 44_100), ([8_000, 24_000, 48_000], 22_050, 24_000),
    ([8_000, 48_000], 96_000, 48_000)])
def test_the_lowest_rate_that_loses_nothing_otherwise_the_highest(rates, rate, found):
    assert stream_convert._rate(SimpleNamespace(audio_rates=rates), rate) == found


@pytest.mark.parametrize("codec, form, own, found", [
    ("libmp3lame", "s16p", "stereo", "stereo"), ("libmp3lame", "s16p", "mono", "mono"),
    ("libmp3lame", "s16p", "5.1", "stereo"), ("aac", "fltp", "5.1", "5.1"), ("flac", "s16", "5.1(side)", "5.1(side)")])
def test_the_first_layout_that_the_encoder_opens_with(codec, form, own, found):
    assert stream_convert._layout(codec, 48_000, form, av.AudioLayout(own)) == found


def test_an_encoder_that_takes_none_is_refused():
    with pytest.raises(ValueError, match="no flac encoder takes it"):
        stream_convert._layout("flac", 48_000, "fltp", av.AudioLayout("stereo"))
