"""`restore` through workers: the task of a film, and its frames in place of those that this process would compute."""
from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from refvr import ops
from refvr.errors import InputError
from refvr.media.clip import Frame
from refvr.media.cut import Place
from refvr.media.part_folder import Job
from refvr.media.pipes import to_pipe
from refvr.media.writer import Writer
from refvr.pipeline.carry import Carry
from refvr.pipeline.cuts import Found
from refvr.pipeline.film.cluster import Film, Say
from refvr.pipeline.film.crew import check_crew, crew
from refvr.pipeline.film.pieces import Piece, check_length
from refvr.pipeline.film.worker import Task, Video, library
from refvr.pipeline.memory import PROCESS, SHARE, Writing, available, parsed
from refvr.pipeline.status import StatusFile
from refvr.plan.memory import gigabytes
from refvr.types import Options

MOST = 1024   # workers that this machine is asked for

# As `restore_shots`, of what is still to be told; of a video the paths of pieces in place of frames
Results = Callable[[int, Any], Iterable[tuple["Frame | Path", Carry]]]
Workers = int | str  # processes on this machine, or the address of a scheduler


def check_workers(workers: Workers | None, source: str | Path, target: str | Path, piece: int | None = None) -> None:
    """Refuse what cannot go through workers, or in pieces, or where nobody would do it, before any file is touched.

    Raises InputError.
    """
    if piece is not None:
        check_length(piece)
    if workers is None and piece is not None and to_pipe(source):
        raise InputError(f"got --piece with the input {source}, whose frames cannot be counted before; expected a file",
                         fix="store it in a file first, or leave --piece out")
    if workers is None:
        return
    if isinstance(workers, bool) or not isinstance(workers, (int, str)) or isinstance(workers, int) and not (
            1 <= workers <= MOST):
        raise InputError(f"workers: got {workers!r}, expected a number of processes from 1 to {MOST}, or the address "
                         "of a scheduler such as tcp://host:8786")
    for path, what in ((source, "input"), (target, "output")):
        if to_pipe(path):
            raise InputError(f"got the {what} {path} with workers, which read and write files; expected a path that "
                             "all of them see", fix="store it in a file first, or leave --workers and --cluster out")
    check_crew(workers)


def share(memory: str | int | None, workers: Workers | None, large: int) -> str | int | None:
    """What one of the workers on this machine may take; elsewhere what was given, for each.

    large  bytes of a frame of the output, of which the writer takes some
    """
    if not isinstance(workers, int):
        return memory
    free = available()
    most = parsed(memory) or (None if free is None else int(SHARE * free))
    if most is None:
        return None
    each = (most - PROCESS - large) // workers
    if each <= PROCESS:
        needs = (workers + 1) * PROCESS + large
        raise InputError(f"{workers} workers and the process that writes share {gigabytes(most)} of memory, expected "
                         f"more than {gigabytes(needs)}, which they take without any network",
                         fix="fewer workers, or more with --memory")
    return each


@contextmanager
def through_workers(workers: Workers, options: Options, found: Found, pieces: list[Piece], *, writer: Writer,
                    source: str | Path, weights: str | Path | None, part: tuple[Place | None, Place | None], job: Job,
                    memory: str | int | None, how: Options, say: Say, status: StatusFile, **more: Any
                    ) -> Iterator[Results]:
    """Gives what `restore_shots` is in one process: the restored frames from a number on. See `Task` for the rest."""
    if writer.part is None:   # restore.py leaves workers out then
        raise InputError(f"{writer.path.name} has no folder for pieces; expected an output of several frames")
    threads = max(1, ops.thread_count() // workers) if isinstance(workers, int) else None
    task = Task(uuid.uuid4().hex[:12], os.path.abspath(source), os.path.abspath(writer.part.path), part,
                weights=None if weights is None else os.path.abspath(weights), options=dict(options),
                cuts=found.cuts or (), about=job.about, video=_video_of(writer, how), memory=parsed(memory),
                threads=threads, **more)
    with crew(workers) as hands:
        yield lambda start, states: ((part, Carry()) for part in Film(hands, task, pieces, start, say, status))


def _video_of(writer: Writer, how: Options) -> Video | None:
    """What workers must know of an output whose pieces they encode; None for all that is no video."""
    if writer.encoding is None:
        return None
    return Video(os.path.abspath(writer.path), dict(how), writer.says, library(),
                 Writing(writer.held_frames, writer.held_between))
