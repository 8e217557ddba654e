"""The noise level that is measured, and the denoiser that is told it."""
from itertools import islice

import numpy as np
import pytest
from places import SHARED

from refvr import zoo
from refvr.degrade.file_noise import in_file, noisy, worn
from refvr.errors import InputError
from refvr.media import open_reader
from refvr.metrics.noise import NoiseLevel, clip_noise, field_noise
from refvr.nn.noise_gate import gate_map
from refvr.pipeline.drivers import first_needed, restore_frames
from refvr.pipeline.noise import neighbours, told
from refvr.pipeline.restore import restore
from refvr.scene import Scene, render


def textured(h=192, w=256, frames=3, number=5):
    """A drawn scene in motion: edges, gradients, texture."""
    return [render(Scene(number), w, h, k / 24).astype(np.float32) for k in range(frames)]


def pairs(frames):
    return list(zip(frames, frames[1:] or frames))


def with_noise(frames, sigma, seed=0, slope=0.0):
    rng = np.random.default_rng(seed)
    spread = NoiseLevel(sigma, slope)
    return [in_file(f + spread.map(f) * rng.standard_normal(f.shape).astype(np.float32)) for f in frames]


@pytest.mark.parametrize("sigma", (2, 5, 10, 25, 50))
def test_white_noise_is_measured(sigma):
    assert clip_noise(pairs(with_noise(textured(), sigma))).sigma == pytest.approx(sigma, rel=0.15)


def test_noise_that_grows_with_brightness_is_measured():
    ramp = np.linspace(0.05, 0.95, 512, dtype=np.float32)[None, :, None] * np.ones((256, 1, 3), np.float32)
    found = clip_noise(pairs(with_noise([ramp] * 3, 12, slope=0.7)))
    assert found.sigma == pytest.approx(12, rel=0.15) and found.slope == pytest.approx(0.7, abs=0.15)
    assert "in the dark" in str(found)


def test_blurred_noise_is_found_at_half_size():
    rng = np.random.default_rng(1)
    n = rng.standard_normal((3, 192, 256, 3)).astype(np.float32)
    for axis in (1, 2):
        n = (np.roll(n, 1, axis) + 4 * n + np.roll(n, -1, axis)) / 4
    n *= 15 / 255 / n.std()
    assert clip_noise(pairs([f + e for f, e in zip(textured(), n)])).sigma == pytest.approx(15, rel=0.25)
    assert 255 * field_noise(n) == pytest.approx(15, rel=0.25)


def page(shift):
    """Black signs on white paper, scrolled."""
    rng = np.random.default_rng(4)
    signs = np.kron(rng.random((48, 64)) < 0.3, np.ones((4, 4)))
    return np.repeat(np.roll(1 - signs, shift, 0)[..., None], 3, -1).astype(np.float32)


PLAIN = {
    "clean": textured(), "another": textured(number=4), "still": textured()[:1] * 3,
    "screen": [page(k) for k in range(3)], "black": [np.zeros((96, 96, 3), np.float32)] * 2,
    "white": [np.ones((96, 96, 3), np.float32)] * 2, "tiny": [np.zeros((4, 4, 3), np.float32)] * 2,
    "fade": [np.full((96, 96, 3), k / 9, np.float32) for k in range(4)]}


@pytest.mark.parametrize("frames", PLAIN.values(), ids=PLAIN)
def test_nothing_is_measured_where_there_is_no_noise(frames):
    assert clip_noise(pairs(frames)).sigma == 0


def test_noise_beside_black_bars_is_measured():
    frames = with_noise(textured(), 10)
    for frame in frames:
        frame[:48] = frame[-48:] = 0
    assert clip_noise(pairs(frames)).sigma == pytest.approx(10, rel=0.15)


def test_a_clip_that_begins_black_is_measured_where_it_is_not():
    frames = [np.zeros((192, 256, 3), np.float32)] * 6 + with_noise(textured(frames=20), 10)
    assert clip_noise(neighbours(iter(frames), len(frames))).sigma == pytest.approx(10, rel=0.15)


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


def net(seed=1):
    made = zoo.build("remonet-s-told", widths=(8, 12, 16), fusion_widths=(8, 12, 16), state=8)
    return made.init(np.random.default_rng(seed))


def test_without_noise_the_frame_is_the_answer():
    x = np.random.default_rng(0).random((1, 5, 16, 24, 3)).astype(np.float32)
    told = np.zeros((1, 5, 16, 24, 1), np.float32)
    np.testing.assert_array_equal(net()(x, gate_map(told)), x)
    told[:, :, :, 12:] = 0.1
    y = net()(x, gate_map(told))
    np.testing.assert_array_equal(y[..., :12, :], x[..., :12, :])
    assert np.abs(y[..., 12:, :] - x[..., 12:, :]).max() > 1e-3


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


def test_training_tells_what_is_measured():
    clean = np.full((3, 224, 224, 3), 0.5, np.float32)
    for seed in range(4):
        given, level = noisy(clean, 20, np.random.default_rng(seed))
        assert given.dtype == level.dtype == np.float32 and level.shape == (3, 224, 224, 1)
        assert 255 * level.mean() == pytest.approx(clip_noise(pairs(list(given))).sigma, rel=0.35)


def test_worn_clips_have_the_level_that_is_measured():
    clean = np.stack(textured(96, 128, 4))
    left, pure, level = worn(clean, np.random.default_rng(2))
    assert left.shape == pure.shape == clean.shape and level == clip_noise(zip(left, left[1:]))
    again, *_ = worn(clean, np.random.default_rng(2))
    np.testing.assert_array_equal(left, again)




@pytest.mark.long
@pytest.mark.parametrize("sigma", (0, 2, 10, 25, 50))
def test_real_clips_are_measured(sigma):
    """Within 15 %, and nothing on clean ones; on clips that are not part of the repository."""
    clips = sorted((SHARED / "data" / "clips").glob("val_*.mkv"))
    if not clips:
        pytest.skip("the validation clips are not here")
    for path in clips:
        with open_reader(path) as reader:
            frames = [frame.rgb for frame in islice(reader, 3)]
        found = clip_noise(pairs(with_noise(frames, sigma) if sigma else frames)).sigma
        assert found == pytest.approx(sigma, rel=0.15), path.name


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
