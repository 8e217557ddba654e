"""The tasks: what is done to a clean clip, what a user would try without a network, how the answers are scored.

`refvr score` and `refvr demo` are both: clean clip -> pairs -> network and baselines -> scores. A task is one row here.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec

import numpy as np

from refvr.degrade.kinds import Degradation, degradation
from refvr.errors import InputError, TooShortError
from refvr.evaluate import baselines, vapoursynth
from refvr.nn.module import Module
from refvr.pipeline.drivers import needs_sigma, restore_frames, row_of, scale_of, takes_sigma
from refvr.pipeline.enlarge import enlarged
from refvr.records import record_of
from refvr.types import Options

Frames = list[np.ndarray]


@dataclass(frozen=True)
class Pairs:
    """A degraded clip and the clean one: what the network gets, what it should answer, which answers count."""

    kind: str
    inputs: Frames
    clean: Frames
    counted: tuple[int, ...]


@dataclass(frozen=True)
class Task:
    """One row.

    title      for headings
    protocol   row of metrics/protocols.py
    kinds      (network, sigmas) -> names of degradations that fit the network
    baselines  name -> frames out of (pairs, degradation); the first is the input as anyone would show it
    slow       baselines that take longer than the network
    needs      baseline -> (is what it needs installed?, what that is), for those that need more than refvr does
    options    what the driver of the network is told
    between    only every second clean frame counts: those that the network invents
    """

    title: str
    protocol: str
    kinds: Callable[[Module, tuple[float, ...]], list[str]]
    baselines: dict[str, Callable[[Pairs, Degradation], Frames]]
    slow: tuple[str, ...] = ()
    needs: dict[str, tuple[Callable[[], bool], str]] = field(default_factory=dict)
    options: Options = field(default_factory=dict)
    between: bool = False


def sigma_of(kind: str) -> float:
    """25.0 of "noise-25" and "noise8-25"."""
    return float(kind.partition("-")[2])


def _noises(net: Module, sigmas: tuple[float, ...]) -> list[str]:
    return [f"noise-{sigma:g}" for sigma in sigmas]


def _smaller(net: Module, sigmas: tuple[float, ...]) -> list[str]:
    """DUF was trained on its own small frames, everything else on MATLAB's."""
    return [f"{'duf' if record_of(net).corners else 'bicubic'}-x{scale_of(net)}"]


def _large(kernel: str) -> Callable[[Pairs, Degradation], Frames]:
    return lambda x, made: enlarged(x.inputs, made.scale, kernel, centred=_centred(made))


def _centred(made: Degradation) -> bool:
    """Do small pixels cover large ones, or does each lie on one, as DUF's do?"""
    return not made.corners


def _vapoursynth(plugin: str) -> tuple[Callable[[], bool], str]:
    return partial(vapoursynth.installed, plugin), f"vapoursynth-{plugin}"


TASKS = {
    "denoise": Task("Denoising", "denoise", _noises, {
        "noisy": lambda x, made: x.inputs,
        "non-local means": lambda x, made: baselines.non_local_means(x.inputs, sigma_of(made.name) / 255),
        "V-BM3D": lambda x, made: vapoursynth.v_bm3d(x.inputs, sigma_of(made.name) / 255)},
        slow=("non-local means", "V-BM3D"), needs={"V-BM3D": _vapoursynth("bm3dcpu")}),
    "sr": Task("Super-resolution", "luma-8px", _smaller, {
        "bicubic": _large("bicubic"),
        "Lanczos": _large("lanczos"),
        "NNEDI3": lambda x, made: vapoursynth.nnedi3(x.inputs, made.scale, centred=_centred(made))},
        needs={"NNEDI3": _vapoursynth("znedi3")}),
    "deblur": Task("Deblurring", "luma", lambda net, sigmas: ["blur"], {
        "blurred": lambda x, made: x.inputs,
        "unsharp 0.3": lambda x, made: baselines.unsharp_mask(x.inputs, 0.3),
        "unsharp 0.6": lambda x, made: baselines.unsharp_mask(x.inputs, 0.6),
        "best filter": lambda x, made: baselines.best_filter(x.inputs, x.clean)}, slow=("best filter",)),
    "spacetime": Task("Space-time super-resolution", "luma", lambda net, sigmas: ["spacetime"], {
        "blend + bicubic": lambda x, made: baselines.blended(_large("bicubic")(x, made)),
        "blend + Lanczos": lambda x, made: baselines.blended(_large("lanczos")(x, made)),
        "DIS flow + Lanczos": lambda x, made: baselines.flowed(_large("lanczos")(x, made))},
        needs={"DIS flow + Lanczos": (lambda: find_spec("cv2") is not None, "opencv-python-headless")},
        options={"rate": 2}, between=True),
}


def tasks_of(net: Module) -> list[str]:
    """What a network does, with the scale that it has."""
    return [task for task in record_of(net).tasks if (task == "sr") == (scale_of(net) > 1 and task != "spacetime")]


def task_of(name: str, *nets: Module) -> Task:
    """The task of that name, for networks that do it; InputError with the possible names, or the network's task."""
    if name not in TASKS:
        raise InputError(f"no task {name!r}", fix=f"tasks are: {', '.join(TASKS)}")
    for net in nets:
        does = tasks_of(net)
        if name not in does:
            raise InputError(f"{type(net).__name__} with these weights is for {' or '.join(does) or 'no task here'}, "
                             f"got the task {name}", fix=f"give --task {does[0]}" if does else "")
    return TASKS[name]


def make_pairs(task: Task, kind: str, frames: Iterable[np.ndarray]) -> Pairs:
    """Degrade a clean clip (all of it is held in memory). Raises TooShortError where nothing is left."""
    pairs = list(degradation(kind).apply(frames))
    inputs, clean = [small for small, _ in pairs if small is not None], [large for _, large in pairs]
    return checked(task, Pairs(kind, inputs, clean, tuple(range(1, len(clean), 2) if task.between
                                                          else range(len(clean)))))


def checked(task: Task, pairs: Pairs) -> Pairs:
    """`pairs` itself, if there is anything to score in them."""
    if not pairs.counted:
        raise TooShortError(f"{task.title.lower()}: the clip has {len(pairs.clean)} frames, expected at least "
                            f"{3 if task.between else 1}", fix="take a longer clip")
    return pairs


def answer(task: Task, net: Module, pairs: Pairs, *, measured: bool = False, ensemble: bool = False
           ) -> Iterator[np.ndarray]:
    """What the network makes of the degraded clip, frame by frame, in [0, 1], as large as the clean one.

    measured  a denoiser that can measure the noise level does; otherwise it is told the true one
    ensemble  as `restore` does with that option, where the network has it
    """
    options = {**task.options, "sigma": sigma_of(pairs.kind) if needs_sigma(net) or takes_sigma(net) and not measured
               else None, "ensemble": ensemble and "ensemble" in row_of(net).takes}
    if degradation(pairs.kind).corners:
        options["official"] = True  # the clean frames lie where the authors' answers lie
    h, w, _ = pairs.clean[0].shape
    for y in restore_frames(pairs.inputs, net, **options):
        yield np.clip(y, 0, 1)[:h, :w]


def missing(task: Task) -> dict[str, str]:
    """Baselines that cannot be had here -> the package that is not installed."""
    return {name: package for name, (here, package) in task.needs.items() if not here()}


def baseline(task: Task, name: str, pairs: Pairs) -> Frames:
    """What one of the task's baselines makes of it."""
    frames = task.baselines[name](pairs, degradation(pairs.kind))
    return [np.clip(y, 0, 1).astype(np.float32, copy=False) for y in frames]
