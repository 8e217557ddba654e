"""`restore`: a clip in, a restored clip out. Reader -> frames -> driver of the network -> frames -> writer, all lazy.

Every stage takes an iterator and gives one, so memory is a window, whatever the length of the clip.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from refvr import ops
from refvr.errors import InputError, RefvrError
from refvr.media import open_reader, open_writer
from refvr.media.clip import Frame, Reader
from refvr.media.cut import Place, cut
from refvr.media.part_folder import Job
from refvr.media.pipes import to_pipe
from refvr.media.writer import Writer
from refvr.nn.module import Module
from refvr.ops.core.arena import let_go
from refvr.pipeline.at_cuts import check_at_cuts
from refvr.pipeline.at_cuts import results as results_of_shots
from refvr.pipeline.by_shots import frames_of, restore_shots
from refvr.pipeline.carry import Carry
from refvr.pipeline.chosen import arithmetic, chosen
from refvr.pipeline.cuts import Cuts, Found, cuts_of
from refvr.pipeline.drivers import can_measure, driver_of, scale_of
from refvr.pipeline.film.cluster import Say
from refvr.pipeline.film.pieces import Piece, pieces_of
from refvr.pipeline.film.run import Results, Workers, check_workers, share, through_workers
from refvr.pipeline.memory import IMAGES, Layout, Writing, kept_to
from refvr.pipeline.noise import level_of
from refvr.pipeline.rate import Rate, check_rate, results_of, retimed
from refvr.pipeline.resume import States, about
from refvr.pipeline.safa_pair import named_rule
from refvr.pipeline.status import StatusFile

Report = Callable[[int, "int | None"], None]  # frames done, frames in all where known


@dataclass(frozen=True)
class RestoreReport:
    """What `restore` did.

    model      the name of the network that restored, or of the weight file
    frames     written
    expected   frames that the input's header promises; None where it does not say
    seconds    from opening to closing; the first run on a machine contains the compilation of kernels
    width, height  of the output; super-resolution enlarges
    resumed    how many of the frames an earlier run had finished
    truncated  None, or one line saying where the input ended early; all frames before are in the output
    warnings   what reader and writer noticed, one line each
    """

    source: str
    target: str
    model: str
    frames: int
    expected: int | None
    width: int
    height: int
    seconds: float
    threads: int
    precision: str
    resumed: int
    truncated: str | None
    warnings: tuple[str, ...]


def restore(source: str | Path, target: str | Path, *, task: str | None = None, model: str | None = None,
            scale: int | None = None, real: bool = False, weights: str | Path | None = None, sigma: float | None = None,
            precision: str = "winograd", threads: int | None = None, official: bool = False, ensemble: bool = False,
            rate: Rate = 1, routing: str = "threshold", fps: Fraction | float | None = None, codec: str | None = None,
            crf: float | None = None, pix_fmt: str | None = None, audio: str = "copy", streams: str = "all",
            start: Place | None = None, frames: Place | None = None, cuts: Cuts = "none", at_cuts: str = "repeat",
            workers: Workers | None = None, piece: int | None = None, overwrite: bool = True, resume: bool = False,
            memory: str | int | None = None, progress: Report = lambda done, total: None,
            say: Say = lambda line: None) -> RestoreReport:
    """Restore the clip `source` into `target`; formats, times and further streams are described in docs/restore.md.

    task       "denoise", "sr", "deblur" or "spacetime": the model recommended for it, unless one is named
    model      a name of `refvr models`; None: that of the task, what `weights` is for, or `scale` and `rate` ask for
    scale, real  2 or 4 times larger each way: takes the model for that; that for compressed and noisy footage (by 4)
    weights    weight file in place of the embedded one
    sigma      noise level, 0..255, for networks that are told it; None: measured (remonet-s-told); blind ones take none
    precision  "winograd", "direct" (direct sums only) or "float64"
    threads    None: all cores; the bytes of the output do not depend on it
    official, ensemble   as the authors' own driver, see the network's page; a mean of several runs
    rate       output frames for each input frame (SAFA: 2, 2.5, "8/3" ...); times and sound stay as they are
    routing    how SAFA chooses scales: "threshold", "full", "half", "quarter", or the seed of draws, "7"
    fps        a frame rate in place of the times of the input; folders of images and arrays have none (25)
    codec, crf, pix_fmt   of a video; see docs/restore.md
    audio      "copy" (converted where the new container cannot hold it), "convert" or "none"
    streams    what goes along with the picture: "all", "none", or numbers and kinds, "1,subtitle"
    start, frames  a part of the clip: numbers of frames, from 0, or times, "10s", "1:05"; sound is cut alike
    cuts       "auto", a file of `refvr shots` or numbers of frames: each shot is a clip of its own (pipeline/cuts.py)
    at_cuts    between two shots "repeat" the last frame, or show "nothing" (SAFA; pipeline/at_cuts.py)
    workers, piece   processes, or the address of a scheduler; frames that one restores and encodes (docs/scale.md)
    overwrite, resume   replace an existing output when the new one is complete; go on after the last finished frame of
               an earlier, unfinished run with the same input and options
    memory     most that it may take, "2G" or bytes; None: 3/4 of what is free (pipeline/memory.py)
    progress   called with (frames done, frames in all or None) after each frame
    say        told a line about what was measured
    Raises InputError, WeightsError or OutputError, and names what is kept; a truncated input is no exception (report).
    """
    started = time.monotonic()
    rate = check_rate(rate)
    net, model = chosen(task, model, scale, weights, precision, rate, real)
    options = {"sigma": sigma, "official": official, "ensemble": ensemble, "rate": rate, "routing": routing,
               "at_cuts": check_at_cuts(at_cuts)}
    _check(net, options, cuts)   # before any file is touched
    check_workers(workers, source, target, piece)
    found = cuts_of(source, cuts, start, frames, say, count=workers is not None or piece is not None)
    depends = {**options, "rate": str(rate), "precision": precision, "fps": fps, "audio": audio, "streams": streams,
               "part": [str(start), str(frames)], "cuts": found.about()}
    job = _job(source, target, net, model or "", depends, resume)
    how = {"codec": codec, "crf": crf, "pix_fmt": pix_fmt, "fps": fps}
    by = {"model": model, "weights": weights, "precision": precision, "part": (start, frames), "job": job, "how": how}
    with ops.threads(threads), arithmetic(precision), cut(open_reader(source), start, frames) as reader:
        with _writer(target, source, reader, net, options, found, job, overwrite=overwrite, audio=audio,
                     streams=streams, **how) as writer:
            resumed, workers = writer.written, _useful(workers, writer, say)
            pieces = None if workers is piece is None else pieces_of(
                net, options, found.frames or 0, found.cuts or (), piece)   # they were counted
            _run(source, reader, writer, net, options, found, workers, pieces, by, memory, progress, say)
        return RestoreReport(str(source), str(target), model or Path(str(weights)).name, writer.written,
                             reader.info.frames, writer.width, writer.height, time.monotonic() - started,
                             threads or ops.thread_count(), precision, resumed, reader.truncated or found.truncated,
                             _warnings(official, reader, writer, found, rate))


def _useful(workers: Workers | None, writer: Writer, say: Say) -> Workers | None:
    """`workers`, unless the output is one picture, which has no part folder for pieces."""
    if workers is None or writer.part is not None:
        return workers
    say(f"{writer.path.name} is one picture, which this process restores; workers have nothing to share")
    return None


def _run(source: str | Path, reader: Reader, writer: Writer, net: Module, options: dict[str, Any], found: Found,
         workers: Workers | None, pieces: list[Piece] | None, by: dict[str, Any], memory: str | int | None,
         progress: Report, say: Say) -> None:
    """Restore and write all frames, here or through workers (`by`: what these are told)."""
    with ExitStack() as stack:
        joins = workers is not None and writer.encoding is None   # what workers encode is held by them
        memory = share(memory, workers, int(12 * writer.held_frames * writer.width * writer.height) * joins)
        writing = IMAGES if joins else Writing(writer.held_frames, writer.held_between)
        room = None
        if not isinstance(workers, str):   # others look at their own memory
            room = stack.enter_context(kept_to(net, reader.info.height, reader.info.width, memory, writing,
                                                   options["ensemble"]))
        options["sigma"], shown = (level_of(source, reader, options["sigma"], say) if can_measure(net)
                                   else (options["sigma"], reader))
        results: Results = partial(restore_shots, frames_of(shown), net, options, found.cuts)
        status = StatusFile(writer, _expected(found, reader, options), found.cuts, options)
        if workers is not None and pieces is not None:
            results = stack.enter_context(through_workers(workers, options, found, pieces, source=source, memory=memory,
                                                          writer=writer, say=say, status=status, **by))
        elif pieces and writer.encoding is not None:
            writer.ends = frozenset(each.start for each in pieces)
        _write_all(results, writer, status, progress, room)


def _writer(target: str | Path, source: str | Path, reader: Reader, net: Module, options: dict[str, Any], found: Found,
            job: Job | None, **how: Any) -> Writer:
    """The output; whatever ends the work before the first frame leaves nothing behind."""
    width, height = (scale_of(net) * size for size in (reader.info.width, reader.info.height))
    info = retimed(reader.info, options["rate"]) if options["rate"] != 1 else reader.info
    return open_writer(target, info, width=width, height=height, job=job, span=found.span or reader.span, **how,
                       copy_streams_from=source if reader.info.kind == "video" else None)


def _expected(found: Found, reader: Reader, options: dict[str, Any]) -> int | None:
    """How many frames there will be, or about so many, where that is known."""
    count = found.frames or reader.info.frames_hint
    return count and results_of_shots(count, options, found.cuts or ())


def _warnings(official: bool, reader: Reader, writer: Writer, found: Found, rate: Fraction) -> tuple[str, ...]:
    """What was noticed, once each; of a clip that others have read, what was noticed when its frames were counted."""
    expected = results_of(reader.info.frames or 0, rate)
    left = _left_out(official, reader, writer, expected)
    return tuple(dict.fromkeys([*found.warnings, *reader.warnings, *writer.warnings, *left,
                                *found.beyond(reader.decoded or found.frames or 0)]))


def _check(net: Module, options: dict[str, Any], cuts: Cuts) -> None:
    """Refuse what does not fit together."""
    driver_of(net, {**options, "routing": named_rule(options["routing"])})
    if options["official"] and cuts != "none":
        raise InputError("got --official with cuts, of which the authors' drivers know nothing; expected one of the "
                         "two", fix="leave one of them out")


def _left_out(official: bool, reader: Reader, writer: Writer, expected: int) -> list[str]:
    if not official or reader.truncated or writer.written >= expected:
        return []
    return [f"the authors' driver gives {writer.written} of {expected} frames; leave --official out for all of them"]


def _job(source: str | Path, target: str | Path, net: Module, model: str, depends: dict[str, Any], resume: bool
         ) -> Job | None:
    """What an unfinished output must be of to be continued; None for an input that cannot be read again."""
    if resume and to_pipe(target):
        raise InputError(f"got --resume with the output {target}; expected a file, of which something was kept",
                         fix="leave --resume out")
    if to_pipe(source):
        if resume:
            raise InputError(f"got --resume with the input {source}; expected one that can be read again",
                             fix="store it in a file first")
        return None
    return Job(about(source, net, model, depends), resume)


def _write_all(results: Callable[[int, States], Iterable[tuple[Frame | Path, Carry]]], writer: Writer,
               status: StatusFile, progress: Report, room: Layout | None) -> None:
    """Write what `results` gives from a number on, frames or pieces that are encoded already, and complete the file.

    An error or Ctrl-C says what was kept of it.
    """
    total = status.status.total
    try:
        with writer:
            if total:
                writer.expect(total)
            states = States(writer)
            for part, carry in results(writer.written, states):
                if room and room.in_turn:
                    let_go()
                if whole := not isinstance(part, Frame):
                    writer.adopt(part)
                else:
                    writer.write(part)
                del part   # before the next one is computed
                states.keep(carry)
                progress(writer.written, total)
                status.look(piece=whole)
    except KeyboardInterrupt:
        status.look(ended=True)
        raise KeyboardInterrupt(_kept(writer)) from None
    except RefvrError as error:
        if writer.partial is None:
            raise
        status.look(ended=True)
        raise type(error)(f"{error.message}; {_kept(writer)}", fix=error.fix) from error


def _kept(writer: Writer) -> str:
    if writer.partial is None:
        if not writer.written and writer.part and writer.part.path.exists():
            return f"finished pieces are in {writer.part.path}; --resume goes on with them"
        if writer.written and writer.part and writer.part.path.exists():   # interrupted again, while it was kept
            there = f"{writer.written} finished frame{'s are' if writer.written != 1 else ' is'} in {writer.part.path}"
            return there + "; --resume goes on after the last" * writer.part.can_resume
        return "no frame was finished yet, nothing was written"
    kept = f"kept {writer.playable} finished frame{'s' * (writer.playable != 1)} in {writer.partial}"
    return f"{kept}; --resume goes on after {writer.written}" if writer.part and writer.part.can_resume else kept
