"""Workers are killed at random moments, and so is the process that joins: the file is that of one run.

Seven minutes on two cores: python -m pytest -m long tests/pipeline/film/test_killed.py
"""
import random
import signal
import subprocess
import sys
import threading
import time

import media_clips
import numpy as np
import pytest
from rendered import scene

from refvr.media import open_reader
from refvr.pipeline.film.cluster import Missing
from refvr.pipeline.restore import restore

psutil = pytest.importorskip("psutil")
pytest.importorskip("distributed")
pytestmark = pytest.mark.long
OPTIONS = {"model": "remonet-s", "cuts": "auto", "codec": "ffv1"}


@pytest.fixture
def film(tmp_path):
    lengths = [20, 13, 31] * 3
    clip = np.concatenate([scene(k, n) for k, n in enumerate(lengths)])
    return media_clips.write(tmp_path / "film.mkv", np.rint(clip * 255).astype(np.uint8), "ffv1", "bgr0", sound=True)


def workers_below(process):
    """The processes that restore: below a nanny each."""
    nannies = [child for child in process.children() if "worker" in child.cmdline()]
    return [child for nanny in nannies for child in nanny.children() if "spawn_main" in " ".join(child.cmdline())]


class Killer(threading.Thread):
    """Kills a worker of this process now and then."""

    def __init__(self, kills):
        super().__init__(daemon=True)
        self.left, self.draw, self.stopped = kills, random.Random(1), False

    def run(self):
        while self.left and not self.stopped:
            time.sleep(self.draw.uniform(0.5, 9))
            try:
                found = workers_below(psutil.Process())
                if found:
                    self.draw.choice(found).send_signal(signal.SIGKILL)
                    self.left -= 1
            except psutil.Error:   # gone by itself
                continue


def frames_and_times(path):
    with open_reader(path) as clip:
        return [(frame.rgb.tobytes(), frame.pts * frame.time_base) for frame in clip]


def test_thirty_workers_are_killed(film, tmp_path):
    restore(film, tmp_path / "one.mkv", **OPTIONS)
    killer, rounds = Killer(30), 0
    killer.start()
    while killer.left:   # runs, until so many were killed
        rounds += 1
        resume = False
        while True:
            try:
                restore(film, tmp_path / "out.mkv", **OPTIONS, workers=2, piece=5, resume=resume)
                break
            except Missing:   # one piece had three of them
                resume = True
        assert resume or (tmp_path / "out.mkv").read_bytes() == (tmp_path / "one.mkv").read_bytes()
        assert frames_and_times(tmp_path / "out.mkv") == frames_and_times(tmp_path / "one.mkv")
    assert rounds < 60   # a quick machine ends many runs before one of their workers is killed
    assert sorted(p.name for p in tmp_path.iterdir()) == ["film.mkv", "one.mkv", "out.mkv"]


def test_the_process_that_joins_is_killed(film, tmp_path):
    restore(film, tmp_path / "one.mkv", **OPTIONS)
    command = [sys.executable, "-m", "refvr", "restore", str(film), str(tmp_path / "out.mkv"), "--model", "remonet-s",
               "--cuts", "auto", "--codec", "ffv1", "--workers", "2", "--piece", "5", "--resume"]
    for seconds in (4, 6, 8, 10):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0
    assert frames_and_times(tmp_path / "out.mkv") == frames_and_times(tmp_path / "one.mkv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["film.mkv", "one.mkv", "out.mkv"]


def test_the_scheduler_is_killed_and_started_again(film, tmp_path):
    restore(film, tmp_path / "one.mkv", **OPTIONS)
    address = "tcp://127.0.0.1:8798"
    started = []

    def start():
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        python = [sys.executable, "-m"]
        started.append(subprocess.Popen([*python, "dask", "scheduler", "--port", "8798", "--no-dashboard"], **quiet))
        started.append(subprocess.Popen([*python, "refvr", "worker", address, "--threads", "1"], **quiet))

    def progress(done, total):
        if done >= 50 and len(started) == 2 and started[0].poll() is None:   # frames of a video come in pieces
            started[0].kill()
            started[0].wait()
            threading.Timer(5, start).start()

    said = []
    start()
    time.sleep(3)
    try:
        restore(film, tmp_path / "out.mkv", **OPTIONS, workers=address, piece=5, progress=progress, say=said.append)
    finally:
        for process in started:
            process.terminate()
    assert any("is gone; waiting" in line for line in said)
    assert (tmp_path / "out.mkv").read_bytes() == (tmp_path / "one.mkv").read_bytes()
