"""Pieces as tasks, and their frames in order: a cluster that does as it is told, in place of dask.

Its workers are names; what a task does is written down for every piece: nothing (it takes as long as it likes), the
frames, or an error. `tests/pipeline/film/test_run.py` has the same with real workers.
"""
import sys
from fractions import Fraction
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from refvr.errors import OutputError
from refvr.media.clip import Frame
from refvr.pipeline.film import cluster
from refvr.pipeline.film.cluster import AHEAD, FORGOTTEN, Film, Missing
from refvr.pipeline.film.pieces import Piece
from refvr.pipeline.film.stored import path_of, store
from refvr.pipeline.film.worker import Changed, Refused
from refvr.pipeline.status import Status

PIECES = [Piece(start, start + 2) for start in range(0, 12, 2)]


def picture(number):
    return Frame(np.full((1, 1, 3), number, np.float32), pts=number, time_base=Fraction(1, 10))


class Future:
    """One task: waits until somebody finishes it."""

    def __init__(self, cluster, piece, workers):
        self.cluster, self.piece, self.workers, self.status, self.answer = cluster, piece, workers, "pending", None

    def done(self):
        return self.status != "pending"

    def result(self):
        return self.answer

    def exception(self):
        return self.answer

    def release(self):
        self.cluster.released.append(self.piece)

    def finish(self, who="a"):
        """The frames, or the error that is planned for this piece."""
        planned = self.cluster.errors.get(self.piece.start, [])
        if planned:
            self.status, self.answer = "error", planned.pop(0)
            return
        path = self.cluster.task.path(self.piece)
        if self.cluster.stores:
            store(path, [picture(k) for k in range(*self.piece)])
        self.status, self.answer = "finished", (who, 1.5)


class Cluster:
    """A crew and its client; `distributed.wait` finishes the task that `chosen` takes from those that wait."""

    def __init__(self, folder, chosen=lambda waiting: waiting[0], workers=("a", "b"), video=None):
        self.task = SimpleNamespace(video=video, folder=str(folder), key="key",
                                    path=lambda piece: path_of(folder, piece))
        self.client, self.own, self.chosen, self.stores = self, [], chosen, True
        self.workers, self.errors, self.refusals = list(workers), {}, {}
        self.submitted, self.released, self.said, self.most = [], [], [], 0
        self.checked, self.cancelled, self.ended, self.came_back, self.forgets = [], None, 0, 0, 0
        self.status = SimpleNamespace(status=Status(), look=lambda: None)

    def film(self, pieces=PIECES, start=0):
        return Film(self, self.task, pieces, start, self.said.append, self.status)

    # the client
    def submit(self, function, task, piece, *, key, priority, workers, allow_other_workers, pure):
        assert priority == -piece.start and not pure and allow_other_workers == bool(workers)
        future = Future(self, piece, workers)
        future.key = key
        self.submitted.append(future)
        return future

    def run(self, function, task, *, workers, on_error):
        return {name: self.refusals.get(name) for name in workers}

    def scheduler_info(self, n_workers):
        return {"workers": dict.fromkeys(self.workers)}

    def retire_workers(self, names, close_workers):
        assert close_workers
        self.workers = [name for name in self.workers if name not in names]

    def cancel(self, futures, force):
        self.cancelled = [future.piece for future in futures]

    def processing(self):
        """Which keys each worker works at."""
        return {name: [] if self.forgets else ["a key"] for name in self.workers}

    # the crew
    def check(self, here):
        self.checked.append(here)

    def again(self, say):
        self.came_back += 1

    def end(self):
        self.ended += 1

    # what distributed waits for
    def wait(self, flying, timeout, return_when):
        self.most = max(self.most, len(flying))
        if self.forgets:   # so often nothing comes back
            self.forgets -= 1
            return
        self.chosen(sorted((future for future in flying if not future.done()), key=lambda f: f.piece)).finish()

    @property
    def pieces(self):
        return [future.piece.start for future in self.submitted]


@pytest.fixture
def made(tmp_path, monkeypatch):
    """(options) -> Cluster, by whose clock, two seconds a look, every round asks for new workers."""
    def make(**options):
        found = Cluster(tmp_path, **options)
        found.seconds = ticks
        monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(wait=found.wait))
        return found

    def monotonic():
        assert (now := next(ticks)) < 10_000, "the film does not end"
        return now

    ticks = count(0, 2)
    monkeypatch.setattr(cluster, "time", SimpleNamespace(monotonic=monotonic, sleep=lambda seconds: None))
    return make


def numbers(film):
    return [frame.pts for frame in film]


