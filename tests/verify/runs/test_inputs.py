"""--inputs: another input for a model, a case, a trace, under our names or official ones; cases as references."""
import gc
import json
import weakref
from pathlib import Path

import h5py
import numpy as np
import pytest
from places import GOLDEN

from refvr import ops, zoo
from refvr.cli.main import main
from refvr.errors import InputError
from refvr.scene import Scene, render
from refvr.verify.compare.name_table import read_table
from refvr.verify.runs import clip_frames
from refvr.verify.runs.arrays_in import open_arrays
from refvr.verify.runs.inputs import frames_for, operands_on, subject_of

CASE = GOLDEN / "stfan_seed_a.h5"
SMALL = ["--init", "3", "--set", "widths=[4,4,8]"]


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


def frames(seed, *names):
    rng = np.random.default_rng(seed)
    return {name: rng.random((1, 3, 8, 12)).astype(np.float32) for name in names}


def saved(path, arrays):
    np.savez(path, **arrays)
    return str(path)


def traced(path, *arguments):
    assert main(["trace", *map(str, arguments), "-o", str(path)]) == 0
    return open_arrays(path)


def test_a_model_is_given_a_file_alone_under_any_names(tmp_path):
    theirs = frames(1, "img_blur", "last_img_blur", "output_last_img")
    ours = {name: np.moveaxis(x, 1, -1) for name, x in zip(("frame", "previous", "restored"), theirs.values())}
    one = traced(tmp_path / "1.h5", "stfan", *SMALL, "--inputs", saved(tmp_path / "theirs.npz", theirs))
    two = traced(tmp_path / "2.h5", "stfan", *SMALL, "--inputs", saved(tmp_path / "ours.npz", ours))
    assert np.array_equal(one["output"], two["output"]) and one["output"].shape == (1, 8, 12, 3)
    levels = {name: np.rint(x * 255).astype(np.uint8) for name, x in ours.items()}
    three = traced(tmp_path / "3.h5", "stfan", *SMALL, "--inputs", saved(tmp_path / "levels.npz", levels))
    assert 0 < np.abs(three["inputs/frame"] - one["inputs/frame"]).max() <= 0.5 / 255 + 1e-6


def test_what_the_file_lacks_comes_from_the_input(tmp_path):
    file = saved(tmp_path / "one.npz", frames(2, "img_blur"))
    found = traced(tmp_path / "t.h5", "stfan", "scene:12x8", *SMALL, "--inputs", file)
    plain = traced(tmp_path / "p.h5", "stfan", "scene:12x8", *SMALL)
    assert np.array_equal(found["inputs/previous"], plain["inputs/previous"])
    assert not np.array_equal(found["inputs/frame"], plain["inputs/frame"])


def test_a_case_and_a_trace_take_other_inputs_and_are_made_again(tmp_path, capsys):
    with h5py.File(CASE) as case:
        shape = case["inputs/cur"].shape
    x = np.random.default_rng(3).random(shape).astype(np.float32)
    file = saved(tmp_path / "x.npz", {"cur": x})
    found = traced(tmp_path / "t.h5", CASE, "--inputs", file)
    assert np.array_equal(np.moveaxis(found["inputs/frame"], -1, 1), x)
    Path(file).unlink()   # the trace has what it was given
    np.save(tmp_path / "output.npy", found["output"])
    assert main(["compare", str(tmp_path / "t.h5"), str(tmp_path / "output.npy"), "--isolate", "--brief"]) == 0
    other = saved(tmp_path / "y.npz", {"frame": x[..., ::-1]})
    capsys.readouterr()
    assert main(["compare", str(tmp_path / "t.h5"), str(tmp_path / "output.npy"), "--isolate", "--brief", "--inputs",
                 other]) == 1
    assert "first guilty layer: output" in capsys.readouterr().out


