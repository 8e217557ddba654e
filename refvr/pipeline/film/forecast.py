"""What a film will cost before it is restored: frames, shots, pieces, time, memory, disk, on one process and on many.

Times are measured on the first frames of the clip itself: passing over, restoring with reading, storing, encoding. They
tell hours from days; what else the machine does meanwhile is in them. Processes of one machine share its memory, which
is not: each is timed alone.
"""
from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from refvr import ops
from refvr.errors import InputError
from refvr.media import open_reader, open_writer
from refvr.media.clip import Frame
from refvr.media.room import Need
from refvr.nn.module import Module
from refvr.pipeline.at_cuts import results
from refvr.pipeline.by_shots import frames_of, restore_shots
from refvr.pipeline.cuts import Cuts, cuts_of
from refvr.pipeline.drivers import can_measure, scale_of, step_of
from refvr.pipeline.film.cluster import AHEAD, Say
from refvr.pipeline.film.pieces import Piece, pieces_of
from refvr.pipeline.film.run import share
from refvr.pipeline.film.simulate import Times, simulated
from refvr.pipeline.film.stored import path_of, store, stored
from refvr.pipeline.memory import IMAGES, Writing, checked_size, kept_to, parsed
from refvr.pipeline.noise import level_of
from refvr.pipeline.rate import retimed
from refvr.types import Options

READ = 60   # frames that are passed over for their time, at most
# Until a worker has loaded what it needs; what a task costs; to put a packet into the whole file (docs/scale.md)
START_S, TASK_S, MUX_S = 5.0, 0.05, 0.0008


@dataclass(frozen=True)
class Way:
    """One way to restore the film.

    where    "one process", "8 processes here", "8 machines like this one"
    threads  of each;  seconds_frame: of one of its workers
    seconds  of the whole;  joining: share of it that the process which joins is busy
    memory   bytes of each worker;  disk: bytes while it runs, at most about
    """

    where: str
    workers: int
    threads: int
    seconds_frame: float
    seconds: float
    joining: float
    memory: int
    disk: int


@dataclass(frozen=True)
class Film:
    """What is known of the film.

    frames, exact    of the output, and whether they were counted
    shots            None where cuts were not looked for
    pieces, longest  how many, and the frames of the longest
    times            seconds a frame, of what is done with it
    """

    source: str
    target: str
    model: str
    width: int
    height: int
    out_width: int
    out_height: int
    frames: int
    exact: bool
    shots: int | None
    pieces: int
    longest: int
    times: dict[str, float]
    ways: list[Way]


def forecast_film(source: str | Path, target: str | Path, net: Module, model: str, options: Options, *,
                  cuts: Cuts = "none", workers: int | None = None, piece: int = 48, memory: str | int | None = None,
                  say: Say = lambda line: None) -> Film:
    """Look at the clip, and measure. `options` as `restore` has them. Raises InputError, OutputError."""
    rate, options = Fraction(options["rate"]), dict(options)
    began = time.perf_counter()
    found = cuts_of(source, cuts, None, None, say, count=workers is not None)
    look = time.perf_counter() - began if found.frames else 0.0
    with open_reader(source) as reader:
        info, count = reader.info, found.frames or reader.info.frames_hint
        if not count:
            raise InputError(f"{source} does not say how many frames it has; expected a clip that does",
                             fix="--cuts auto counts them")
        if can_measure(net):
            options["sigma"], _ = level_of(source, reader, options["sigma"], say)
    like, scale = retimed(info, rate) if rate != 1 else info, scale_of(net)
    checked_size(net, info.height, info.width, parsed(memory), _writing(target, like, scale), options["ensemble"])
    restored: list[Frame] = []
    with kept_to(net, info.height, info.width, memory, ensemble=options["ensemble"]):
        restore = _restoring(source, net, options, restored)
    encode, writing, need, video = _encoding(target, like, restored)
    store = 0.0 if video else _storing(restored)
    write, join, end = (encode, 0.0, MUX_S) if video else (store / 2, store / 2 + encode, 0.0)
    times = Times(restore, _passing(source), write, join, end, start=look, task=TASK_S)
    pieces = pieces_of(net, options, count, found.cuts or (), piece)
    film = Film(str(source), str(target), model, info.width, info.height, scale * info.width, scale * info.height,
                results(count, options, found.cuts or ()), (found.frames or info.frames) is not None,
                None if cuts == "none" else len(found.cuts or ()) + 1, len(pieces),
                max(each.stop - each.start for each in pieces),
                {"restore": restore, "pass over": times.skip, "store": store, "encode": encode,
                 "find cuts" if cuts != "none" else "count": look / count}, [])
    alone = replace(times, start=0.0 if cuts == "none" else look)   # the number of frames is not needed
    film.ways.append(_one_process(film, net, alone, encode, memory, writing, need, options["ensemble"]))
    if workers:
        disk = _disk(film, need)
        if not video:
            disk += 12 * film.out_width * film.out_height * film.longest * (AHEAD * workers + 1)
        film.ways.extend(_many(film, net, options, times, pieces, workers, memory, writing if video else IMAGES, disk))
    return film


