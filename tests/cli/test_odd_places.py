"""Outputs and inputs with odd names, pipes, links, and a second run: right, or one line; never a hang, nothing lost."""
import os
import subprocess
import sys
import threading

import media_clips
import numpy as np
import pytest

from refvr.errors import InputError, OutputError
from refvr.media import ClipInfo, Frame, open_reader, open_writer, pipes
from refvr.media.part_folder import Job

H, W = 16, 32


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(pipes, "PATIENCE_S", 0.2)


def write(path, count=2, source=None, **options):
    with open_writer(path, ClipInfo(W, H, source=source and str(source)), **options) as out:
        for k in range(count):
            out.write(Frame(np.full((H, W, 3), k / 9, np.float32)))
    return out


def names(folder):
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("name", ["http:x.mkv", "a:b.mp4", "-x.mkv", "n" * 246 + ".mkv", "é" * 125 + ".npy",
                                  "m" * 247 + ".y4m", "[1].png", "%.mkv"])
def test_names_that_look_like_something_else(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write(name, 1)
    assert names(tmp_path) == [name]
    if "[" not in name:
        with open_reader(name) as clip:
            assert len(list(clip)) == 1


def test_a_name_that_no_file_system_takes(tmp_path):
    with pytest.raises(OSError, match="name"):
        write(tmp_path / ("m" * 260 + ".mkv"))
    assert names(tmp_path) == []


@pytest.mark.parametrize("source", ["v.part.mkv", "v.mkv.part", "v.partial.mkv"])
def test_the_input_is_never_in_the_way(tmp_path, source):
    target = "v.mkv"
    media_clips.write(tmp_path / "made.mkv", media_clips.noise(2, H, W), "ffv1", "bgr0")
    os.replace(tmp_path / "made.mkv", tmp_path / source)
    before = (tmp_path / source).read_bytes()
    write(tmp_path / target, source=tmp_path / source)
    assert (tmp_path / source).read_bytes() == before and names(tmp_path) == sorted([source, target])


@pytest.mark.parametrize("name", ["out.mkv", "out.npy", "out.png"])
def test_no_link_is_followed(tmp_path, name):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_bytes(b"1")
    (tmp_path / f"{name}.part").symlink_to(tmp_path / "precious")
    (tmp_path / "other").write_bytes(b"2")
    (tmp_path / name).symlink_to(tmp_path / "other")
    write(tmp_path / name, 1)
    assert names(tmp_path / "precious") == ["file"] and (tmp_path / "other").read_bytes() == b"2"
    assert (tmp_path / name).is_file() and not (tmp_path / name).is_symlink()


@pytest.mark.parametrize("name", ["out.mkv", "out.npy", "out.h5", "out.y4m", "folder"])
def test_a_second_run_is_refused(tmp_path, name):
    with open_writer(tmp_path / name, ClipInfo(W, H)) as out:
        out.write(Frame(np.zeros((H, W, 3), np.float32)))
        for job in (None, Job(resume=True)):
            with pytest.raises(OutputError, match=f"is being written by process {os.getpid()}; expected one run"):
                open_writer(tmp_path / name, ClipInfo(W, H), job=job)
    assert names(tmp_path) == [name]


def test_the_lock_of_a_dead_process_is_not_in_the_way(tmp_path):
    code = ("import os, sys, numpy as np; from refvr.media import *\n"
            f"out = open_writer(sys.argv[1], ClipInfo({W}, {H}))\n"
            f"out.write(Frame(np.zeros(({H}, {W}, 3), np.float32)))\nos.kill(os.getpid(), 9)")
    subprocess.run([sys.executable, "-c", code, tmp_path / "out.npy"])
    assert names(tmp_path) == ["out.npy.part"]
    assert np.load(tmp_path / "out.npy.part" / "frames.npy").shape == (1, H, W, 3)
    out = write(tmp_path / "out.npy")
    assert names(tmp_path) == ["out.npy", "out.npy.part1"]
    aside = tmp_path / "out.npy.part1"
    assert out.warnings == [f"finished frames of an earlier run are now in {aside}; --resume would have continued it"]


def test_a_folder_that_is_somebody_elses(tmp_path):
    (tmp_path / "out.npy.part").mkdir()
    (tmp_path / "out.npy.part" / "letter.txt").write_text("mine")
    write(tmp_path / "out.npy")
    assert names(tmp_path) == ["out.npy", "out.npy.part"] and names(tmp_path / "out.npy.part") == ["letter.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_pipes(tmp_path):
    pipe = tmp_path / "pipe.y4m"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="nobody reads the pipe"):
        write(pipe)
    with pytest.raises(InputError, match="nobody writes to the pipe"):
        open_reader(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write(pipe)
    reader.join()
    write(tmp_path / "same.y4m")
    assert got == [(tmp_path / "same.y4m").read_bytes()]
    writer = threading.Thread(target=lambda: pipe.write_bytes(got[0]))
    writer.start()
    with open_reader(pipe) as clip:
        assert len(list(clip)) == 2
    writer.join()
    os.rename(pipe, tmp_path / "pipe.mkv")
    with pytest.raises(OutputError, match="is a device or a pipe; expected a file name"):
        write(tmp_path / "pipe.mkv")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no such device here")
def test_devices_are_left_alone(tmp_path):
    for name in ("null", "full"):
        (tmp_path / f"{name}.mkv").symlink_to(f"/dev/{name}")
        with pytest.raises(OutputError, match="is a device or a pipe"):
            write(tmp_path / f"{name}.mkv")
        assert not os.path.isfile(f"/dev/{name}")


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_closed_and_full_standard_streams(tmp_path):
    np.save(tmp_path / "in.npy", np.random.default_rng(0).random((2, 8, 8, 3), np.float32))
    command = f"cd '{tmp_path}' && '{sys.executable}' -m refvr restore in.npy"
    run = subprocess.run(["sh", "-c", f"{command} a.mkv <&- >&- 2>&-; echo $?; {command} - >&-; echo $?; "
                          f"{command} - >/dev/full; echo $?"], capture_output=True, text=True)
    assert run.stdout.split() == ["0", "2", "2"]
    assert "standard output is closed" in run.stderr and "No space left" in run.stderr
    assert "Traceback" not in run.stderr and names(tmp_path) == ["a.mkv", "in.npy"]
    with open_reader(tmp_path / "a.mkv") as clip:
        assert len(list(clip)) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_signals_are_one_line_and_keep_what_is_finished(tmp_path, name):
    code = ("import os, signal, sys; from refvr.media import writer\nfrom refvr.cli.main import main\n"
            "signal.signal(signal.SIGINT, signal.default_int_handler); write = writer.Writer.write\n"
            f"signal.signal(signal.{name}, signal.SIG_DFL)\n"   # the tests may run under nohup
            "def stopped(self, frame):\n    write(self, frame)\n"
            f"    if self.written == 3: os.kill(os.getpid(), signal.{name})\n"
            "writer.Writer.write = stopped; sys.exit(main())")
    np.save(tmp_path / "in.npy", np.random.default_rng(0).random((6, 16, 16, 3), np.float32))
    run = subprocess.run([sys.executable, "-c", code, "restore", tmp_path / "in.npy", tmp_path / "out.mp4"],
                         capture_output=True, text=True)
    last = run.stderr.splitlines()[-1]
    assert run.returncode == 130 and "Traceback" not in run.stderr
    assert last.startswith("refvr: stopped; kept 3 finished frames in") and last.endswith("--resume goes on after 3")
    with open_reader(tmp_path / "out.partial.mp4") as clip:
        assert len(list(clip)) == 3
