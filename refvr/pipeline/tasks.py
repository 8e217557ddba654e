"""The tasks: what is done to a clean clip, what a user would try without a network, how the answers are scored.

`refvr score` and `refvr demo` are both: clean clip -> pairs -> network and baselines -> scores. A task is one row here.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from refvr.degrade.kinds import Degradation, degradation
from refvr.errors import InputError
from refvr.pipeline import baselines
from refvr.pipeline.drivers import needs_sigma, restore_frames, scale_of

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
    networks   classes that do it
    protocol   row of metrics/protocols.py
    kinds      (network, sigmas) -> names of degradations that fit the network
    baselines  name -> frames out of (inputs, degradation); the first is the input as anyone would show it
    slow       baselines that take longer than the network
    options    what the driver of the network is told
    between    only every second clean frame counts: those that the network invents
    """

    title: str
    networks: tuple[str, ...]
    protocol: str
    kinds: Callable[[Any, tuple[float, ...]], list[str]]
    baselines: dict[str, Callable[[Frames, Degradation], Frames]]
    slow: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    between: bool = False


def sigma_of(kind: str) -> float:
    """25.0 of "noise-25"."""
    return float(kind.removeprefix("noise-"))


def _noises(net: Any, sigmas: tuple[float, ...]) -> list[str]:
    return [f"noise-{sigma:g}" for sigma in sigmas]


def _smaller(net: Any, sigmas: tuple[float, ...]) -> list[str]:
    """DUF was trained on its own small frames, everything else on MATLAB's."""
    return [f"{'duf' if type(net).__name__ == 'DUF' else 'bicubic'}-x{scale_of(net)}"]


def _large(kernel: str) -> Callable[[Frames, Degradation], Frames]:
    return lambda x, made: baselines.enlarged(x, made.scale, kernel, centred=not made.name.startswith("duf"))


TASKS = {
    "denoise": Task("Denoising", ("ReMoNet", "FastDVDnet"), "denoise", _noises, {
        "noisy": lambda x, made: x,
        "non-local means": lambda x, made: baselines.non_local_means(x, sigma_of(made.name) / 255)},
        slow=("non-local means",)),
    "sr": Task("Super-resolution", ("DUF", "EDVR"), "luma-8px", _smaller, {
        "bicubic": _large("bicubic"),
        "Lanczos": _large("lanczos")}),
    "deblur": Task("Deblurring", ("STFAN", "STFANSeed", "EDVR"), "luma", lambda net, sigmas: ["blur"], {
        "blurred": lambda x, made: x,
        "unsharp mask": lambda x, made: baselines.unsharp_mask(x),
        "Richardson-Lucy": lambda x, made: baselines.richardson_lucy(x)}),
    "spacetime": Task("Space-time super-resolution", ("SAFA",), "luma", lambda net, sigmas: ["spacetime"], {
        "blend + bicubic": lambda x, made: baselines.blended(_large("bicubic")(x, made)),
        "repeat + bicubic": lambda x, made: baselines.repeated(_large("bicubic")(x, made))},
        options={"rate": 2}, between=True),
}


def task_of(name: str, *nets: Any) -> Task:
    """The task of that name, for networks that do it; InputError with the possible names, or the network's task."""
    if name not in TASKS:
        raise InputError(f"no task {name!r}", fix=f"tasks are: {', '.join(TASKS)}")
    for net in nets:
        does = [task for task, row in TASKS.items() if type(net).__name__ in row.networks
                and (task == "sr") == (scale_of(net) > 1 and task != "spacetime")]
        if name not in does:
            raise InputError(f"{type(net).__name__} with these weights is for {' or '.join(does) or 'no task here'}, "
                             f"got the task {name}", fix=f"give --task {does[0]}" if does else "")
    return TASKS[name]


def make_pairs(task: Task, kind: str, frames: Iterable[np.ndarray]) -> Pairs:
    """Degrade a clean clip (all of it is held in memory). Raises InputError where nothing is left."""
    pairs = list(degradation(kind).apply(frames))
    inputs, clean = [small for small, _ in pairs if small is not None], [large for _, large in pairs]
    return checked(task, Pairs(kind, inputs, clean, tuple(range(1, len(clean), 2) if task.between
                                                          else range(len(clean)))))


def checked(task: Task, pairs: Pairs) -> Pairs:
    """`pairs` itself, if there is anything to score in them."""
    if not pairs.counted:
        raise InputError(f"{task.title.lower()}: the clip has {len(pairs.clean)} frames, expected at least "
                         f"{3 if task.between else 1}", fix="take a longer clip")
    return pairs


def answer(task: Task, net: Any, pairs: Pairs) -> Iterator[np.ndarray]:
    """What the network makes of the degraded clip, frame by frame, in [0, 1], as large as the clean one."""
    options = {**task.options, "sigma": sigma_of(pairs.kind) if needs_sigma(net) else None}
    if pairs.kind.startswith("duf"):
        options["official"] = True  # the clean frames lie where the authors' answers lie
    h, w, _ = pairs.clean[0].shape
    for y in restore_frames(pairs.inputs, net, **options):
        yield np.clip(y, 0, 1)[:h, :w]


def baseline(task: Task, name: str, pairs: Pairs) -> Frames:
    """What one of the task's baselines makes of it."""
    frames = task.baselines[name](pairs.inputs, degradation(pairs.kind))
    return [np.clip(y, 0, 1).astype(np.float32, copy=False) for y in frames]
