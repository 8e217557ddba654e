"""What a port is compared with: a run of ours, or a trace file in its place; its values, and how far off theirs are."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from refvr import hdf5, zoo
from refvr.errors import InputError, printable
from refvr.verify.compare.isolate import judge
from refvr.verify.compare.nearness import Place, sample_of
from refvr.verify.compare.official_modules import all_names
from refvr.verify.compare.pairs import Alignment
from refvr.verify.compare.pieces import difference
from refvr.verify.difference import Difference
from refvr.verify.runs.arrays_in import Arrays, open_arrays
from refvr.verify.runs.axes import reordered
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.pre_activation import stages
from refvr.verify.runs.trace_file import open_trace
from refvr.verify.runs.tracing import Named, listen, repeats

Progress = Callable[[str, int, "int | None"], None]
_QUIET: Progress = lambda what, done, total: None  # noqa: E731
INSTEAD = "give MODEL and INPUT in place of the trace"
MADE: dict[str, Callable[[Any], bool]] = {   # what a trace says of how it was made -> whether it can be that
    **dict.fromkeys(("input", "model", "weights", "routing"), lambda x: isinstance(x, str)),
    **dict.fromkeys(("init", "frame"), lambda x: _is_count(x)), "settings": lambda x: isinstance(x, dict),
    "sigma": lambda x: _is_number(x) and x >= 0, "time": lambda x: _is_number(x) and 0 <= x <= 1}


@dataclass(frozen=True)
class Ours:
    """The reference of a comparison. subject: None for a trace file without isolation, which is not run again.

    totals  (alignment, theirs, stages of theirs by our name) -> difference of every value
    """

    title: str
    network: str
    places: Sequence[Place]
    official: Sequence[Mapping[str, str]]
    subject: Subject | None
    totals: Callable[[Alignment, Arrays, Mapping[str, str]], dict[str, Difference]]


def opened(reference: Subject | str | Path, with_isolation: bool, progress: Progress) -> Ours:
    """A subject, which is run, or a trace file, which is made again only where layers are isolated."""
    def run(subject: Subject) -> Callable[[Alignment, Arrays, Mapping[str, str]], dict[str, Difference]]:
        return lambda alignment, theirs, stage_of: _run_totals(alignment, theirs, subject, progress, stage_of)

    if isinstance(reference, Subject):
        return Ours(reference.title, reference.network, run_places(reference, progress), all_names(reference.net),
                    reference, run(reference))
    stored, attributes = open_trace(reference)
    about, title = attributes["subject"], str(reference)
    subject = remade(about, title) if with_isolation else None
    places, network = stored_places(stored, progress), about.get("network", "")
    if subject is not None:
        return Ours(title, network, places, all_names(subject.net), subject, run(subject))
    return Ours(title, network, places, official_of(about), None,
                lambda alignment, theirs, stage_of: stored_totals(alignment, theirs, stored, progress))


def run_places(subject: Subject, progress: Progress = _QUIET) -> list[Place]:
    """What a run of ours tells about its values."""
    places: list[Place] = []

    def heard(named: Named, value: np.ndarray) -> None:
        early = sample_of(stage.before()) if stage.of(value) else None
        places.append(Place(named, value.shape, sample_of(value), early))
        progress("running", len(places), None)

    with stages() as stage, listen(heard):
        subject.run()
    return places


def stored_places(stored: Arrays, progress: Progress = _QUIET) -> list[Place]:
    """What a run of ours would tell about its values, from the file."""
    places, axes = [], stored_axes(stored)
    calls: dict[str, int] = {}
    for k, name in enumerate(stored):
        full, _ = repeats(name)
        scope = _scope_of(full)
        base = full.removeprefix(scope)
        value = _channels_last(stored[name], axes[name])
        calls[base] = calls.get(base, -1) + 1
        places.append(Place(Named(name, base, scope, calls[base]), value.shape, sample_of(value)))
        progress("reading", k + 1, len(stored))
    return places


def _scope_of(name: str) -> str:
    """"frame2." of "frame2.pcd_align", "t0.step1." of "t0.step1.flow": parts that end in a number and have a word."""
    scope = ""
    for part in name.split(".")[:-1]:
        if part.rstrip("0123456789") not in ("frame", "step", "triplet", "t") or part[-1] not in "0123456789":
            break
        scope += f"{part}."
    return scope


def stored_axes(stored: Arrays) -> dict[str, list[str]]:
    """Name -> letters of the axes of each value and input of a trace file."""
    with hdf5.opened(stored.path) as file:
        return {name: str(hdf5.attributes(item).get("axes", "")).split() for name, item in hdf5.datasets(file).items()}


def _channels_last(value: np.ndarray, axes: list[str]) -> np.ndarray:
    if "c" not in axes or axes[-1] == "c":
        return value
    return reordered(value, " ".join(axes), " ".join(axis for axis in "nthwc" if axis in axes))


def stored_inputs(path: str | Path) -> dict[str, np.ndarray]:
    """What the network was given, from the trace file."""
    everything = open_arrays(path)
    axes = stored_axes(everything)
    return {name.removeprefix("inputs/"): _channels_last(everything[name], axes[name])
            for name in everything if name.startswith("inputs/")}


def stored_totals(alignment: Alignment, theirs: Arrays, stored: Arrays, progress: Progress) -> dict[str, Difference]:
    """Of every value against the stored one."""
    totals, axes = {}, stored_axes(stored)
    for k, (name, pair) in enumerate(alignment.pairs.items()):
        totals[name] = difference(pair.read(theirs), _channels_last(stored[name], axes[name]))
        progress("comparing", k + 1, len(alignment.pairs))
    return totals


def _is_count(x: object) -> bool:
    return isinstance(x, int) and not isinstance(x, bool) and x >= 0


def _is_number(x: object) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def official_of(about: dict[str, Any]) -> list[dict[str, str]]:
    """From the name of the model alone, whose weights may not be here."""
    if about.get("model") not in zoo.MODELS:
        return []
    net = zoo.build(about["model"], **{key: tuple(value) if isinstance(value, list) else value
                                       for key, value in (about.get("settings") or {}).items()})
    return all_names(net)


def remade(about: dict[str, Any], path: str, inputs: str | None = None) -> Subject:
    """The subject that a trace file was made of, with the same weights; inputs: a file of other ones."""
    from refvr.verify.runs.inputs import subject_of

    if about.get("input") is None:
        raise InputError(f"{path} does not say how it was made", fix=INSTEAD)
    for key, fits in MADE.items():
        if about.get(key) is not None and not fits(about[key]):
            raise InputError(f"{path} does not say how it was made: its {key} is {printable(repr(about[key])[:80])}",
                             fix=INSTEAD)
    subject = subject_of(source=about["input"], inputs=inputs or (stored_inputs(path) if "inputs" in about else None),
                         **{key: about[key] for key in MADE if key in about and key != "input"})
    if subject.about.get("digest") != about.get("digest"):
        raise InputError(f"the weights of {about.get('model')} here are not those that {path} was made with",
                         fix="give MODEL, INPUT and --weights in place of the trace")
    return subject


def _run_totals(alignment: Alignment, theirs: Arrays, subject: Subject, progress: Progress,
                stage_of: Mapping[str, str]) -> dict[str, Difference]:
    """Of every value against a free run; at the stage that theirs is of, or like."""
    totals: dict[str, Difference] = {}
    with stages() as stage:
        def heard(named: Named, value: np.ndarray) -> None:
            pair = alignment.pairs.get(named.name)
            if pair is not None:
                totals[named.name] = judge(named.name, value, pair.parts_of(theirs), stage,
                                           stage_of.get(named.name)).error
                progress("comparing", len(totals), len(alignment.pairs))

        with listen(heard):
            subject.run()
    return totals