@pytest.mark.parametrize("chosen", [lambda waiting: waiting[0], lambda waiting: waiting[-1]])
def test_frames_come_in_the_order_of_the_film_whatever_is_ready_first(made, chosen, tmp_path):
    here = made(chosen=chosen)
    film = here.film()
    assert numbers(film) == [*range(12)]
    assert not list(tmp_path.iterdir()) and here.ended == 1 and here.cancelled == []
    assert sorted(here.pieces) == [0, 2, 4, 6, 8, 10] and len({future.key for future in here.submitted}) == 6
    share = here.status.status.workers["a"]
    assert (share.frames, share.seconds) == (12, 9.0)


@pytest.mark.parametrize("workers", [("a",), ("a", "b")])
def test_no_more_is_given_out_than_the_disk_is_to_hold(made, workers):
    """But the one that all others wait for always is: here it comes last."""
    pieces = [Piece(start, start + 1) for start in range(30)]
    here = made(chosen=lambda waiting: waiting[-1], workers=workers)
    most, waits = AHEAD * len(workers) + 1, []
    here.status.look = lambda: waits.append(here.status.status.ahead)
    assert numbers(here.film(pieces)) == [*range(30)]
    assert here.most == most and max(waits) <= most


def test_a_film_goes_on_where_an_earlier_run_ended(made, tmp_path):
    """In the midst of a piece; those that lie there are not made again, and what a killed worker left goes."""
    here = made()
    store(here.task.path(Piece(6, 8)), [picture(6), picture(7)])
    (tmp_path / ".restored-killed").touch()
    assert numbers(here.film(start=3)) == [*range(3, 12)]
    assert here.pieces == [2, 4, 8, 10] and not list(tmp_path.iterdir())


def test_of_a_video_come_the_files_and_the_first_begins_where_the_run_goes_on(made):
    here = made(video="out.mkv")
    assert [path.name for path in here.film(PIECES[:3], start=3)] == [
        "restored-000000003-000000004.zip", "restored-000000004-000000006.zip"]


def failed(kind, who, *words):
    error = kind(*words)
    error.worker = who
    return error


def test_a_piece_that_fails_is_tried_elsewhere_then_left_out_and_all_others_are_finished(made, tmp_path):
    here = made()
    here.errors[4] = [failed(ZeroDivisionError, who, "on purpose") for who in ("a", "b", "a")]
    film, got = iter(here.film()), []
    says = r"frames 4 to 5 could not be restored in 3 tries \(ZeroDivisionError: on purpose\); all others are finished "
    with pytest.raises(Missing, match=says + ".*--resume does the missing ones") as error:
        got.extend(frame.pts for frame in film)
    assert got == [0, 1, 2, 3] and error.value.exit_status == 3 and here.ended == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"restored-{k:09d}-{k + 2:09d}.zip" for k in (6, 8, 10)]
    assert [future.workers for future in here.submitted if future.piece.start == 4] == [None, ["b"], None]
    assert here.status.status.failed == 2


def test_many_missing_pieces_are_named_in_one_line(made):
    pieces = [Piece(start, start + 1) for start in range(8)]
    here = made()
    here.errors = {start: [ZeroDivisionError("died with its worker")] for start in range(1, 8)}   # of no worker
    with pytest.raises(Missing, match="frames 1 to 1, 2 to 2, 3 to 3, 4 to 4, 5 to 5 and 2 more could not"):
        numbers(here.film(pieces))
    assert here.pieces == [*range(8)]


def test_workers_that_cannot_take_part_are_let_go_and_named(made):
    """One says so when it is asked, one makes no sense of the question, one finds out with its first piece."""
    here = made(workers=("old", "without", "late", "good"))
    here.refusals = {"old": "it has refvr 0.0.9", "without": ImportError("no module refvr")}
    here.errors[0] = [failed(Refused, "late", "its weights are other")]
    assert numbers(here.film()) == [*range(12)]
    assert here.workers == ["good"] and here.pieces.count(0) == 2
    assert sorted(here.said) == [
        "worker late is refused: its weights are other", "worker old is refused: it has refvr 0.0.9",
        "worker without is refused: it cannot run this refvr (ImportError: no module refvr)"]


def test_a_worker_that_cannot_write_is_let_go_after_three_pieces(made):
    """Where it is not the only one; the pieces are done by others."""
    full = [failed(OutputError, "a", "no space left") for _ in range(3)]
    here = made()
    here.errors = {0: full[:1], 2: full[1:2], 4: full[2:]}
    assert numbers(here.film()) == [*range(12)] and here.workers == ["b"]
    said = [line.partition(":")[0] for line in here.said]
    assert said == ["worker a could not write a piece, which is tried again"] * 3 + ["worker a is refused"]
    alone = made(workers=("a",))
    alone.errors = {0: full[:1], 2: full[1:2], 4: full[2:]}
    assert numbers(alone.film()) == [*range(12)] and alone.workers == ["a"]


