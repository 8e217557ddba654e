"""A film in pieces: the same bits, however it is divided."""
import os
import shutil
import subprocess
import tempfile
from fractions import Fraction

import numpy as np
import pytest
from restoring import Stop

from refvr.cli.main import main
from refvr.errors import InputError, OutputError
from refvr.media.clip import Frame
from refvr.media.lock import lock, unlock
from refvr.media.part_names import LOCK, in_use
from refvr.pipeline.film import crew as crews
from refvr.pipeline.film import worker as working
from refvr.pipeline.film.cluster import Missing
from refvr.pipeline.film.pieces import restore_piece
from refvr.pipeline.film.scratch import scratch
from refvr.pipeline.restore import restore


@pytest.fixture(scope="module")
def scheduler():
    """A dask scheduler and a worker, all in this process."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as found:
        yield found


def test_a_cluster_gives_the_bytes_of_one_run(film, tmp_path, scheduler):
    for options in ({"model": "stfan-s", "cuts": [4]}, {"model": "remonet-s-told", "sigma": 20},
                    {"model": "stfan-s", "start": 2, "frames": 7}):
        restore(film, tmp_path / "one.npy", **options)
        report = restore(film, tmp_path / "out.npy", **options, workers=scheduler.scheduler_address, piece=3)
        assert report.frames == len(np.load(tmp_path / "one.npy"))
        assert (tmp_path / "out.npy").read_bytes() == (tmp_path / "one.npy").read_bytes()
        assert not (tmp_path / "out.npy.part").exists()


@pytest.mark.parametrize("bad", [0, 6])
def test_a_piece_that_fails_is_named_and_done_later(film, tmp_path, scheduler, monkeypatch, bad):
    tried = []

    def breaks(frames, net, options, cuts, piece):
        tried.append(piece.start)
        if piece.start == bad:
            raise ZeroDivisionError("on purpose")
        return restore_piece(frames, net, options, cuts, piece)

    options = {"model": "duf-s-x4", "workers": scheduler.scheduler_address, "piece": 3}
    monkeypatch.setattr(working, "restore_piece", breaks)
    says = rf"frames {bad} to {bad + 2} could not be restored in 3 tries \(ZeroDivisionError: on purpose"
    with pytest.raises(Missing, match=says) as error:
        restore(film, tmp_path / "out.npy", **options)
    assert error.value.exit_status == 3 and tried.count(bad) == 3
    tried.clear()
    monkeypatch.setattr(working, "restore_piece", lambda *a: tried.append(a[-1].start) or restore_piece(*a))
    report = restore(film, tmp_path / "out.npy", **options, resume=True)
    assert tried == [bad] and report.resumed == bad
    restore(film, tmp_path / "one.npy", model="duf-s-x4")
    assert (tmp_path / "out.npy").read_bytes() == (tmp_path / "one.npy").read_bytes()


def test_workers_that_are_refused_are_named(film, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    said = []

    def say(line):
        said.append(line)
        if "waiting" in line:
            raise Stop

    monkeypatch.setattr(working, "version", lambda: "0.0.9")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False,
                                  dashboard_address=":0") as other, pytest.raises(Stop):
        restore(film, tmp_path / "out.npy", model="stfan-s", workers=other.scheduler_address, say=say)
    assert "is refused: it has refvr 0.0.9" in said[0] and "no workers are there; waiting" in said[1]


@pytest.fixture
def full(tmp_path):
    """A disk that is full soon."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", folder], capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_loses_nothing(full, tmp_path, scheduler):
    """That of the folder, which is everybody's: the work ends with what is finished, and goes on when there is room."""
    np.save(tmp_path / "film.npy", np.random.default_rng(3).random((12, 64, 96, 3), np.float32))   # 12 frames: 0.9 MB
    options = {"model": "remonet-s", "workers": scheduler.scheduler_address, "piece": 5}

    def fill(done, total):
        if done == 1:
            (full / "other").write_bytes(bytes(shutil.disk_usage(full).free - (50 << 10)))

    with pytest.raises(OutputError, match="room"):   # for a piece, or for the frames
        restore(tmp_path / "film.npy", full / "out.npy", **options, progress=fill)
    (full / "other").unlink()
    restore(tmp_path / "film.npy", full / "out.npy", **options, resume=True)
    restore(tmp_path / "film.npy", tmp_path / "one.npy", model="remonet-s")
    assert (full / "out.npy").read_bytes() == (tmp_path / "one.npy").read_bytes()


