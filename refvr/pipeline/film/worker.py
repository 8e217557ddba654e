"""What a worker does: it opens the clip, restores one piece after the other, and writes each into the part folder.

The clip stays open from piece to piece: those that come in the order of the film are read in one go, and what lies
between them is decoded and passed over. Before the first one it is looked whether this worker would give the frames of
the others: same version of refvr, same weights, same clip.
"""
from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refvr import ops
from refvr.errors import InputError, RefvrError
from refvr.media import open_reader
from refvr.media.clip import ClipInfo, Frame
from refvr.media.cut import Place, cut
from refvr.nn.module import Module
from refvr.ops.core.arena import let_go
from refvr.pipeline.chosen import arithmetic, load_network
from refvr.pipeline.drivers import scale_of
from refvr.pipeline.film.pieces import Piece, restore_piece
from refvr.pipeline.film.stored import path_of, store
from refvr.pipeline.memory import IMAGES, Writing, kept_to
from refvr.pipeline.rate import retimed
from refvr.pipeline.resume import recognise, version, weights_of
from refvr.types import Options

if TYPE_CHECKING:
    from refvr.media.encoding import Encoding

THREADS = "REFVR_WORKER_THREADS"   # of one worker, where the task does not say


class Refused(InputError):
    """The worker would give other frames, or none at all; another one may do it."""


class Changed(InputError):
    """The clip is not what it was when the work began."""


@dataclass(frozen=True)
class Video:
    """What a worker must know to encode as the process that joins would.

    target   path of the output, whose ending says what becomes of it
    how      codec, crf, pix_fmt, fps of `restore`
    says     what its encoder says before the first packet
    library  whose encoders these are: other versions may make other packets
    writing  what they hold
    """

    target: str
    how: Options
    says: str
    library: str
    writing: Writing

    def encoding(self, info: ClipInfo, net: Module, rate: Fraction) -> Encoding:
        """Of the output that is made from such a clip. Raises OutputError."""
        from refvr.media.encoding import Encoding
        size = scale_of(net) * info.height, scale_of(net) * info.width
        return Encoding(Path(self.target), retimed(info, rate) if rate != 1 else info, size, **self.how)


def library() -> str:
    """PyAV and FFmpeg, by version."""
    import av
    return f"PyAV {av.__version__}, FFmpeg {'.'.join(map(str, av.library_versions['libavcodec']))}"


@dataclass(frozen=True)
class Task:
    """What is the same for all pieces of a film.

    key      names the run
    source, folder   absolute paths, seen by every worker: of the clip, and of where the pieces go
    part     (start, frames) of `restore`
    about    of pipeline/resume.py: what the frames depend on
    video    how pieces become pieces of the output; None: it is no video, and pieces are stored as they are
    memory   bytes for a worker; None: 3/4 of what it has
    threads  of a worker; None: what it was started with
    """

    key: str
    source: str
    folder: str
    part: tuple[Place | None, Place | None]
    model: str | None
    weights: str | None
    precision: str
    options: Options
    cuts: tuple[int, ...]
    about: Options
    video: Video | None = None
    memory: int | None = None
    threads: int | None = None

    def path(self, piece: Piece) -> Path:
        """Where a finished piece lies."""
        return path_of(Path(self.folder), piece, self.video.target if self.video else "")


class _Open:
    """The network and the clip of a task, in this process."""

    def __init__(self, task: Task) -> None:
        if reason := refusal(task):
            raise Refused(reason)
        self.task, self.net = task, load_network(task.model, task.weights, task.precision)
        if (found := weights_of(self.net)) != task.about["weights"]:
            raise Refused(f"its weights are {found}, expected {task.about['weights']}")
        self._looks = _look(task.source)
        if recognise(task.source) != task.about["input"]:
            raise Changed(f"{task.source} is not the clip that the work began with, or changed meanwhile; expected it "
                          "to stay", fix="begin anew, without --resume")
        self._begin()
        self.encoding = None
        if task.video:
            self.encoding = task.video.encoding(self._reader.info, self.net, task.options["rate"])

    def _begin(self) -> None:
        self._reader = cut(open_reader(self.task.source), *self.task.part)
        self._stream = iter(self._reader)
        self.size = self._reader.info.height, self._reader.info.width

    def frames(self, first: int) -> Iterator[Frame]:
        """Those of the clip from a number on."""
        if _look(self.task.source) != self._looks:
            raise Changed(f"{self.task.source} changed while it was restored; expected it to stay",
                          fix="begin anew, without --resume")
        if first < self._reader.decoded:
            self.close()
            self._begin()
        self._reader.skip = first
        return (frame for frame in self._stream)   # not the stream itself, which would be closed with this piece

    def write(self, piece: Piece, frames: Iterator[Frame]) -> int:
        """Write the restored frames of a piece, as the task wants them; returns how many there were."""
        if self.encoding is None or self.task.video is None:
            return store(self.task.path(piece), frames)
        from refvr.media.piece_encoder import encode_piece
        return encode_piece(self.task.path(piece), piece.start, frames, self.encoding, self.task.video.says)

    def close(self) -> None:
        self._reader.close()


