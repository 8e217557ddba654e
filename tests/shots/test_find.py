"""Shots: cuts are found, dissolves, flashes and fast motion are none in rendered scenes."""
import json

import media_clips
import numpy as np
import pytest
from rendered import H, W, scene

from refvr.cli.main import main
from refvr.media.clip import Frame
from refvr.shots.find import Shots, find_shots, marked


def found(frames):
    return [k for k, (_, new) in enumerate(marked(Frame(x) for x in frames)) if new]


@pytest.mark.parametrize("lengths", [(20, 13, 30), (1, 20, 2, 20, 1), (9, 3, 3, 9)])
def test_cuts_are_found_where_they_are(lengths):
    clip = np.concatenate([scene(k, n) for k, n in enumerate(lengths)])
    assert found(clip) == list(np.cumsum(lengths)[:-1])


@pytest.mark.parametrize("brightness", [0.5, 0.2, 0.1])
def test_cuts_at_night_are_cuts(brightness):
    clip = np.concatenate([scene(k, 15) for k in range(6)]) * np.float32(brightness)
    assert found(np.rint(clip * 255).astype(np.float32) / 255) == [15, 30, 45, 60, 75]


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_flashes_are_no_cuts(length, level):
    clip = scene(0, 30)
    clip[12:12 + length] = 0.9 * level + 0.1 * clip[12:12 + length]
    assert found(clip) == []


@pytest.mark.parametrize("length", [8, 12, 25])
def test_dissolves_and_fades_are_no_cuts(length):
    a, b, t = scene(0, 40), scene(1, 40), np.clip((np.arange(40) - 8) / length, 0, 1)[:, None, None, None]
    assert found((1 - t) * a + t * b) == []
    assert found((1 - t) * a) == []


def test_motion_and_noise_are_no_cuts():
    assert found(scene(3, 30, speed=20)) == []
    assert found(np.random.default_rng(0).random((20, H, W, 3), np.float32)) == []
    assert found(np.random.default_rng(0).integers(0, 2, (20, 1, 1, 3)).repeat(9, 1).repeat(9, 2).astype("f4")) == []


def test_a_cut_in_a_noisy_clip():
    clip = np.concatenate([scene(0, 15), scene(1, 15)])
    assert found(clip + np.random.default_rng(0).normal(0, 0.1, clip.shape).astype(np.float32)) == [15]


def test_a_clip_of_one_frame_and_of_one_pixel():
    assert found(scene(0, 1)) == [] and found(np.zeros((3, 1, 1, 3), np.float32)) == []


def test_frames_pass_unchanged():
    frames = [Frame(x) for x in scene(0, 9)]
    assert [frame for frame, _ in marked(frames)] == frames


@pytest.fixture
def film(tmp_path):
    clip = np.concatenate([scene(k, n) for k, n in enumerate((12, 9, 15))])
    return media_clips.write(tmp_path / "film.mkv", np.rint(clip * 255).astype(np.uint8), "ffv1", "bgr0", rate=24)


def test_the_command_prints_json_and_an_edl(film, capsys):
    assert main(["shots", str(film)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["frames"], told["cuts"]) == (36, [12, 21])
    assert main(["shots", str(film), "--edl"]) == 0
    assert "002  AX       V     C        00:00:00:12 00:00:00:21" in capsys.readouterr().out


def test_the_detector_on_parts(film):
    assert find_shots(film) == Shots(36, (12, 21))
    assert find_shots(film, 10, 8) == Shots(8, (2,))
