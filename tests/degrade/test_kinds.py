"""Degradations by name."""
import numpy as np
import pytest
from scene_clips import scene_clip

from refvr.degrade.kinds import NAMES, degradation
from refvr.errors import InputError


@pytest.mark.parametrize("name", [name for name in NAMES if name != "blur"])
def test_pairs_line_up(name):
    clip = scene_clip()
    made = degradation(name)
    pairs = list(made.apply(clip))
    assert len(pairs) == len(clip) and pairs[0][0] is not None
    for k, (small, clean) in enumerate(pairs):
        assert (small is None) == (name == "spacetime" and k % 2 == 1)
        h, w, _ = clean.shape
        if name != "camera":  # whose clean frames have been through a mosaic as well
            assert np.array_equal(clean, clip[k][:h, :w])
        if small is not None:
            assert (h, w) == (small.shape[0] * made.scale, small.shape[1] * made.scale)
            assert small.dtype == clean.dtype == np.float32


def test_a_stream_of_any_length_gets_the_same_noise():
    clip = scene_clip()
    first = [x for x, _ in degradation("noise-25").apply(iter(clip[:2]))]
    assert np.array_equal(first, [x for x, _ in degradation("noise-25").apply(clip)][:2])
    assert not np.array_equal(first, [x for x, _ in degradation("noise-25", seed=3).apply(clip[:2])])


@pytest.mark.parametrize("name", ["noise-0", "noise-300", "noise", "duf-x5", "bicubic-x3", "haze"])
def test_unknown_degradations_are_named(name):
    with pytest.raises(InputError, match=rf"no degradation '{name}'.*(did you mean '|duf-x4)"):
        degradation(name)
