"""What each network is given for a frame of a clip, by clips whose frame k is k + 1 everywhere: 0 is black."""
import numpy as np
import pytest

from refvr import ops, zoo
from refvr.verify.runs import from_clip
from refvr.verify.runs.clip_frames import InOrder
from refvr.verify.runs.from_clip import duf, edvr, remonet, safa, stfan, window


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


def clip(n, h=8, w=12):
    return {k: np.full((h, w, 3), k + 1, np.float64) for k in range(n)}


def levels(x):
    """Of a window (1, t, h, w, 3) of even frames, the level of each."""
    assert x.shape[0] == 1 and x.dtype == np.float32 and all(np.ptp(frame) == 0 for frame in x[0])
    return [int(frame[0, 0, 0]) for frame in x[0]]


@pytest.mark.parametrize("n, k, want", [(12, 0, [1, 2, 3, 4, 5]), (12, 4, [1, 2, 3, 4, 5]), (12, 5, [6, 7, 8, 9, 10]),
                                        (12, 11, [11, 12, 12, 11, 10]), (2, 1, [1, 2, 2, 1, 1])])
def test_remonet_has_windows_side_by_side_the_last_one_mirrored_with_its_border(n, k, want):
    net = zoo.build("remonet", frames=5)
    assert levels(remonet(net, clip(n), k, None)["x"]) == want


@pytest.mark.parametrize("border, k, want", [
    ("replicate", 0, [1, 1, 1, 2, 3]), ("replicate", 6, [5, 6, 7, 7, 7]), ("reflection", 1, [2, 1, 2, 3, 4]),
    ("reflection_circle", 0, [5, 4, 1, 2, 3]), ("circle", 0, [4, 5, 1, 2, 3]), ("circle", 3, [2, 3, 4, 5, 6])])
def test_edvr_has_a_frame_and_its_neighbours_with_the_border_of_its_configuration(border, k, want):
    net = zoo.build("edvr-m-x4", border=border)
    given = edvr(net, clip(7), k, None)
    assert list(given) == ["x"] and levels(given["x"]) == want


def test_a_clip_shorter_than_the_window_is_mirrored_again():
    assert levels(edvr(zoo.build("edvr-m-x4", border="replicate"), clip(2), 0, None)["x"]) == [1, 1, 1, 2, 2]
    assert levels(edvr(zoo.build("edvr-m-x4", border="reflection_circle"), clip(2), 0, None)["x"])[2] == 1


@pytest.mark.parametrize("border, k, want", [
    ("zero", 0, [0, 0, 0, 1, 2, 3, 4]), ("zero", 7, [5, 6, 7, 8, 0, 0, 0]), ("zero", 3, [1, 2, 3, 4, 5, 6, 7]),
    ("replicate", 1, [1, 1, 1, 2, 3, 4, 5]), ("replicate", 7, [5, 6, 7, 8, 8, 8, 8])])
def test_duf_has_three_frames_to_each_side_black_beyond_the_ends_unless_told_otherwise(border, k, want):
    net = zoo.build("duf-16-x2", border=border)
    assert levels(duf(net, clip(8), k, None)["x"]) == want


@pytest.mark.parametrize("k, want", [(0, [3, 2, 1, 2, 3]), (2, [1, 2, 3, 4, 5]), (5, [4, 5, 6, 5, 4])])
def test_others_have_the_frame_in_the_middle_mirrored_without_the_border(k, want):
    given = window(zoo.build("fastdvdnet"), clip(6), k, 51)
    assert levels(given["x"]) == want
    assert given["noise_map"].shape == (1, 8, 12, 1) and np.all(given["noise_map"] == np.float32(51 / 255))


@pytest.mark.parametrize("rule, model, multiple", [(edvr, "edvr-m-x4", 4), (duf, "duf-16-x2", 1), (window, "fastdvdnet",
                                                   4), (remonet, "remonet", 4)])
def test_sizes_are_brought_to_the_multiple_of_the_network_by_reflection(rule, model, multiple):
    frames = {k: np.random.default_rng(k).random((9, 11, 3)) for k in range(7)}
    x = rule(zoo.build(model), frames, 3, 10)["x"]
    pads = [(0, 0), (0, -9 % multiple), (0, -11 % multiple), (0, 0)]
    at = {"remonet": 3, "edvr": 2, "fastdvdnet": 2, "duf": 3}[model.partition("-")[0]]
    assert np.array_equal(x[0, at], np.pad(frames[3].astype(np.float32)[None], pads, mode="reflect")[0])


def test_safa_has_two_frames_enlarged_and_of_the_last_one_the_same_twice():
    net = zoo.build("safa", channels=8)
    frames = clip(3)
    given = safa(net, frames, 0, None)
    assert list(given) == ["image0", "image1"] and given["image0"].shape == (1, 32, 64, 3)   # 4 times, multiples of 32
    assert np.allclose(given["image0"], 1) and np.allclose(given["image1"], 2)
    last = safa(net, frames, 2, None)
    assert np.allclose(last["image0"], 3) and np.array_equal(last["image0"], last["image1"])


def test_safa_with_a_motion_at_the_beginning_is_given_it():
    """What moved right by two pixels was 8 to the left before, in a picture four times as large, and will be 8 to the
    right.
    """
    rng = np.random.default_rng(0)
    wide = np.kron(rng.random((6, 9, 3)), np.ones((4, 4, 1)))
    frames = {0: wide[:, 2:34], 1: wide[:, :32]}
    given = safa(zoo.build("safa", channels=8, motion=True), frames, 0, None)
    assert list(given) == ["image0", "image1", "motion"] and given["motion"].shape == (1, 96, 128, 4)
    assert np.median(given["motion"], axis=(0, 1, 2)) == pytest.approx([-8, 0, 8, 0], abs=0.01)
    still = safa(zoo.build("safa", channels=8, motion=True), {0: wide[:, :32], 1: wide[:, :32]}, 0, None)
    assert np.abs(still["motion"]).max() < 1e-3


def test_stfan_runs_up_to_the_frame_and_hands_on_what_the_one_before_left(monkeypatch):
    seen = []

    def recurrence(net, frames, carry):
        before = None
        for k, frame in enumerate(frames):
            seen.append(int(frame[0, 0, 0, 0]))
            before = {"previous": frame, "restored": frame + 0.5, "state": np.full((1, 2, 3, 1), k)}
            carry.take = lambda before=before: before
            yield None

    monkeypatch.setattr(from_clip, "restore_states", recurrence)
    given = stfan(None, clip(5), 3, None)
    assert seen == [1, 2, 3] and list(given) == ["frame", "previous", "restored", "state"]
    assert [float(given[name].flat[0]) for name in given] == [4, 3, 3.5, 2]


def test_stfan_begins_with_its_first_frame_three_times_padded_to_fours_by_its_edge():
    frame = np.random.default_rng(0).random((7, 9, 3), np.float32)
    given = stfan(None, {0: frame}, 0, None)
    assert list(given) == ["frame", "previous", "restored"]
    want = np.pad(frame[None], ((0, 0), (0, 1), (0, 3), (0, 0)), mode="edge")
    assert all(np.array_equal(x, want) and x.dtype == np.float32 for x in given.values())


def test_a_clip_may_come_one_frame_after_the_other():
    net = zoo.build("stfan", widths=(4, 4, 8)).init(np.random.default_rng(1))
    one, other = stfan(net, InOrder("scene:12x8", 2), 2, None), stfan(net, {
        k: InOrder("scene:12x8", k)[k] for k in range(3)}, 2, None)
    assert all(np.array_equal(one[name], other[name]) for name in other) and len(one) == 4