def _one_process(film: Film, net: Module, times: Times, encode: float, memory: str | int | None, writing: Writing,
                 need: Need | None, ensemble: bool) -> Way:
    _, layout = checked_size(net, film.height, film.width, parsed(memory), writing, ensemble)
    frame = times.restore + encode
    return Way("one process", 1, ops.thread_count(), times.restore, times.start + film.frames * frame,
               encode / frame, layout.peak if layout else 0, _disk(film, need))


def _many(film: Film, net: Module, options: Options, times: Times, pieces: list[Piece], workers: int,
          memory: str | int | None, writing: Writing, disk: int) -> Iterator[Way]:
    """On this machine, whose threads are divided, and on so many like it."""
    threads, limit = max(1, ops.thread_count() // workers), share(memory, workers, 0)
    crowd = max(1.0, workers / ops.thread_count())   # how many want one core
    times = replace(times, start=times.start + START_S)
    room = kept_to(net, film.height, film.width, limit, writing, options["ensemble"])
    with ops.threads(threads), room as layout:
        here = replace(times, restore=crowd * _restoring(film.source, net, options, []), write=crowd * times.write)
    for where, each, by in (("processes here", here, threads), ("machines like this one", times, ops.thread_count())):
        seconds, busy = simulated(pieces, workers, each, float(options["rate"]))
        yield Way(f"{workers} {where}", workers, by, each.restore, seconds, busy, layout.peak if layout else 0, disk)


def _disk(film: Film, need: Need | None) -> int:
    """Bytes of the output, as usual, and of its parts meanwhile."""
    return int(need.usual * need.copies * film.frames * film.out_width * film.out_height) if need else 0


def _passing(source: str | Path) -> float:
    """Seconds to pass over a frame."""
    with open_reader(source) as reader:
        reader.skip = READ
        began = time.perf_counter()
        next(iter(reader), None)
        return (time.perf_counter() - began) / max(1, reader.decoded)


def _restoring(source: str | Path, net: Module, options: Options, restored: list[Frame]) -> float:
    """Seconds to restore a frame, reading included, after those that warm up; the frames go into `restored`."""
    step = step_of(net, options) or 1
    ends: list[float] = []
    with open_reader(source) as reader:
        began = time.perf_counter()
        for frame, _ in itertools.islice(restore_shots(frames_of(reader), net, options, (), 0), 3 * max(step, 2)):
            ends.append(time.perf_counter())
            restored.append(frame)
    warm = min(step, len(ends) - 1)
    return (ends[-1] - (ends[warm - 1] if warm else began)) / (len(ends) - warm)


def _writing(target: str | Path, like: Any, scale: int) -> Writing:
    """What the writer of the output holds, told before there is a frame: so nothing is measured in vain."""
    with tempfile.TemporaryDirectory() as folder:
        width, height = scale * like.width, scale * like.height
        writer = open_writer(Path(folder) / Path(target).name, like, width=width, height=height)
        return Writing(writer.held_frames, writer.held_between)


def _encoding(target: str | Path, like: Any, frames: list[Frame]) -> tuple[float, Writing, Need | None, bool]:
    """Seconds to encode a frame, what the writer holds, what it needs on the disk, and whether it is a video, which
    workers encode: tried in a folder of its own.
    """
    height, width, _ = frames[0].rgb.shape
    with tempfile.TemporaryDirectory() as folder:
        with open_writer(Path(folder) / Path(target).name, like, width=width, height=height) as writer:
            began = time.perf_counter()
            for frame in frames:
                writer.write(frame)
            writing, need = Writing(writer.held_frames, writer.held_between), writer._need()
        return (time.perf_counter() - began) / len(frames), writing, need, writer.encoding is not None


def _storing(frames: list[Frame]) -> float:
    """Seconds to write a frame of a piece, and to read it again."""
    with tempfile.TemporaryDirectory() as folder:
        path = path_of(Path(folder), Piece(0, len(frames)))
        began = time.perf_counter()
        store(path, frames)
        for _ in stored(path):
            pass
        return (time.perf_counter() - began) / len(frames)