def test_where_this_process_has_no_room_either_the_work_ends(made, monkeypatch, tmp_path):
    here = made()
    here.errors[0] = [failed(OutputError, "a", "no space left")]
    monkeypatch.setattr(cluster, "ROOM", 1 << 62)   # more than there is
    monkeypatch.setattr("pathlib.Path.write_bytes", lambda path, data: 1 / 0)

    def bytes_of(count):
        raise OSError("no space")

    monkeypatch.setattr(cluster, "bytes", bytes_of, raising=False)
    with pytest.raises(OutputError, match="has no room for further pieces.*--resume goes on"):
        numbers(here.film())
    assert here.ended == 1 and here.cancelled and not list(tmp_path.iterdir())


def test_a_clip_that_changed_ends_the_work_at_once(made):
    here = made()
    here.errors[0] = [failed(Changed, "a", "film.mkv changed")]
    with pytest.raises(Changed):
        numbers(here.film())
    assert here.ended == 1 and [piece.start for piece in here.cancelled] == here.pieces[1:]


def test_what_a_scheduler_had_is_given_out_again_when_it_is_back(made):
    here, wait = made(), []

    def lost(flying, timeout, return_when):
        if len(wait) == 2:
            wait.append("lost")
            raise OSError("connection lost")
        wait.append("")
        here.wait(flying, timeout, return_when)

    sys.modules["distributed"].wait = lost
    assert numbers(here.film()) == [*range(12)] and here.came_back == 1
    assert here.pieces.count(0) == here.pieces.count(2) == 1 and here.pieces.count(4) == 2


def test_a_task_that_was_lost_is_given_out_again(made):
    here, finish = made(), []

    def lost(self, who="a"):
        if not finish:
            self.status = "lost"
        else:
            kept(self, who)
        finish.append(self.piece.start)

    kept, Future.finish = Future.finish, lost
    try:
        assert numbers(here.film()) == [*range(12)] and here.pieces.count(0) == 2
    finally:
        Future.finish = kept


def test_a_file_that_does_not_arrive_lies_in_another_folder(made, monkeypatch):
    here = made()
    here.stores = False
    monkeypatch.setattr(cluster, "ARRIVES_S", 0)
    with pytest.raises(Missing, match="the folder .* of the worker is another one"):
        numbers(here.film(PIECES[:1]))


def test_a_file_may_take_its_time_over_a_network(made, monkeypatch):
    here, waits = made(), []
    here.stores = False

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            store(here.task.path(PIECES[0]), [picture(0), picture(1)])

    monkeypatch.setattr(cluster.time, "sleep", sleep)
    assert numbers(here.film(PIECES[:1])) == [0, 1] and len(waits) == 3


def test_where_no_worker_is_there_that_is_said_every_half_minute(made, monkeypatch):
    """At once and then again, until one comes; what was given out waits with the scheduler."""
    here, spoke = made(workers=()), []
    film = here.film(PIECES[:1])
    film._say = lambda line: spoke.append(next(here.seconds))

    def wait(flying, timeout, return_when):
        if next(here.seconds) < 100:
            raise TimeoutError
        here.workers.append("a")
        here.wait(flying, timeout, return_when)

    sys.modules["distributed"].wait = wait
    assert numbers(film) == [0, 1] and here.checked[0] is False
    assert len(spoke) == 3 and spoke[0] < 10 and all(30 < b - a < 40 for a, b in zip(spoke, spoke[1:]))


def test_of_workers_that_are_started_here_nothing_is_said_at_first(made, monkeypatch):
    here = made(workers=())
    here.own = ["a process"]
    sys.modules["distributed"].wait = lambda *args, **how: here.workers.append("a") or here.wait(*args, **how)
    assert numbers(here.film(PIECES[:1])) == [0, 1] and here.said == []


def test_what_the_cluster_has_lost_is_given_out_again(made):
    """Nobody works at it, look after look: then it is asked for anew, under other keys, and not before."""
    for looks, again in ((FORGOTTEN - 1, False), (FORGOTTEN + 1, True)):
        cluster = made()
        cluster.forgets = looks
        frames = [frame.pts for frame in cluster.film()]
        assert frames == list(range(12))
        lost = [line for line in cluster.said if "given out again" in line]
        assert bool(lost) == again and len({future.key for future in cluster.submitted}) == len(cluster.submitted)
        assert len(cluster.submitted) == len(PIECES) + (len(PIECES) if again else 0)
