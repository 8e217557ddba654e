"""How good a network is at its task, beside what a user would have without it, on clips that it never saw.

Clean clip -> degraded clip -> network and baselines -> PSNR and SSIM by a named protocol: per frame, mean over frames;
a task's figure is the mean over clips. evaluate/tasks.py says what is done to the clips and which frames count.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from refvr import zoo
from refvr.degrade.kinds import degradation
from refvr.errors import InputError, TooShortError
from refvr.evaluate.tasks import Pairs, Task, answer, baseline, make_pairs, missing, task_of
from refvr.media import open_reader
from refvr.media.find import find_clips
from refvr.metrics import score
from refvr.metrics.rims import overshoot
from refvr.metrics.steady import chroma_gain, flicker
from refvr.nn.module import Module
from refvr.pipeline.chosen import arithmetic, load_network
from refvr.pipeline.drivers import scale_of

SIGMAS = (10.0, 25.0, 50.0)
REHEARSED_PX, REHEARSED_FRAMES = 64, 3


@dataclass(frozen=True)
class Row:
    """One answer to one clip; clip "mean": the mean over the clips of this degradation and method.

    method    a baseline, the first "input (...)", or the name of a model or weight file
    psnr, ssim  in dB and 0..1, by `protocol` of metrics/protocols.py
    gain        psnr less that of the first baseline, which is the input; of the mean: the least of all clips
    seconds     for each frame that counts
    flicker, chroma  metrics/steady.py; overshoot: metrics/rims.py
    """

    task: str
    kind: str
    clip: str
    method: str
    psnr: float
    ssim: float | None
    protocol: str
    gain: float
    seconds: float
    flicker: float
    chroma: float
    overshoot: float


def score_task(task: str, data: Sequence[str | Path], *, models: Sequence[str] = (), weights: str | Path | None = None,
               sigmas: Sequence[float] = SIGMAS, frames: int | None = None, slow: bool = True, with_ssim: bool = True,
               protocol: str | None = None, precision: str = "winograd",
               measured: bool = False, rounded: bool = False, degraded: str | None = None, ensemble: bool = False,
               skipped: Callable[[str], None] | None = None,
               progress: Callable[[int, int], None] = lambda done, total: None) -> Iterator[Row]:
    """Yield one row per clip, degradation and method, then the means.

    data      clean clips, or folders of them
    models    names of the zoo; none: every model of the task whose weights are here; with `weights` (one file): at most
              one name
    sigmas    noise levels, for denoising
    frames    only the first so many of each clip; None: all
    slow      also the baselines that take longer than the networks
    protocol  None: the task's own
    precision of the networks: "winograd", "direct" (direct sums only) or "float64"
    measured  denoisers that can measure the noise level do; otherwise they are told it
    degraded  small frames of another kind than the networks were trained on, "footage-x4"; those of its scale answer
    ensemble  as `restore` does with that option, for networks that have it
    rounded   noise as files have it: clipped at black and white, rounded to 8 bits
    skipped   is told, in one line, of a clip that is too short for the task, and the others are scored; None: it raises
    Raises InputError and WeightsError before the first clip is read, where that is possible.
    """
    task_of(task)
    if degraded is not None and not (task == "sr" and degraded.partition("-")[2].startswith("x")):
        raise InputError(f"degraded: got {degraded!r} for {task}; expected small frames, of super-resolution",
                         fix="bicubic-x4 or footage-x4, say")
    nets = _networks(task, models, weights, precision)
    row = task_of(task, *nets.values())
    if degraded is not None:
        scale = degradation(degraded).scale
        nets = {name: net for name, net in nets.items() if scale_of(net) == scale}
        if not nets:
            raise InputError(f"none of these models enlarges {scale} times, as {degraded} needs it")
    clips = [path for place in data for path in find_clips(place)]
    if frames is not None and frames < 1:
        raise InputError(f"frames: got {frames}, expected at least 1")
    kinds = _kinds(nets, lambda net: (degraded,) if degraded is not None else row.kinds(net, tuple(sigmas)), rounded)
    rows, done, rehearsed = [], 0, False
    for path in clips:
        with open_reader(path) as reader:
            clean = [frame.rgb for frame in islice(reader, frames)]
        try:
            if not rehearsed:
                _rehearse(row, kinds, clean, precision)
                rehearsed = True
            for kind, answering in kinds.items():
                made = list(_rows(task, row, kind, answering, path.stem, clean, slow, with_ssim,
                                  protocol or row.protocol, precision, measured, ensemble))
                rows += made
                yield from made
                done += 1
                progress(done, len(clips) * len(kinds))
        except TooShortError as error:
            if skipped is None:
                raise
            skipped(f"{task} is not scored on {path.name}: {error.message}")
    yield from means(rows)


def _kinds(nets: dict[str, Module], of: Callable[[Module], Sequence[str]], rounded: bool
           ) -> dict[str, dict[str, Module]]:
    """Degradation -> the networks that answer it, by name."""
    kinds: dict[str, dict[str, Module]] = {}
    for name, net in nets.items():
        for kind in of(net):
            kinds.setdefault(kind.replace("noise-", "noise8-") if rounded else kind, {})[name] = net
    return kinds


def _networks(task: str, models: Sequence[str], weights: str | Path | None, precision: str) -> dict[str, Module]:
    """Name for the table -> network."""
    if weights is not None:
        if len(models) > 1:
            raise InputError(f"got one weight file and {len(models)} models; expected at most one model")
        return {Path(weights).name: load_network(models[0] if models else None, weights, precision)}
    names = list(models) or zoo.available(task)
    if not names:
        raise InputError(f"there are no weights for {task}",
                         fix="`refvr models` says where they are, or give a file with --weights")
    for name in names:
        if zoo.row_of(name).task != task:
            raise InputError(f"{name} is for {zoo.row_of(name).task}, got the task {task}",
                             fix=f"models for it: {', '.join(zoo.names_for(task))}")
    return {name: load_network(name, precision=precision) for name in names}


def _rehearse(task: Task, kinds: dict[str, dict[str, Module]], clean: list[np.ndarray], precision: str) -> None:
    """Every network once on a corner of a few frames, so that no kernel is compiled where time is taken."""
    corner = [frame[:REHEARSED_PX, :REHEARSED_PX] for frame in clean[:REHEARSED_FRAMES]]
    for kind, nets in kinds.items():
        pairs = make_pairs(task, kind, corner)
        for net in nets.values():
            with arithmetic(precision):
                list(answer(task, net, pairs))


def _rows(name: str, task: Task, kind: str, nets: dict[str, Module], clip: str, clean: list[np.ndarray], slow: bool,
          with_ssim: bool, protocol: str, precision: str, measured: bool,
          ensemble: bool) -> Iterator[Row]:
    pairs = make_pairs(task, kind, clean)
    truth = np.stack([pairs.clean[k] for k in pairs.counted])

    without: list[float] = []  # PSNR of the input

    def row(method: str, answered: Callable[[], Sequence[np.ndarray]]) -> Row:
        began = time.perf_counter()
        frames = answered()
        seconds = (time.perf_counter() - began) / len(truth)
        y = np.stack([frames[k] for k in pairs.counted])
        found = score(protocol, y, truth, with_ssim=with_ssim)
        without.append(found.psnr)
        return Row(name, kind, clip, method, found.psnr, found.ssim, protocol, found.psnr - without[0], seconds,
                   flicker(y, truth), chroma_gain(y, truth), overshoot(y, truth))

    absent = missing(task)
    for k, method in enumerate(task.baselines):
        if method not in absent and (slow or method not in task.slow):
            yield row(method if k else f"input ({method})", partial(baseline, task, method, pairs))
    for method, net in nets.items():
        with arithmetic(precision):
            yield row(method, partial(_answered, task, net, pairs, measured, ensemble))


def _answered(task: Task, net: Module, pairs: Pairs, measured: bool, ensemble: bool) -> list[np.ndarray]:
    return list(answer(task, net, pairs, measured=measured, ensemble=ensemble))


def means(rows: Sequence[Row]) -> list[Row]:
    """One row per degradation and method: the mean over clips, but the least gain."""
    groups: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.task, row.kind, row.method, row.protocol), []).append(row)
    return [Row(task, kind, "mean", method, _mean(of, "psnr"), None if of[0].ssim is None else _mean(of, "ssim"),
                protocol, min(row.gain for row in of), _mean(of, "seconds"), _mean(of, "flicker"), _mean(of, "chroma"),
                _mean(of, "overshoot"))
            for (task, kind, method, protocol), of in groups.items()]


def _mean(rows: Sequence[Row], what: str) -> float:
    return float(np.mean([getattr(row, what) for row in rows]))
