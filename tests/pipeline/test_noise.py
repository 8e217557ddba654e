"""The noise level that is measured, and the denoiser that is told it."""
import numpy as np
import pytest
from noisy_clips import net, page, pairs, textured, with_noise

from refvr import zoo
from refvr.errors import InputError
from refvr.metrics.noise import NoiseLevel, clip_noise
from refvr.pipeline.drivers import first_needed, restore_frames
from refvr.pipeline.noise import neighbours, told
from refvr.pipeline.restore import restore


def test_pairs_are_taken_all_along_a_clip():
    taken = list(neighbours(iter(range(100)), 100))
    assert len(taken) == 9 and taken[0] == (0, 1) and taken[-1] == (98, 99)
    assert list(neighbours(iter([7]), 1)) == [(7, 7)] and list(neighbours(iter([7, 8]), 50)) == [(7, 8)]
    assert list(neighbours(iter([]), 1)) == []


def test_a_clip_that_breaks_off_is_measured_as_far_as_it_goes():
    def frames():
        yield from (1, 2, 3)
        raise InputError("the rest is damaged")

    assert list(neighbours(frames(), 3)) == [(1, 2), (2, 3)]


def test_values_are_refused_before_anything_is_said_of_their_noise(tmp_path):
    bad, said = np.random.default_rng(0).random((3, 16, 16, 3), np.float32), []
    for at, value, says in ((0, 5, "frame 0 of .* has values from"), (1, np.nan, "frame 1 of .* NaN")):
        clip = bad.copy()
        clip[at, 0, 0] = value
        np.save(tmp_path / "in.npy", clip)
        with pytest.raises(InputError, match=says):
            restore(tmp_path / "in.npy", tmp_path / "out.npy", model="remonet-s-told", say=said.append)
    assert not said and [path.name for path in tmp_path.iterdir()] == ["in.npy"]


def test_frames_pass_where_nothing_is_measured_and_keep_their_levels():
    levels = [np.rint(f * 1023) / np.float32(1023) for f in textured(96, 128, 4, number=4)]
    for y, x in zip(restore_frames(levels, net()), levels):
        np.testing.assert_array_equal(y, x)


@pytest.mark.parametrize("count", (1, 2, 4, 7))
def test_every_frame_is_answered_once(count):
    frames = with_noise(textured(21, 30, 7), 20)[:count]
    results = list(restore_frames(frames, net(), sigma=20))
    assert len(results) == count and all(y.shape == (21, 30, 3) for y in results)
    assert all(np.abs(y - x).max() > 0 for x, y in zip(frames, results))


def test_a_later_start_gives_the_same_bits():
    frames, network = with_noise(textured(16, 24, 20), 20), net()
    whole = list(restore_frames(frames, network, sigma=20))
    for start in (1, 13, 17):
        first = first_needed(network, start, {"sigma": 20})
        rest = list(restore_frames(frames[first:], network, sigma=20, start=start - first))
        assert len(rest) == 20 - start and all(np.array_equal(a, b) for a, b in zip(rest, whole[start:]))


def test_grey_clips_stay_grey():
    frames = [np.repeat(f[..., :1], 3, -1) for f in with_noise(textured(24, 32, 3), 20)]
    for y in restore_frames(frames, net(), sigma=20):
        assert np.ptp(y, axis=-1).max() == 0


def test_noise_that_is_cut_off_is_said_to_be_unknown():
    """Far too bright, what is left of the noise cannot be measured; drawings and pages have none, which is known."""
    bright = clip_noise(pairs(with_noise([frame * 2.2 for frame in textured(96, 160, number=4)], 10)))
    assert bright == NoiseLevel(0.0, known=False)
    assert "cannot be measured" in told(bright, True, None)[0] and "--sigma" in told(bright, True, None)[0]
    for still in ([page(shift) for shift in (0, 4, 8)], [np.zeros((96, 96, 3), np.float32)] * 3, [textured()[0]] * 3):
        found = clip_noise(pairs(still))
        assert found.known and found.sigma == 0, found
        assert "nothing to remove" in told(found, True, None)[0]


def test_flat_frames_and_areas_keep_their_values():
    """A black frame between noisy ones, and bars above and below, get nothing of their neighbours in time."""
    net = zoo.load("remonet-s-told")
    frames = with_noise(textured(48, 64, 5), 15)
    frames[2] = np.zeros_like(frames[2])
    for frame in frames:
        frame[:8] = frame[-8:] = np.float32(16 / 255)
    restored = list(restore_frames(frames, net, sigma=15.0))
    for before, after in zip(frames, restored):
        assert np.array_equal(before[:6], after[:6]) and np.array_equal(before[-6:], after[-6:])
    assert np.abs(restored[2][12:-12]).max() == 0
    assert np.abs(restored[1][12:-12] - frames[1][12:-12]).max() > 0.02
