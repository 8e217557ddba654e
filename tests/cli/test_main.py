"""The command line: help, usage errors, bad input by name, exit statuses. A bad input gives one line, no traceback."""
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from places import ROOT

from refvr import zoo
from refvr.checkpoints import h5
from refvr.cli.main import VERBS, main, make_parser
from refvr.cli.table import print_json
from refvr.media import open_reader, open_writer
from refvr.media.clip import ClipInfo, Frame


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    options = {"widths": (4, 8, 16), "state": 4}
    path = tmp_path_factory.mktemp("weights") / "small.h5"
    h5.save(path, zoo.build("remonet", **options).init(np.random.default_rng(7)).state(),
            {"network": "remonet", "config": options})
    return path


@pytest.fixture
def clip(tmp_path):
    """A good clip, and a folder to spoil things in."""
    path = tmp_path / "in.npy"
    np.save(path, np.random.default_rng(5).random((3, 13, 17, 3), np.float32))
    return path


def one_line(capsys, status, *parts):
    """Check what was printed by a failing command: one line on stderr with `parts` in it, nothing on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    assert err.startswith("refvr: "), err
    assert "Traceback" not in err
    assert not [part for part in parts if part not in err], err
    assert status == 2


def restore(weights, source, target, *more):
    return main(["restore", str(source), str(target), "--weights", str(weights), *map(str, more)])


@pytest.mark.parametrize("target", [".", "..", "/", "known.txt", "none.mp4"])
def test_status_of_what_no_run_has_made(capsys, tmp_path, monkeypatch, target):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "known.txt").write_text("no output")
    assert main(["status", target]) == 2
    one_line(capsys, 2, "has no name" if target == "/" else "no run of refvr")


def test_help_lists_every_verb(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert not [verb for verb in VERBS if f"\n  {verb} " not in text]
    assert main([]) == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_an_example(capsys, verb):
    assert main([verb, "--help"]) == 0
    assert f"example:\n  refvr {verb}" in capsys.readouterr().out
    assert all(action.help for action in make_parser(verb)._actions), "every option says what it is for"


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("refvr 0.")


def test_a_typo_is_guessed(capsys):
    one_line(capsys, main(["resotre", "a", "b"]), "unknown verb 'resotre'", "did you mean 'restore'")
    one_line(capsys, main(["xyz"]), "verbs are: restore, demo")


@pytest.mark.parametrize("words, said", [
    ("restore x y --sgima 3", "arguments: --sgima 3; did you mean '--sigma'?"),
    ("restore x y --sgima=3", "arguments: --sgima=3; did you mean '--sigma'?"),
    ("restore x --sgima", "required: OUT; --sgima is no option, did you mean '--sigma'?"),
    ("demo --task denois", "did you mean 'denoise'?"), ("explain x --model y --png ofset", "did you mean 'offsets'?"),
    ("restore x y --model remonet-z", "no model 'remonet-z' (did you mean 'remonet-s'"),
    ("bench fastdvd", "no model 'fastdvd' (did you mean 'fastdvdnet'?"), ("plan zzz", "`refvr models` lists them"),
    ("degrade x -o y --as bicubix2", "did you mean 'bicubic-x2'")])
def test_the_nearest_name_is_named(capsys, words, said):
    assert main(words.split()) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and said in error and len(error) < 240


def test_a_known_option_is_not_taken_for_another(capsys):
    """Nor one that was shortened; a wrong value has no option beside it."""
    assert main(["restore", "x", "--sig", "3"]) == main(["restore", "x", "y", "--threads", "two"]) == 2
    assert "did you mean" not in capsys.readouterr().err



@pytest.mark.parametrize(("arguments", "part"), [
    (["restore"], "IN, OUT"), (["restore", "a", "b", "--precision", "half"], "half"),
    (["restore", "a", "b", "--fps", "1/0"], "30000/1001"), (["demo", "--size", "big"], "448x256"),
    (["score", "denoise", "x", "--sigma", "ten"], "10,25,50"), (["score", "colour", "x"], "spacetime"),
    (["demo", "--task", "colour"], "spacetime"), (["restore", "a", "b", "--task", "colour"], "spacetime"),
    (["degrade", "a", "-o", "b"], "--as"),
    (["info", ""], "after info"), (["restore", "a", "b", "--weights="], "for --weights"), (["status", ""], "nothing"),
    (["trace", "edvr-s-x4", "", "-o", "t.h5"], "after edvr-s-x4"), (["demo", "--input", ""], "after --input"),
])
def test_usage_errors_are_one_line(capsys, arguments, part):
    one_line(capsys, main(arguments), part, "--help")


def test_restore_reports(capsys, weights, clip, tmp_path):
    assert restore(weights, clip, tmp_path / "out.npy", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["frames"], report["width"], report["height"], report["truncated"]) == (3, 17, 13, None)
    assert restore(weights, clip, tmp_path / "out.npy") == 0
    assert "3 frames of 17x13" in capsys.readouterr().err


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


def test_one_frame_is_no_frames(capsys, weights, clip, tmp_path):
    assert restore(weights, clip, tmp_path / "out.npy", "--frames", 1) == 0
    assert "out.npy: 1 frame of 17x13" in capsys.readouterr().err


def test_broken_pipe_is_quiet(weights, clip):
    command = [sys.executable, "-m", "refvr", "models"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1


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


def test_json_and_pipe_exclude_each_other(capsys, weights, clip):
    one_line(capsys, restore(weights, clip, "-", "--json"), "standard output")


def test_ctrl_c_is_status_130_and_one_line(capsys, monkeypatch, weights, clip, tmp_path):
    import importlib

    def stopped(*args, **options):
        yield Frame(np.full((13, 17, 3), 0.5, np.float32))
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("refvr.pipeline.by_shots"), "restore_clip", stopped)
    assert restore(weights, clip, tmp_path / "out.mkv") == 130
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "kept 1 finished frame in" in err
    assert len(list(tmp_path.glob("out.partial*"))) == 1


def test_a_second_ctrl_c_ends_the_process_without_a_traceback():
    """It often comes while Python waits for the threads of a window that nobody needs any more."""
    code = """if True:
        import os, signal, threading, time
        from refvr.cli import main as cli
        def press_twice(arguments):
            threading.Thread(target=time.sleep, args=(30,)).start()
            threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
            raise KeyboardInterrupt("first")
        signal.signal(signal.SIGINT, signal.default_int_handler)
        cli._dispatch = press_twice
        raise SystemExit(cli.main())
        """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    assert done.stderr == "refvr: stopped; first\n" and done.returncode == -signal.SIGINT


def test_bad_weights(capsys, clip, tmp_path):
    (tmp_path / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 99)
    one_line(capsys, restore(tmp_path / "broken.h5", clip, tmp_path / "out.npy"), "broken.h5", "weight file")
    one_line(capsys, restore(tmp_path / "none.h5", clip, tmp_path / "out.npy"), "none.h5")


def test_demo_of_a_clip_of_ones_own(capsys, weights, tmp_path):
    np.save(tmp_path / "own.npy", np.random.default_rng(2).random((4, 24, 32, 3), np.float32))
    assert main(["demo", "--input", str(tmp_path / "own.npy"), "--out", str(tmp_path / "demo"), "--frames", "3",
                 "--weights", str(weights), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["frames"] == 3
    # White noise of 25/255 on values in [0, 1], cut off at both ends: somewhat above -20 log10(25/255) = 20.17 dB.
    assert 20.1 < report["psnr_before"] < 21.5
    assert (report["task"], report["before"], report["kind"]) == ("denoise", "noisy", "noise-25")
    assert [Path(name).name for name in report["files"]] == ["degraded.mp4", "restored.mp4", "clean.mp4",
                                                             "comparison.png", "over_time.png"]
    assert all(Path(name).stat().st_size for name in report["files"])


def test_demo_of_the_scene_repeats(capsys, weights, tmp_path):
    reports = []
    for name in ("a", "b"):
        assert main(["demo", "--out", str(tmp_path / name), "--frames", "2", "--size", "48x32", "--json",
                     "--weights", str(weights)]) == 0
        reports.append(json.loads(capsys.readouterr().out))
    for name in ("degraded.mp4", "restored.mp4", "clean.mp4", "comparison.png", "over_time.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert reports[0]["psnr_before"] == reports[1]["psnr_before"]


def test_score(capsys, weights, tmp_path):
    (tmp_path / "clips").mkdir()
    for name in ("one", "two"):
        np.save(tmp_path / "clips" / f"{name}.npy", np.full((3, 16, 16, 3), 0.5, np.float32))
    command = ["score", "denoise", str(tmp_path / "clips"), "--sigma", "10,25", "--weights", str(weights),
               "--no-slow-baselines"]
    assert main([*command, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["clip"], row["kind"]) for row in rows[::2]] == [
        ("one", "noise-10"), ("one", "noise-25"), ("two", "noise-10"), ("two", "noise-25"), ("mean", "noise-10"),
        ("mean", "noise-25")]
    assert [row["method"] for row in rows[:2]] == ["input (noisy)", weights.name]
    # 2304 samples: the mean square of the noise is known to sqrt(2 / 2304) = 3 %, which is 0.13 dB.
    assert rows[0]["psnr"] == pytest.approx(-20 * np.log10(10 / 255), abs=0.5)
    assert rows[9]["psnr"] == pytest.approx((rows[1]["psnr"] + rows[5]["psnr"]) / 2)
    assert main([*command, "--markdown"]) == 0
    printed = capsys.readouterr().out
    assert f"| clip | input (noisy) | {weights.name} |\n| --- | ---: |" in printed
    assert "denoise: noise-10 (not clipped)" in printed and "| overshoot % | " in printed
    one_line(capsys, main([*command, "--frames", "0"]), "got 0")
    one_line(capsys, main(["score", "denoise", str(tmp_path / "empty"), "--weights", str(weights)]), "does not exist")
    one_line(capsys, main(["score", "sr", str(tmp_path / "clips"), "--weights", str(weights)]), "is for denoise")
    one_line(capsys, main(["score", "all", str(tmp_path / "clips"), "--weights", str(weights)]), "name one task")
    one_line(capsys, main(["demo", "--task", "sr", "--weights", str(weights)]), "is for denoise")


def test_models_and_info(capsys, weights, clip):
    assert main(["models", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows.keys() == zoo.MODELS.keys()
    assert rows["remonet"]["parameters"] == 809_449  # the authors' network
    assert main(["models"]) == 0
    assert "809,449" in capsys.readouterr().out
    assert main(["info", str(weights), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["config"]["widths"] == [4, 8, 16]
    assert main(["info", str(clip), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["frames"], facts["width"], facts["height"]) == (3, 17, 13)
    assert main(["info"]) == 0
    assert "numba" in capsys.readouterr().out
    one_line(capsys, main(["info", str(clip) + "x"]), "does not exist")


def test_bench_stages(capsys):
    command = ["bench", "--stages", "remonet-t3", "--size", "24x16", "--repeats", "1", "--threads", "1", "--json"]
    assert main(command) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["threads"] == 1
    network = report["networks"][0]
    assert sum(stage["share"] for stage in network["stages"]) == pytest.approx(1)
    # Counted by hand for one output pixel of the first and last layer of a T = 3 network alone: a lower bound.
    assert network["gflop_per_frame"] * 1e9 > 2 * 9 * 16 * (50 + 41) * 24 * 16
    one_line(capsys, main(["bench", "--stages", "nonet"]), "no model 'nonet'")


def test_the_reference_page_is_what_the_program_says():
    """Repair with: python tools/write_cli_reference.py."""
    command = [sys.executable, "tools/write_cli_reference.py", "--check"]
    assert subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}).returncode == 0


def test_ci_runs_the_command_of_the_readme():
    readme = (ROOT / "README.md").read_text()
    commands = [line for line in readme.splitlines() if line.startswith("python3 -m venv")]
    assert len(commands) == 2
    assert "refvr demo" in commands[0]
    assert "pytest" in commands[1]
    shown = subprocess.run([ROOT / ".ci" / "run", "--show"], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == commands[1]


def test_numbers_out_of_range_are_refused(capsys, weights, clip, tmp_path):
    one_line(capsys, restore(weights, clip, tmp_path / "out.npy", "--threads", 0), "threads: got 0")
    one_line(capsys, main(["demo", "--size", "0x9"]), "448x256")
    one_line(capsys, main(["demo", "--frames", "0", "--weights", str(weights)]), "got 0 frames")
    one_line(capsys, main(["demo", "--sigma", "nan", "--weights", str(weights)]), "sigma nan")
    one_line(capsys, main(["bench", "remonet-t3", "--size", "8x8", "--repeats", "0"]), "repeats: got 0")


def test_json_has_no_infinity(capsys):
    print_json({"psnr": [float("inf"), 30.5], "name": "x", "none": None})
    assert json.loads(capsys.readouterr().out) == {"psnr": [None, 30.5], "name": "x", "none": None}


def test_a_fault_of_ours_is_no_verdict(capsys, monkeypatch):
    def broken(args):
        raise KeyError("frame0")

    monkeypatch.setattr("refvr.cli.compare.run", broken)
    assert main(["compare", "trace.h5", "mine.npz"]) == 70
    out, err = capsys.readouterr()
    assert not out and "Traceback" in err and err.splitlines()[-1].startswith("refvr: a fault of refvr")
