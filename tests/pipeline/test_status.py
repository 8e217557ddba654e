"""How far a run is, in a file beside its parts: what is written there, how often, and what is read from it."""
import json
from types import SimpleNamespace

import numpy as np
import pytest

from refvr.errors import InputError, OutputError
from refvr.media.lock import lock, unlock
from refvr.media.part_names import LOCK, RECORD
from refvr.media.stored_pieces import stored_name
from refvr.pipeline import status
from refvr.pipeline.restore import restore
from refvr.pipeline.status import EVERY_S, NAME, Share, StatusFile, read_status


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run whose clock and writer the test moves: 100 frames, cuts at 10 and 40."""
    folder = tmp_path / "out.mkv.part"
    folder.mkdir()
    (folder / RECORD).touch()
    found = SimpleNamespace(now=50.0, out=tmp_path / "out.mkv", folder=folder, writer=SimpleNamespace(
        written=0, part=SimpleNamespace(path=folder, file=lambda name: folder / name)))
    clock = SimpleNamespace(monotonic=lambda: found.now, time=lambda: 1000 + found.now)
    monkeypatch.setattr(status, "time", clock)

    def begun(total=100, cuts=(10, 40), rate=1):
        found.file = StatusFile(found.writer, total, cuts, {"rate": rate})

    def later(seconds, written, **look):
        found.now, found.writer.written = found.now + seconds, written
        found.file.look(**look)

    found.begun, found.later = begun, later
    return found


def told(run):
    return json.loads((run.folder / NAME).read_text())


def test_what_is_written_is_read(run):
    run.begun()
    run.file.status.workers["host:7"] = Share(12, 3.5)
    run.file.status.failed = 2
    run.later(8, 20)
    assert read_status(run.out) == status.Status(20, 100, (1, 3), 0, 2.5, 32.0, {"host:7": Share(12, 3.5)}, 2, 1058.0,
                                                 alive=False)


def test_the_rate_is_of_this_run_and_counts_what_lies_ahead(run):
    """40 frames are those of an earlier run; 10 are restored, and not yet written."""
    run.writer.written = 40
    run.begun()
    run.file.status.ahead = 10
    run.later(5, 50)
    assert (told(run)["rate"], told(run)["left_s"]) == (4.0, 10.0)
    run.later(5, 130)    # more than was said
    assert told(run)["left_s"] == 0


def test_before_the_first_frame_there_is_no_rate_and_without_a_total_no_end(run):
    run.begun(total=None, cuts=None)
    run.later(5, 0)
    assert told(run)["rate"] is told(run)["left_s"] is told(run)["shots"] is None
    run.later(5, 20)
    assert told(run)["rate"] == 2.0 and told(run)["left_s"] is None


@pytest.mark.parametrize("written, rate, shots", [(9, 1, 0), (10, 1, 1), (39, 1, 1), (40, 1, 2), (100, 1, 2),
                                                  (19, 2, 0), (20, 2, 1), (80, 2, 2)])
def test_shots_that_are_finished(run, written, rate, shots):
    """Of a rate above one, frames of the output are more than those that cuts count."""
    run.begun(rate=rate)
    run.later(5, written)
    assert read_status(run.out).shots == (shots, 3)


def test_it_is_written_every_two_seconds_and_where_there_is_a_reason(run):
    run.begun()
    run.later(1, 1)
    assert told(run)["frames"] == 1        # the first time at once
    run.later(EVERY_S - 0.1, 2)
    assert told(run)["frames"] == 1
    run.later(0.1, 3)
    assert told(run)["frames"] == 3
    run.later(0.1, 4, piece=True)
    assert told(run)["frames"] == 4
    run.later(0.1, 5, ended=True)
    assert told(run)["frames"] == 5


def test_what_goes_to_a_pipe_has_none_nor_what_ended_before_anything_was_finished(run):
    run.begun()
    run.writer.part.path = run.folder / "gone"
    run.later(5, 0, ended=True)
    run.writer.part = None
    run.later(5, 20, ended=True)
    assert not (run.folder / NAME).exists()


def test_a_full_disk_is_no_reason_to_stop_and_is_left_alone_for_a_while(run, monkeypatch):
    tries = []

    def full(path, data):
        tries.append(path)
        raise OutputError("no space left")

    monkeypatch.setattr(status, "write_bytes", full)
    run.begun()
    run.later(5, 1)
    run.later(10 * EVERY_S, 2)
    assert len(tries) == 1
    run.later(EVERY_S, 3)
    assert len(tries) == 2


def test_a_run_that_lives_is_told_from_one_that_was_stopped(run):
    run.begun()
    run.later(5, 20)
    number = lock(run.folder / LOCK)
    assert read_status(run.out).alive
    unlock(number)
    assert not read_status(run.out).alive


def test_pieces_that_workers_have_finished_since_are_counted(run):
    """But for what of them is written already."""
    run.begun()
    run.later(5, 20)
    for start, stop in ((15, 25), (30, 48), (0, 10)):
        (run.folder / stored_name(start, stop, ".mkv")).touch()
    assert read_status(run.out).ahead == 5 + 18


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"workers": {}}', '{"workers": {"a": {"frame": 1}}, "shots": null}',
                                  '{"workers": {}, "shots": 3}', '{"workers": {}, "shots": null, "more": 1}'])
def test_a_damaged_file_is_named(run, text):
    (run.folder / NAME).write_text(text)
    with pytest.raises(InputError, match=r"status.json is damaged .*--resume writes it anew"):
        read_status(run.out)


def test_what_is_said_where_no_run_has_told_how_far_it_is(run, tmp_path):
    with pytest.raises(InputError, match="was left by a run that had only begun.*--resume goes on"):
        read_status(run.out)
    number = lock(run.folder / LOCK)
    with pytest.raises(InputError, match="has only begun; it says how far it is after its first frames"):
        read_status(run.out)
    unlock(number)
    for name, says in (("none.mkv", "there is no such file, either"), ("other.mkv", "a file is there, made by a run"),
                       ("folder", "a folder is there, made by a run")):
        (tmp_path / "other.mkv").touch()
        (tmp_path / "folder").mkdir(exist_ok=True)
        with pytest.raises(InputError, match=f"no run of refvr is known on .*{name}; {says}"):
            read_status(tmp_path / name)


def test_the_status_of_a_stopped_run_is_that_of_its_end(tmp_path):
    np.save(tmp_path / "film.npy", np.random.default_rng(3).random((11, 12, 8, 3), np.float32))

    def progress(done, total):
        if done == 7:   # long before the next regular look
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="kept 7 finished frames"):
        restore(tmp_path / "film.npy", tmp_path / "out.npy", model="duf-s-x4", progress=progress)
    found = read_status(tmp_path / "out.npy")
    assert (found.frames, found.total, found.alive) == (7, 11, False)
