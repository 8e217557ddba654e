"""Pieces of a film as tasks of dask.distributed, and their frames in the order of the film.

Who computes what and when, what happens when a process dies, who takes over: dask decides. Here are only the tasks,
with priorities in the order of the film, so many at a time that the disk does not fill with what cannot be joined yet.
A worker that would give other frames, or cannot write, is let go and named. A piece that has failed is tried elsewhere,
three times in all; then it is left out, named at the end, and done by the next run with --resume; all others are
finished first. Where this process itself finds no room in the folder, nobody will: the work ends, to be resumed.
"""
from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refvr.errors import OutputError, RefvrError
from refvr.media.clip import Frame
from refvr.media.part_folder import STORED
from refvr.pipeline.film.crew import TRIES, Crew
from refvr.pipeline.film.pieces import Piece
from refvr.pipeline.film.stored import stored
from refvr.pipeline.film.worker import Changed, Refused, Task, refusal, restore_and_store
from refvr.pipeline.status import Share, StatusFile

if TYPE_CHECKING:
    import distributed

LOOK_EVERY_S, SAY_EVERY_S, ARRIVES_S = 1.0, 30.0, 60.0
FORGOTTEN = 30   # looks at workers that do nothing while they should
AHEAD = 3   # tasks and finished pieces for every worker, at most, before the first is joined
ROOM = 1 << 20   # bytes that must find room here where a worker finds none
_NO_REFVR = (ImportError, AttributeError, TypeError)   # what a worker raises that cannot make sense of the question

Say = Callable[[str], None]


class Missing(RefvrError):
    """Some pieces could not be restored, all others are finished."""

    exit_status = 3