def test_a_case_has_names_and_is_a_reference(tmp_path, capsys):
    assert main(["trace", str(CASE), "--names", "--json"]) == 0
    names = [row["name"] for row in json.loads(capsys.readouterr().out)]
    assert "output" in names and len(names) > 20
    found = traced(tmp_path / "t.h5", CASE)
    np.savez(tmp_path / "mine.npz", text="made today", truth=np.array([True]), output=found["output"],
             **{names[0]: found[names[0]]})
    capsys.readouterr()
    assert main(["compare", str(CASE), str(tmp_path / "mine.npz"), "--isolate", "--brief"]) == 0
    assert "not numeric, and left out: text, truth" in capsys.readouterr().out


@pytest.mark.parametrize("arrays, words", [
    ({"nothing": np.zeros((1, 3, 8, 8))}, "got an input 'nothing', expected at most 4: frame, previous"),
    (frames(0, "frame"), "got frame, expected previous, restored too"),
    ({"frame": np.zeros((1, 2, 8, 8))}, "input frame is 1x2x8x8, expected (n, 3, h, w) or (n, h, w, 3)")])
def test_inputs_that_do_not_fit_are_said_in_one_line(arrays, words, tmp_path, capsys):
    assert main(["trace", "stfan", *SMALL, "--inputs", saved(tmp_path / "bad.npz", arrays), "-o",
                 str(tmp_path / "t.h5")]) == 2
    err = capsys.readouterr().err
    assert words in err and "bad.npz" in err and err.count("\n") == 1


def test_a_call_in_a_table_of_names_is_no_remark(tmp_path):
    (tmp_path / "map.txt").write_text("# names\nconv1#1  encode#1   # the second call\nhead head#2\n")
    assert read_table(tmp_path / "map.txt") == {"conv1#1": "encode#1", "head": "head#2"}


def test_of_the_scene_only_frames_of_the_window_are_drawn():
    """A late frame takes no longer than an early one, and is the frame of that time."""
    net = zoo.build("edvr-s-x4")
    found = frames_for(net, "scene:12x8", 9999)
    assert 9990 <= min(found) <= 9997 and 10001 <= max(found) < 10010
    x = operands_on(net, found, 9999, None)["x"]
    assert np.array_equal(x[0], [render(Scene(), 12, 8, k / 24) for k in (9998, 9999, 10000)])


@pytest.mark.parametrize("k", [0, 13, 23, 24, 29])
def test_frames_that_are_read_are_those_that_a_long_window_needs(tmp_path, k):
    """Windows of 12 that do not overlap, longer than what is read around a frame otherwise."""
    clip = np.random.default_rng(1).random((30, 8, 8, 3), np.float32)
    np.save(tmp_path / "clip.npy", clip)
    net = zoo.build("remonet-s", frames=12)
    found = operands_on(net, frames_for(net, str(tmp_path / "clip.npy"), k), k, 25.0)
    assert np.array_equal(found["x"], operands_on(net, dict(enumerate(clip)), k, 25.0)["x"])


def test_of_a_recurrence_no_more_than_one_frame_is_held(tmp_path, monkeypatch):
    """A late frame of STFAN needs what the one before left, not the frames that led to it; and it is the same call."""
    clip = np.random.default_rng(2).random((6, 8, 8, 3), np.float32)
    np.save(tmp_path / "clip.npy", clip)
    alive, most, right = [], [], clip_frames._frames
    gc.freeze()   # only what comes from now on is looked through

    def watched(*arguments):
        for frame in right(*arguments):
            alive.append(weakref.ref(frame))
            gc.collect()
            most.append(sum(ref() is not None for ref in alive))
            yield frame

    monkeypatch.setattr(clip_frames, "_frames", watched)
    found = subject_of("stfan", str(tmp_path / "clip.npy"), init=1, settings={"widths": [4, 6, 10]}, frame=5).operands
    assert len(most) == 6 and max(most) <= 3   # the one that comes, the one before, and the reader's own
    net = subject_of("stfan", "scene:8x8", init=1, settings={"widths": [4, 6, 10]}).net
    want = operands_on(net, dict(enumerate(clip)), 5, None)
    assert list(found) == list(want) and all(np.array_equal(found[name], want[name]) for name in want)
    with pytest.raises(InputError, match="has 6 frames, expected one of number 6"):
        subject_of("stfan", str(tmp_path / "clip.npy"), init=1, settings={"widths": [4, 6, 10]}, frame=6)
