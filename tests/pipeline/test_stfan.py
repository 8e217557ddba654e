"""STFAN over a clip."""
import numpy as np
import pytest
from small_stfan import build, clip

from refvr.networks.stfan import STFAN
from refvr.networks.stfan_seed import STFANSeed
from refvr.pipeline.stfan import deblur_stfan, pad_to_4, restore_states

BOTH = pytest.mark.parametrize("network", [STFAN, STFANSeed])


@BOTH
@pytest.mark.parametrize("t", [1, 2, 7])
@pytest.mark.parametrize("h, w", [(1, 1), (9, 11), (8, 12), (2, 31)])
def test_any_length_and_size(network, t, h, w):
    frames = list(deblur_stfan(build(network), clip(t, h, w)))
    assert [frame.shape for frame in frames] == [(h, w, 3)] * t
    assert all(frame.dtype == np.float32 and frame.min() >= 0 and frame.max() <= 1 for frame in frames)


@BOTH
def test_the_driver_is_the_recurrence_written_out(network):
    net, frames = build(network), clip(4, 8, 12)
    previous = restored = frames[0][None]
    state, want = None, []
    for frame in frames:
        y, state = net(frame[None], previous, restored, state)
        previous, restored = frame[None], np.clip(y, 0, 1)
        want.append(restored[0])
    got = list(deblur_stfan(net, iter(frames)))
    assert np.array_equal(got, want)
    assert np.abs(y[0] - net(frames[3][None], frames[2][None], want[2][None], None)[0][0]).max() > 1e-3  # state counts


def test_padding_repeats_the_last_row_and_column():
    net, frames = build(), clip(3)
    padded = np.pad(frames, ((0, 0), (0, 3), (0, 1), (0, 0)), mode="edge")
    assert np.array_equal(pad_to_4(frames), padded)
    for whole, cut in zip(deblur_stfan(net, padded), deblur_stfan(net, frames)):
        assert np.array_equal(whole[:9, :11], cut)


def test_official_is_bgr_in_20s_cut_off_to_8_bits():
    net, frames = build(), clip(22, 4, 8)
    bgr = [y[..., ::-1] for part in (frames[:20], frames[20:]) for y in deblur_stfan(net, part[..., ::-1])]
    levels = np.stack(list(deblur_stfan(net, frames, official=True))) * 255
    assert np.abs(levels - np.rint(levels)).max() < 1e-4
    assert np.array_equal(np.rint(levels), (np.stack(bgr) * np.float32(255)).astype(np.uint8))


def test_it_needs_no_frame_to_come():
    net, given_ = build(), []

    def frames():
        for frame in clip(3):
            given_.append(1)
            yield frame

    next(deblur_stfan(net, frames()))
    assert len(given_) == 1


def test_states_are_yielded_unclamped():
    results = list(restore_states(build(), clip(2, 8, 8)[:, None] * np.float32(40)))
    assert results[0][0].max() > 1 and results[0][1].shape == (1, 2, 2, 14)