def test_a_worker_without_room_is_named_and_its_pieces_are_done_elsewhere(film, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    real, said, did = working.store, [], []

    def full(path, frames):
        from distributed import get_worker
        if get_worker().name == 0:
            raise OutputError("no space left", fix="free some")
        did.append(get_worker().name)
        return real(path, frames)

    monkeypatch.setattr(working, "store", full)
    monkeypatch.setattr(working, "_open", None)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0") as two:
        restore(film, tmp_path / "out.npy", model="duf-s-x4", cuts=range(1, 11), workers=two.scheduler_address,
                say=said.append)
    assert set(did) == {1} and len(did) == 11
    assert sum("could not write a piece" in line for line in said) == 3
    assert sum("is refused: 3 pieces" in line for line in said) == 1
    restore(film, tmp_path / "one.npy", model="duf-s-x4", cuts=range(1, 11))
    assert (tmp_path / "out.npy").read_bytes() == (tmp_path / "one.npy").read_bytes()


def test_a_worker_that_finds_out_late_that_it_cannot_is_let_go(film, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    said = []

    def say(line):
        said.append(line)
        if "waiting" in line:
            raise Stop

    real = working.weights_of
    monkeypatch.setattr(working, "weights_of", lambda net: "other")
    monkeypatch.setattr(working, "_open", None)
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False,
                                  dashboard_address=":0") as other, pytest.raises(Stop):
        restore(film, tmp_path / "out.npy", model="stfan-s", workers=other.scheduler_address, say=say)
    assert "is refused: its weights are other" in said[0] and "no workers are there; waiting" in said[1] and real


def test_processes_of_this_machine(film, tmp_path):
    """The command with real workers, of a clip of one frame too."""
    pytest.importorskip("distributed")
    restore(film, tmp_path / "one.npy", model="stfan-s", frames=1)
    assert main(["restore", str(film), str(tmp_path / "out.npy"), "--model", "stfan-s", "--frames", "1",
                 "--workers", "1"]) == 0
    assert (tmp_path / "out.npy").read_bytes() == (tmp_path / "one.npy").read_bytes()


def test_temporary_files_of_a_run_are_removed_and_those_of_a_killed_one_later(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed, lives, other = (tmp_path / f"refvr-workers-{name}" for name in ("killed", "lives", "other"))
    for path in (killed, lives, other):
        path.mkdir()
    for path in (killed, lives):
        unlock(lock(path / LOCK))
        os.utime(path / LOCK, (0, 0))
    number = os.open(lives / LOCK, os.O_RDWR)
    fcntl = pytest.importorskip("fcntl")
    fcntl.flock(number, fcntl.LOCK_EX)
    with scratch() as folder:
        assert {p.name for p in tmp_path.iterdir()} == {lives.name, other.name, folder.name} and in_use(folder)
    os.close(number)
    assert not folder.exists()
    pytest.importorskip("distributed")
    with crews.crew(1):
        assert len(list(tmp_path.iterdir())) == 2   # of a run that lives, or may be about to
    assert [path.name for path in tmp_path.iterdir()] == [other.name]


def test_one_picture_is_restored_without_workers(film, tmp_path):
    said = []
    for name in ("one.png", "one.tif", "one.exr"):
        restore(film, tmp_path / name, model="duf-s-x4", frames=1)
        before = (tmp_path / name).read_bytes()
        restore(film, tmp_path / name, model="duf-s-x4", frames=1, workers=2, piece=3, say=said.append)
        assert (tmp_path / name).read_bytes() == before
    assert len(said) == 3 and "one.png is one picture" in said[0]


def test_the_status_tells_who_has_done_what(film, tmp_path, scheduler, monkeypatch, capsys):
    from refvr.pipeline import status
    monkeypatch.setattr(status, "EVERY_S", 0)
    out = tmp_path / "out.npy"
    with pytest.raises(InputError, match="no run of refvr is known on .*no such file"):
        status.read_status(out)

    def progress(done, total):
        if done == 7:
            assert status.read_status(out).alive
            raise Stop

    with pytest.raises(Stop):
        restore(film, out, model="duf-s-x4", cuts=[4], workers=scheduler.scheduler_address, piece=3, progress=progress)
    told = status.read_status(out)
    assert (told.frames, told.total, told.shots, told.alive) == (6, 11, (1, 2), False)
    assert sum(share.frames for share in told.workers.values()) >= 7
    assert main(["status", str(out)]) == 0
    said = capsys.readouterr().out
    assert "6 of 11 frames, 1 of 2 shots" in said and "stopped at" in said and "s a frame" in said
    assert main(["status", str(out), "--json"]) == 0
    (tmp_path / "out.npy.part" / "status.json").write_text('{"frames": 1}')
    assert main(["status", str(out)]) == 2
    (tmp_path / "out.npy.part" / "status.json").unlink()
    with pytest.raises(InputError, match="left by a run that had only begun"):
        status.read_status(out)
    restore(film, out, model="duf-s-x4", cuts=[4], resume=True)
    with pytest.raises(InputError, match="no run of refvr is known on .*made by a run that is over"):
        status.read_status(out)


def test_times_of_a_variable_rate_are_those_of_one_run(tmp_path, scheduler):
    from refvr.media import ClipInfo, open_reader, open_writer
    info = ClipInfo(16, 12, fps=Fraction(25), time_base=Fraction(1, 1000), kind="video")
    with open_writer(tmp_path / "in.mkv", info, codec="ffv1") as out:
        clip = np.random.default_rng(3).random((8, 12, 16, 3), np.float32)
        for pts, rgb in zip((0, 40, 47, 300, 301, 555, 600, 1200), clip):
            out.write(Frame(rgb, pts, Fraction(1, 1000)))
    options = {"model": "safa-s", "rate": 2, "cuts": [3], "codec": "ffv1"}
    restore(tmp_path / "in.mkv", tmp_path / "one.mkv", **options)
    restore(tmp_path / "in.mkv", tmp_path / "out.mkv", **options, workers=scheduler.scheduler_address, piece=2)
    assert (tmp_path / "out.mkv").read_bytes() == (tmp_path / "one.mkv").read_bytes()
    with open_reader(tmp_path / "out.mkv") as clip:
        times = [frame.pts * frame.time_base for frame in clip]
    assert len(times) == 15 and times[::2] == [Fraction(k, 1000) for k in (0, 40, 47, 300, 301, 555, 600, 1200)]
