"""A stated memory: kept to by bands of rows with the same bytes, or refused before the first frame."""
from __future__ import annotations

import subprocess
import sys
import time
import weakref

import hashes
import numpy as np
import pytest

import refvr
from refvr import zoo
from refvr.cli.main import main
from refvr.errors import InputError
from refvr.media.clip import Frame
from refvr.pipeline import memory as pipeline_memory
from refvr.pipeline.drivers import restore_clip, restore_frames
from refvr.pipeline.memory import (
    READER,
    available,
    checked_size,
    kept_to,
    laid_out,
    largest_size,
    left_for_values,
    parsed,
)
from refvr.plan.memory import TooLarge, current_limit, memory
from refvr.plan.stream import Stream


@pytest.mark.parametrize("name", ["remonet", "remonet, plain", "fastdvdnet", "duf x2", "duf x3", "edvr", "stfan",
                                  "stfan-seed"])
@pytest.mark.parametrize("files", [False, True])
def test_a_clip_in_little_memory_has_the_bytes_of_the_clip(name, files, monkeypatch):
    subject, ran = hashes.SUBJECTS[name], []
    net, clip = subject.network(), hashes.clip(3, 52, 20)
    expected = [y.tobytes() for y in restore_frames(clip, net, **subject.told)]
    run = Stream.run
    monkeypatch.setattr(Stream, "run", lambda self, *inputs: ran.append(self) or run(self, *inputs))
    monkeypatch.setattr("refvr.plan.memory.fitting", lambda graph, most, files, results: Stream(
        graph, 8, files=files, results=results))
    monkeypatch.setattr("refvr.plan.schedule.LITTLE", 1)
    with memory(1, files=files), refvr.threads(2):
        found = [y.tobytes() for y in restore_frames(clip, net, **subject.told)]
    assert found == expected and ran


@pytest.mark.parametrize("name", ["remonet", "fastdvdnet", "edvr", "stfan", "duf x2", "safa, half",
                                  "safa, chosen"])
def test_what_is_laid_out_for_the_least_memory_is_enough_for_the_run(name, monkeypatch):
    monkeypatch.setattr("refvr.plan.schedule.LITTLE", 1 << 15)   # some maps lie in files, some do not
    subject, clip = hashes.SUBJECTS[name], hashes.clip(2, 52, 20)
    net = subject.network()
    with pytest.raises(TooLarge) as refused:
        laid_out(net, 52, 20, 1)
    with kept_to(net, 52, 20, refused.value.needs + 1), refvr.threads(2):
        assert next(iter(restore_frames(clip, net, **subject.told))).size


