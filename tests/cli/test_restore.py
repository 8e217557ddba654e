"""`refvr restore`: what it is told reaches the work; what is bad is one line, and loses nothing."""
import json
import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from command_lines import one_line, recorded
from places import ROOT

from refvr.cli.main import main
from refvr.media import open_reader, open_writer
from refvr.media.clip import ClipInfo, Frame
from refvr.pipeline.restore import RestoreReport

DEFAULTS = {"task": None, "model": None, "scale": None, "real": False, "weights": None, "sigma": None,
            "precision": "winograd", "threads": None, "official": False, "ensemble": False, "rate": 1,
            "routing": "threshold", "fps": None, "codec": None, "crf": None, "pix_fmt": None, "audio": "copy",
            "streams": "all", "start": None, "frames": None, "cuts": "none", "at_cuts": "repeat", "workers": None,
            "piece": None, "overwrite": True, "resume": False, "memory": None}
REPORT = RestoreReport("a.mp4", "b.mp4", "edvr-s-x4", 12, 12, 64, 48, 1.5, 2, "winograd", 0, None, ("odd\x1b times",))


def restore(weights, source, target, *more):
    return main(["restore", str(source), str(target), "--weights", str(weights), *map(str, more)])


@pytest.mark.parametrize("words, told", [
    ("", {}), ("--task sr", {"task": "sr"}), ("--model m", {"model": "m"}), ("--scale 2", {"scale": 2}),
    ("--input real", {"real": True}), ("--input clean", {}), ("--weights w", {"weights": "w"}),
    ("--sigma 2.5", {"sigma": 2.5}), ("--precision float64", {"precision": "float64"}), ("--threads 2", {"threads": 2}),
    ("--official", {"official": True}), ("--ensemble", {"ensemble": True}), ("--rate 8/3", {"rate": Fraction(8, 3)}),
    ("--routing half", {"routing": "half"}), ("--fps 23.976", {"fps": Fraction(23976, 1000)}),
    ("--codec ffv1", {"codec": "ffv1"}), ("--crf 18", {"crf": 18}), ("--pix-fmt yuv444p", {"pix_fmt": "yuv444p"}),
    ("--audio none", {"audio": "none"}), ("--streams 1,subtitle", {"streams": "1,subtitle"}),
    ("--start 1:05 --frames 5s", {"start": "1:05", "frames": "5s"}), ("--cuts auto", {"cuts": "auto"}),
    ("--at-cuts nothing", {"at_cuts": "nothing"}), ("--workers 3", {"workers": 3}),
    ("--cluster tcp://host:1", {"workers": "tcp://host:1"}), ("--piece 9", {"piece": 9}),
    ("--no-overwrite", {"overwrite": False}), ("--resume", {"resume": True}), ("--memory 2G", {"memory": "2G"})])
def test_each_option_reaches_the_work_and_the_others_stay_as_they_are(monkeypatch, words, told):
    calls = recorded(monkeypatch, "refvr.pipeline.restore.restore", REPORT)
    assert main(["restore", "a.mp4", "b.mp4", *words.split()]) == 0
    (args, options), = calls
    assert args == ("a.mp4", "b.mp4") and callable(options.pop("progress")) and callable(options.pop("say"))
    assert options == DEFAULTS | told


@pytest.mark.parametrize("words", ["--rate 1/0", "--fps fast", "--workers 2 --cluster tcp://host:1", "--task colour"])
def test_what_cannot_be_meant_is_one_line(monkeypatch, capsys, words):
    calls = recorded(monkeypatch, "refvr.pipeline.restore.restore", REPORT)
    one_line(capsys, main(["restore", "a", "b", *words.split()]), "restore --help")
    assert not calls


@pytest.mark.parametrize("changes, status, last", [
    ({}, 0, "b.mp4: 12 frames of 64x48 by edvr-s-x4 in 1.5 s"),
    ({"frames": 1, "resumed": 1}, 0, "b.mp4: 1 frame of 64x48 by edvr-s-x4 in 1.5 s (1 were finished before)"),
    ({"truncated": "a.mp4 ends early"}, 3, "refvr: a.mp4 ends early; 12 frames were restored"),
    ({"truncated": "a.mp4 ends early", "frames": 1}, 3, "refvr: a.mp4 ends early; 1 frame was restored")])