class Film:
    """The pieces of a film on their way through a cluster.

    Iterated once, it gives the film from frame `start` on, in order: frames, or the paths of pieces of a video.
    """

    def __init__(self, crew: Crew, task: Task, pieces: Sequence[Piece], start: int, say: Say,
                 status: StatusFile) -> None:
        self._crew, self._task, self._say, self._start = crew, task, say, start
        self._status = status
        self._pieces = [piece for piece in pieces if piece.stop > start]
        if task.video:   # the first may have been begun by one process
            self._pieces = [Piece(max(start, piece.start), piece.stop) for piece in self._pieces]
        self._folder = Path(task.folder)
        for left in self._folder.glob(f".{STORED}*"):   # by workers that were killed
            left.unlink(missing_ok=True)
        self._done = {piece for piece in self._pieces if self._task.path(piece).exists()}
        self._todo = [piece for piece in self._pieces if piece not in self._done]
        self._flying: dict[Any, Piece] = {}
        self._failed: dict[Piece, str] = {}
        self._tried: dict[Piece, list[str]] = defaultdict(list)   # by whom, without success
        self._strikes: Counter[str] = Counter()   # pieces that a worker could not write
        self._known: set[str] = set()   # workers that may take part
        self._numbers = count()             # of tasks: a key is used once
        self._looked = -math.inf
        self._quiet = 0   # looks since somebody was seen at work
        self._spoke = time.monotonic() if crew.own else -math.inf   # own processes will come

    def __iter__(self) -> Iterator[Frame | Path]:
        try:
            for piece in self._pieces:
                while piece not in self._done and piece not in self._failed:
                    self._step(LOOK_EVERY_S)
                if self._failed:
                    break
                if self._task.video:
                    yield self._task.path(piece)
                else:
                    yield from self._frames_of(piece)
                self._done.discard(piece)
            while self._flying or self._todo:
                self._step(LOOK_EVERY_S)
            if self._failed:
                raise self._missing()
        finally:   # before the folder goes: nobody writes into it any more
            with suppress(Exception):   # the cluster may be gone
                self._crew.client.cancel(list(self._flying), force=True)
            self._crew.end()

    def _frames_of(self, piece: Piece) -> Iterator[Frame]:
        """The frames of a piece that was stored, but for those that an earlier run has written."""
        for number, frame in enumerate(stored(self._task.path(piece)), piece.start):
            if number >= self._start:
                yield frame
                self._step(0)
        self._task.path(piece).unlink()

    def _missing(self) -> Missing:
        pieces = sorted(self._failed)
        names = ", ".join(f"{piece.start} to {piece.stop - 1}" for piece in pieces[:5])
        more = f" and {len(pieces) - 5} more" * (len(pieces) > 5)
        return Missing(f"frames {names}{more} could not be restored in {TRIES} tries ({self._failed[pieces[0]]}); all "
                       f"others are finished", fix="--resume does the missing ones")

    def _step(self, patience: float) -> None:
        """One round; where the scheduler is gone it is waited for, and what it had is given out again."""
        try:
            self._round(patience)
        except RefvrError:
            raise
        except (OSError, asyncio.CancelledError, futures.CancelledError):
            self._crew.again(self._say)
            self._todo = sorted([*self._flying.values(), *self._todo])
            self._flying, self._known = {}, set()

    def _round(self, patience: float) -> None:
        """Look who is there, give out what they can take, gather what is finished."""
        if time.monotonic() - self._looked > LOOK_EVERY_S:
            self._looked = time.monotonic()
            self._ask_new_workers()
            self._crew.check(bool(self._known))
            self._notice_lost()
        while self._todo and self._may_fly(self._todo[0]):
            self._submit(self._todo.pop(0))
        if patience:
            self._wait(patience)
        for future in [future for future in self._flying if future.done()]:
            self._gather(future, self._flying.pop(future))
        self._status.status.ahead = sum(piece.stop - piece.start for piece in self._done)
        self._status.status.failed = sum(piece.stop - piece.start for piece in self._failed)
        self._status.look()

    def _notice_lost(self) -> None:
        """Give tasks out again that are out while no worker does anything: lost by the scheduler, as was seen once
        after a worker was let go. A piece that two workers do is the same twice."""
        at_work = any(self._crew.client.processing().values())
        self._quiet = 0 if at_work or not (self._flying and self._known) else self._quiet + 1
        if self._quiet < FORGOTTEN:
            return
        count = len(self._flying)
        self._say(f"nobody works at {count} piece{'s' * (count != 1)} that were given out; they are given out again")
        self._crew.client.cancel(list(self._flying), force=True)
        self._todo, self._flying, self._quiet = sorted([*self._flying.values(), *self._todo]), {}, 0

    def _may_fly(self, piece: Piece) -> bool:
        """Whether there is room for one more; always for one that those wait for that are done."""
        most = AHEAD * max(1, len(self._known)) + 1
        wait_for_it = not self._failed and all(piece < done for done in self._done)
        return len(self._flying) + (0 if self._failed or wait_for_it else len(self._done)) < most

    def _submit(self, piece: Piece) -> None:
        key = f"refvr-{self._task.key}-{piece.start}-{next(self._numbers)}"
        others = sorted(self._known - set(self._tried[piece])) if self._tried[piece] else []
        future = self._crew.client.submit(restore_and_store, self._task, piece, key=key, priority=-piece.start,
                                          workers=others or None, allow_other_workers=bool(others), pure=False)
        self._flying[future] = piece

    def _wait(self, patience: float) -> None:
        import distributed
        if not self._flying:
            time.sleep(patience)
            return
        with suppress(TimeoutError):
            distributed.wait(list(self._flying), timeout=patience, return_when="FIRST_COMPLETED")

    def _gather(self, future: distributed.Future, piece: Piece) -> None:
        if future.status == "finished":
            if self._arrived(piece):
                self._done.add(piece)
                who, seconds = future.result()
                self._thank(who, seconds, piece)
            else:
                self._failed[piece] = f"the folder {self._folder} of the worker is another one"
            return
        error = future.exception() if future.status == "error" else None
        future.release()
        if isinstance(error, Changed):
            raise error
        if error is None:   # lost with a scheduler
            self._todo.insert(0, piece)
            return
        who = getattr(error, "worker", None)   # None: they have died with it, as often as dask allows
        why = str(error) if isinstance(error, RefvrError) else f"{type(error).__name__}: {error}"
        if who is None:
            self._failed[piece] = why
            return
        if isinstance(error, Refused):
            self._let_go({who: why})
        else:
            self._tried[piece].append(who)
            if isinstance(error, OSError):
                self._cannot_write(who, why)
            if len(self._tried[piece]) >= TRIES:
                self._failed[piece] = why
                return
        self._todo.insert(0, piece)

    def _cannot_write(self, who: str, why: str) -> None:
        """A worker has no room, or may not write. Raises OutputError where that is so here, too."""
        self._say(f"worker {who} could not write a piece, which is tried again: {why}")
        if not _has_room(self._folder):
            raise OutputError(f"{self._folder} has no room for further pieces; expected some for the rest",
                              fix="free some space; --resume goes on")
        self._strikes[who] += 1
        if self._strikes[who] >= TRIES and len(self._known) > 1:
            self._let_go({who: f"{TRIES} pieces could not be written there"})

    def _let_go(self, reasons: dict[str, str]) -> None:
        """End workers that cannot take part, and say why."""
        for name, why in reasons.items():
            self._say(f"worker {name} is refused: {why}")
        self._crew.client.retire_workers(list(reasons), close_workers=True)
        self._known -= reasons.keys()

    def _thank(self, who: str, seconds: float, piece: Piece) -> None:
        share = self._status.status.workers.setdefault(who, Share())
        share.frames += piece.stop - piece.start
        share.seconds += seconds

    def _arrived(self, piece: Piece) -> bool:
        """Whether the file is here; a file system over a network may take its time."""
        ends = time.monotonic() + ARRIVES_S
        while not self._task.path(piece).exists() and time.monotonic() < ends:
            time.sleep(0.1)
        return self._task.path(piece).exists()

    def _ask_new_workers(self) -> None:
        """Let go of workers that cannot take part; say so where there are none."""
        here = set(self._crew.client.scheduler_info(n_workers=-1)["workers"])
        if new := here - self._known:
            answers = self._crew.client.run(refusal, self._task, workers=list(new), on_error="return")
            bad = {name: why for name, answer in answers.items() if (why := _said(answer))}
            if bad:
                self._let_go(bad)
            here -= bad.keys()
        self._known = here
        if not here and time.monotonic() - self._spoke > SAY_EVERY_S:
            self._spoke = time.monotonic()
            self._say("no workers are there; waiting (`refvr worker ADDRESS` starts one)")


def _has_room(folder: Path) -> bool:
    """Whether a file can be written there."""
    probe = folder / f".{STORED}room"
    try:
        probe.write_bytes(bytes(ROOM))
        return True
    except OSError:
        return False
    finally:
        with suppress(OSError):
            probe.unlink()


def _said(answer: object) -> str | None:
    """Why a worker is refused that answered so; None where it is not, or is gone already."""
    if isinstance(answer, _NO_REFVR):
        return f"it cannot run this refvr ({type(answer).__name__}: {answer})"
    return answer if isinstance(answer, str) else None