_open: _Open | None = None


def _look(source: str) -> tuple[int, int, int] | None:
    """What changes when a file is written; of a folder or several files when one is added or removed."""
    try:
        status = os.stat(source)
    except OSError:
        return None   # a glob
    return status.st_size, status.st_mtime_ns, status.st_ino


def refusal(task: Task) -> str | None:
    """Why this process cannot take part, in words; None where nothing is known against it."""
    if (here := version()) != task.about["version"]:
        return f"it has refvr {here}, expected {task.about['version']}"
    if task.video and library() != task.video.library:
        return f"it has {library()}, expected {task.video.library}"
    if not _has_fma():
        return "its processor has no fused multiply-add, expected one that has"
    if not Path(task.folder).is_dir():
        return f"it cannot see {task.folder}, expected a folder that all workers share"
    try:
        open_reader(task.source).close()
    except RefvrError as error:
        return f"it cannot read {task.source} ({error.message}), expected a path that all workers share"
    return None


def _has_fma() -> bool:
    """Whether the processor multiplies and adds with one rounding; without, results come hundreds of times later."""
    import llvmlite.binding as llvm
    features = llvm.get_host_cpu_features()
    return bool(features.get("fma") or features.get("fma4") or features.get("neon")) or not features


def restore_and_store(task: Task, piece: Piece) -> tuple[str, float]:
    """Restore a piece and write it into the folder; returns who did it, and the seconds that it took.

    Raises Refused, Changed, and whatever the clip or the disk raises; `worker` of it is the address of this one.
    """
    started, who = time.monotonic(), f"{socket.gethostname()}:{os.getpid()}"
    if task.path(piece).exists():   # its worker died with the news
        return who, 0.0
    try:
        count = _restored(task, piece)
        if count != piece.stop - piece.start and not task.options["official"]:
            task.path(piece).unlink()
            raise InputError(f"frames {piece.start} to {piece.stop - 1}: got {count}, expected "
                             f"{piece.stop - piece.start}")
    except Exception as error:
        vars(error)["worker"] = _of_this_worker(lambda worker: worker.address)   # goes along with it
        raise
    return who, time.monotonic() - started


def _restored(task: Task, piece: Piece) -> int:
    """Restore a piece and write it; returns how many frames it has."""
    global _open
    if _open is None or _open.task.key != task.key:
        if _open is not None:
            _open.close()
        _open = None
        _open = _Open(task)
    here, threads = _open, task.threads or int(os.environ.get(THREADS, 0)) or None
    writing = task.video.writing if task.video else IMAGES
    try:
        with ops.threads(threads), arithmetic(task.precision), kept_to(
                here.net, *here.size, task.memory or _limit(), writing, bool(task.options["ensemble"])) as room:
            frames = restore_piece(here.frames, here.net, task.options, task.cuts, piece)
            return here.write(piece, _in_turn(frames) if room and room.in_turn else frames)
    except BaseException:
        here.close()
        _open = None   # a reader that has raised is not read on
        raise


def _in_turn(frames: Iterator[Frame]) -> Iterator[Frame]:
    """The frames; whoever takes one has the memory that the network needs for the next."""
    for frame in frames:
        let_go()
        yield frame
        del frame


def _limit() -> int | None:
    """3/4 of what dask gives this worker; None where it sets no limit."""
    limit = _of_this_worker(lambda worker: worker.memory_manager.memory_limit)
    return int(limit * 3 / 4) if limit else None


def _of_this_worker(what: Callable[[Any], Any]) -> Any:
    """Something of the worker of dask that this process is; None where it is none."""
    from distributed import get_worker
    try:
        return what(get_worker())
    except (ValueError, AttributeError):
        return None
