"""SAFA over one pair of frames."""
import numpy as np
import pytest
from small_safa import clip, drawn, images

from refvr.pipeline.safa import (
    enlarged,
    interpolate,
)
from refvr.pipeline.safa_pair import answered
from refvr.plan.memory import memory
from refvr.plan.stream import Stream


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-5), (np.float64, 1e-13)])
def test_folding_changes_rounding_only(dtype, tolerance):
    net, pair = drawn(dtype), images(dtype=dtype)
    page = net(*pair, [0.5], routing="half").frames
    assert 0 < np.abs(answered(net, *pair, [0.5], routing="half").frames - page).max() < tolerance


def test_official_answers_are_cut_to_8_bits():
    net, frames = drawn(), clip(2)
    (y,) = interpolate(net, *frames, [0.5], official=True)
    assert np.array_equal(np.rint(y * 255).astype(np.uint8) / np.float32(255), y)
    whole = answered(net, *(enlarged(frame, official=True)[None] for frame in frames), [0.5]).frames[0, 0, :20, :28]
    assert np.array_equal(np.rint(y * 255), (255 * whole).astype(np.uint8))


@pytest.mark.parametrize("routing", ["full", "half", "quarter", "threshold"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("height", [8, 72, 200])
def test_bands_change_no_bit(routing, dtype, height, monkeypatch):
    """A pair by bands, in memory and in files, is the pair with all values at once."""
    net, pair = drawn(dtype), images(1, height, 40, dtype=dtype)
    whole = answered(net, *pair, [0, 0.3], routing=routing)
    monkeypatch.setattr("refvr.plan.schedule.LITTLE", 1)
    for rows, files in ((8, False), (64, False), (8, True)):
        monkeypatch.setattr("refvr.plan.memory.fitting", lambda graph, most, files, results, rows=rows: Stream(
            graph, rows, files=files, results=results))
        with memory(1, files=files):
            by_bands = answered(net, *pair, [0, 0.3], routing=routing)
        for one, other in zip(by_bands, whole):
            assert one.tobytes() == other.tobytes()