def test_larger_frames_never_need_less_than_smaller_ones():
    net, needs = zoo.build("safa-s-moved"), []
    for h in (90, 360, 720, 1080):
        with pytest.raises(TooLarge) as refused:
            laid_out(net, h, h * 16 // 9, 1)
        needs.append(refused.value.needs)
    assert needs == sorted(needs) and needs[1] < 600 << 20


def test_every_model_is_laid_out_within_four_gigabytes():
    """Published ones at 1920x1080, our small ones, whose weights are embedded, at 3840x2160."""
    for name, row in zoo.MODELS.items():
        h, w = (2160, 3840) if row.weights else (1080, 1920)
        assert laid_out(zoo.build(name), h, w, 4 << 30, lowest=True).peak <= 4 << 30, name


@pytest.mark.parametrize("name", ["duf-s-x4", "stfan-s", "edvr-s-x4", "fastdvdnet"])
def test_a_size_absurd_in_one_direction_is_refused_at_once(name):
    """Bands of any height are alike, and no rule looks at every row: it takes a second of the processor at most."""
    net, started = zoo.build(name), time.process_time()
    for h, w in ((2, 99_999_999), (99_999_999, 2), (1_000_003, 130)):
        with pytest.raises(InputError, match=r"([1-9]\d*x[1-9]\d*|no size) would fit"):
            checked_size(net, h, w, 1 << 30)
    assert time.process_time() - started < 10


@pytest.mark.parametrize("name", ["remonet-s", "duf-s-x2", "duf-52-x4", "edvr-l-x4", "stfan", "fastdvdnet", "safa-s"])
def test_every_network_is_laid_out_for_plenty_and_refused_for_nothing(name):
    net = zoo.build(name)
    assert not any(isinstance(schedule, Stream) for schedule in laid_out(net, 40, 72, 8 << 30).schedules)
    with pytest.raises(TooLarge):
        laid_out(net, 40, 72, 1 << 20)
    assert largest_size(net, 40, 72, 1 << 20) is None


def test_a_size_that_fits_is_found_however_large_the_one_that_was_asked_for():
    """Below a sixteenth of its sides, too, and for strips of a pixel's height."""
    net, most = zoo.build("edvr-s-x4"), 500 << 20
    h, w = largest_size(net, 16384, 16384, most)
    assert 256 < h == w < 1024 and laid_out(net, h, w, most).peak <= most
    assert 0 < largest_size(net, 1, 1 << 26, most)[1] < 1 << 26


def test_what_cannot_fit_is_refused_with_the_size_that_would(tmp_path, capsys, monkeypatch):
    source, target = tmp_path / "in.npy", tmp_path / "out.npy"
    np.save(source, np.zeros((1, 600, 1000, 3), np.float32))
    assert main(["restore", str(source), str(target), "--model", "edvr-s-x4", "--memory", "500M"]) == 2
    said = capsys.readouterr().err
    assert "frames of 1000x600 by EDVR need" in said and "would fit" in said and said.count("\n") == 1
    assert main(["restore", str(source), str(tmp_path / "folder"), "--model", "edvr-s-x4", "--memory", "1k"]) == 2
    assert not target.exists() and not (tmp_path / "folder").exists() and "1.0 kB" in capsys.readouterr().err
    width, height = map(int, said.split("(")[-1].split()[0].split("x"))
    assert laid_out(zoo.build("edvr-s-x4"), height, width, 500 << 20) and width > 100
    monkeypatch.setattr(pipeline_memory, "available", lambda: 200 << 20)
    assert main(["restore", str(source), str(target), "--model", "edvr-s-x4"]) == 2
    assert "75% of what is free" in capsys.readouterr().err


def test_sizes_are_read_as_people_write_them():
    assert [parsed(text) for text in ("2G", "800M", "1.5gb", "1 GiB", "2000000", None, 7)] == [
        2 << 30, 800 << 20, 3 << 29, 1 << 30, 2000000, None, 7]
    for text in ("", "G", "-1G", "0", "two", "1P", "nan"):
        with pytest.raises(InputError, match="such as 800M"):
            parsed(text)
    for text, meant in ("10", "10G"), ("1.5 b", "1.5G"), ("1024", "1024G"), ("2048", "2048M"), ("1000000", "1000000k"):
        with pytest.raises(InputError, match=rf"without a unit are bytes; .* \(was {meant} meant\?\)"):
            parsed(text)
    assert available() is None or available() > 1 << 20


def test_without_a_stated_memory_three_quarters_of_the_free_are_taken(monkeypatch):
    net = zoo.build("remonet-s")
    monkeypatch.setattr(pipeline_memory, "available", lambda: 4 << 30)
    with kept_to(net, 64, 64, None):
        assert current_limit().most == left_for_values(net, 64, 64, 3 << 30)
    monkeypatch.setattr(pipeline_memory, "available", lambda: None)
    with kept_to(net, 64, 64, None):
        assert current_limit().most is None


def pictures_there(net, rate):
    """The most frames of the input that somebody refers to while a clip is restored."""
    seen, most = [], 0

    def frames():
        nonlocal most
        for picture in hashes.clip(4, 9, 13):
            rgb = picture.copy()
            seen.append(weakref.ref(rgb))
            yield Frame(rgb)
            del rgb
            most = max(most, sum(picture() is not None for picture in seen))

    for _ in restore_clip(frames(), net, rate=rate, routing="half"):
        pass
    return most


def test_a_frame_that_is_read_ahead_for_a_rate_is_counted():
    net, other = (hashes.SUBJECTS[name].network() for name in ("safa, half", "edvr"))
    assert pictures_there(net, "5/2") == pictures_there(net, 2) + 1
    taken = [left_for_values(each, 9, 13, 1 << 30) - left_for_values(each, 9000, 13, 1 << 30) for each in (net, other)]
    assert taken[0] / taken[1] == pytest.approx((READER + 1) / READER, rel=1e-3)


def test_what_a_writer_takes_is_counted_before_the_first_frame(tmp_path, capsys):
    source = tmp_path / "in.npy"
    np.save(source, np.zeros((2, 96, 128, 3), np.float32))
    told = ["--model", "duf-s-x4", "--memory", "380M"]
    assert main(["restore", str(source), str(tmp_path / "out"), *told]) == 0
    assert main(["restore", str(source), str(tmp_path / "out.mp4"), *told]) == 2
    assert "would fit; a folder of images takes less than this writer" in capsys.readouterr().err
    assert not (tmp_path / "out.mp4").exists() and not (tmp_path / "out.mp4.part").exists()


RUN = """
import sys, numpy as np
from refvr import zoo
from refvr.pipeline.drivers import restore_frames
from refvr.pipeline.memory import kept_to
name, h, w, most, ensemble = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5] == "True"
net = zoo.build(name).init(np.random.default_rng(1))
clip = (np.random.default_rng(2).random((h, w, 3), np.float32) for _ in range(14 if ensemble else 2))
told = {"sigma": 25.0} if name in ("fastdvdnet", "remonet-s-told") else {}
with kept_to(net, h, w, most, ensemble=ensemble):
    for y in restore_frames(clip, net, ensemble=ensemble, **told):
        del y
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


@pytest.mark.long
@pytest.mark.parametrize("name, h, w, most, ensemble", [
    ("duf-s-x4", 540, 960, "800M", False), ("remonet-s", 1080, 1920, "1400M", False),
    ("stfan-s", 1080, 1920, "1200M", False), ("fastdvdnet", 720, 1280, "900M", False),
    ("remonet-s-told", 360, 640, "550M", True), ("stfan-s", 360, 640, "530M", True),
    ("edvr-s-x4", 180, 320, "450M", True)])
def test_a_whole_run_stays_within_its_memory(name, h, w, most, ensemble):
    done = subprocess.run([sys.executable, "-c", RUN, name, str(h), str(w), most, str(ensemble)], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) * 1024 <= parsed(most)