def test_what_was_done_is_said_on_standard_error(monkeypatch, capsys, changes, status, last):
    """Standard output may be a clip. What a warning quotes cannot play with the terminal."""
    from dataclasses import replace

    recorded(monkeypatch, "refvr.pipeline.restore.restore", replace(REPORT, **changes))
    assert main(["restore", "a.mp4", "b.mp4"]) == status
    out, err = capsys.readouterr()
    first, *lines = err.splitlines()
    assert out == "" and "\x1b" not in first and first.startswith("refvr: odd") and lines[-1] == last
    assert len(lines) == 1 + (status == 3)


def test_what_the_work_says_meanwhile_is_passed_on(monkeypatch, capsys):
    calls = recorded(monkeypatch, "refvr.pipeline.restore.restore", REPORT)
    assert main(["restore", "a.mp4", "b.mp4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 12
    calls[0][1]["say"]("two workers came")
    assert capsys.readouterr().err == "refvr: two workers came\n"


def test_restore_reports(capsys, weights, clip, tmp_path):
    assert restore(weights, clip, tmp_path / "out.npy", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["frames"], report["width"], report["height"], report["truncated"]) == (3, 17, 13, None)
    assert restore(weights, clip, tmp_path / "out.npy") == 0
    assert "3 frames of 17x13" in capsys.readouterr().err


def test_one_frame_is_no_frames(capsys, weights, clip, tmp_path):
    assert restore(weights, clip, tmp_path / "out.npy", "--frames", 1) == 0
    assert "out.npy: 1 frame of 17x13" in capsys.readouterr().err


def test_json_and_pipe_exclude_each_other(capsys, weights, clip):
    one_line(capsys, restore(weights, clip, "-", "--json"), "standard output")


def test_pipe_through(weights, clip, tmp_path):
    with open_reader(clip) as reader, open_writer(tmp_path / "in.y4m", reader.info) as writer:
        for frame in reader:
            writer.write(frame)
    command = [sys.executable, "-m", "refvr", "restore", "-", "-", "--weights", weights]
    with open(tmp_path / "in.y4m", "rb") as file:
        result = subprocess.run(command, stdin=file, capture_output=True, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    assert restore(weights, tmp_path / "in.y4m", tmp_path / "out.y4m") == 0
    assert result.stdout == (tmp_path / "out.y4m").read_bytes()


def test_zero_bytes(capsys, weights, tmp_path):
    (tmp_path / "zero.mp4").write_bytes(b"")
    one_line(capsys, restore(weights, tmp_path / "zero.mp4", tmp_path / "out.mp4"), "zero.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_text_named_mp4(capsys, weights, tmp_path):
    (tmp_path / "text.mp4").write_text("This is no video.\n" * 99)
    one_line(capsys, restore(weights, tmp_path / "text.mp4", tmp_path / "out.mp4"), "text.mp4")


def test_no_such_input(capsys, weights, tmp_path):
    one_line(capsys, restore(weights, tmp_path / "nowhere.mp4", tmp_path / "out.mp4"), "nowhere.mp4", "does not exist")


def test_truncated_video_gives_what_decodes_and_status_3(capsys, weights, tmp_path):
    whole, cut = tmp_path / "whole.mkv", tmp_path / "cut.mkv"
    rng = np.random.default_rng(3)
    with open_writer(whole, ClipInfo(32, 16), codec="ffv1") as writer:
        for _ in range(50):
            writer.write(Frame(rng.random((16, 32, 3), np.float32)))
    cut.write_bytes(whole.read_bytes()[:whole.stat().st_size // 2])
    assert restore(weights, cut, tmp_path / "out.mkv") == 3
    err = capsys.readouterr().err
    with open_reader(tmp_path / "out.mkv") as reader:
        count = sum(1 for _ in reader)
    assert 20 <= count <= 30
    assert f"{count} frames were restored" in err
    assert "Traceback" not in err


def test_folder_without_images(capsys, weights, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("nothing to see")
    one_line(capsys, restore(weights, tmp_path / "empty", tmp_path / "out.mp4"), "holds no images", "empty")


def test_images_of_different_sizes(capsys, weights, tmp_path):
    import imageio.v3 as iio

    (tmp_path / "mixed").mkdir()
    for k, size in enumerate(((16, 24), (16, 24), (16, 20))):
        iio.imwrite(tmp_path / "mixed" / f"{k}.png", np.full((*size, 3), 99, np.uint8))
    one_line(capsys, restore(weights, tmp_path / "mixed", tmp_path / "out"), "2.png", "20x16", "24x16")


def test_nan_in_a_float_file(capsys, weights, tmp_path):
    frames = np.full((4, 8, 8, 3), 0.5, np.float32)
    frames[1, 2, 3, 0] = np.nan
    np.save(tmp_path / "nan.npy", frames)
    one_line(capsys, restore(weights, tmp_path / "nan.npy", tmp_path / "out.npy"), "frame 1", "NaN")
    assert not (tmp_path / "out.npy").exists()


def test_one_pixel_and_one_frame(weights, tmp_path):
    import imageio.v3 as iio

    iio.imwrite(tmp_path / "dot.png", np.full((1, 1, 3), 200, np.uint8))
    assert restore(weights, tmp_path / "dot.png", tmp_path / "out.png") == 0
    assert iio.imread(tmp_path / "out.png").shape == (1, 1, 3)
    np.save(tmp_path / "one.npy", np.zeros((1, 30, 20, 3), np.uint8))
    assert restore(weights, tmp_path / "one.npy", tmp_path / "one.mp4") == 0
    with open_reader(tmp_path / "one.mp4") as reader:
        assert [frame.rgb.shape for frame in reader] == [(30, 20, 3)]


def test_bad_weights(capsys, clip, tmp_path):
    (tmp_path / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 99)
    one_line(capsys, restore(tmp_path / "broken.h5", clip, tmp_path / "out.npy"), "broken.h5", "weight file")
    one_line(capsys, restore(tmp_path / "none.h5", clip, tmp_path / "out.npy"), "none.h5")


def test_unwritable_output(capsys, weights, clip, tmp_path):
    one_line(capsys, restore(weights, clip, tmp_path / "no" / "such" / "out.mp4"), "does not exist", "create it")
    (tmp_path / "file").write_text("")
    one_line(capsys, restore(weights, clip, tmp_path / "file" / "out.mp4"), "file")
    one_line(capsys, restore(weights, clip, clip), "the input itself")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_folder_without_permission(capsys, weights, clip, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    one_line(capsys, restore(weights, clip, tmp_path / "locked" / "out.mp4"), "cannot write", "may write")


@pytest.mark.parametrize("suffix", ["mkv", "npy"])
def test_full_disk(weights, tmp_path, suffix):
    """A limit on the size of files stands in for a disk that fills up in the middle of a clip."""
    resource = pytest.importorskip("resource", reason="needs a limit on file sizes")
    assert resource.RLIMIT_FSIZE is not None
    np.save(tmp_path / "in.npy", np.random.default_rng(1).random((12, 128, 128, 3), np.float32))
    code = ("import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000));"
            "from refvr.cli.main import main; sys.exit(main(sys.argv[1:]))")
    codec = ["--codec", "ffv1"] if suffix == "mkv" else []
    result = subprocess.run([sys.executable, "-c", code, "restore", tmp_path / "in.npy", tmp_path / f"out.{suffix}",
                             "--weights", weights, *codec], capture_output=True, text=True, cwd=ROOT)
    message = [line for line in result.stderr.splitlines() if line.startswith("refvr: ")]
    assert result.returncode == 2, result.stderr
    assert len(message) == 1
    assert ("cannot write" if suffix == "mkv" else "files may have 200 kB here") in message[0]
    assert "Traceback" not in result.stderr
    assert not (tmp_path / f"out.{suffix}").exists()
