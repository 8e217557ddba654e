"""The command line: help, usage errors, bad input by name, exit statuses. A bad input gives one line, no traceback."""
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from command_lines import one_line
from places import ROOT

from refvr import zoo
from refvr.cli.main import VERBS, main, make_parser
from refvr.cli.table import print_json
from refvr.media.clip import Frame


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


def test_broken_pipe_is_quiet(weights, clip):
    command = [sys.executable, "-m", "refvr", "models"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1


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
