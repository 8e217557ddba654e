"""Where a difference is born: each layer computed by this engine from *their* input, so that nothing is inherited.

A run is forced: at each name that they have, our own fresh value is compared with theirs, and then theirs is put in
its place. What is left between two names is the error that they made between these two.

    exact     in float64: own error = their value - ours
    draws     in float32 (fast, direct sums, direct sums from values that are moved by one unit in the last place, warps
              by way of coordinates in [-1, 1] where there are any; means in float32 too, see other_ways.py):
              noise = the largest difference from the exact run, at places all over the value, at the largest values and
              at those where theirs is farthest off

What rounding explains is SAFETY times the noise, the factor that cases are judged by (docs/verify.md), and never less
than that of one rounding of the peak.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from refvr import ops
from refvr.errors import InputError
from refvr.ops.core.arena import let_go
from refvr.types import DType
from refvr.verify.compare.figures import Change, Figures, Places, at_places, figures, pieces
from refvr.verify.compare.other_ways import means, warps
from refvr.verify.compare.pairs import Alignment
from refvr.verify.compare.precision import grid_at
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.layer_precision import Precision
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.port_arithmetic import arithmetic, rounded_values
from refvr.verify.runs.pre_activation import Stage, stages
from refvr.verify.runs.tracing import Named, listen

SAFETY = 4.0
DRAWS = (("winograd", False), ("direct", False), ("direct", True))   # (precision, values moved by one ulp)
OTHER_WAY = "direct", False   # once more with warps as grid_sample has them
AFTER_RELU = "after a ReLU"
SURELY_OFF = 1e-3   # of the root mean square: nearer values are taken for the same stage without a second look

Progress = Callable[[int, "int | None"], None]


@dataclass
class Own:
    """What a layer did by itself.

    error     figures of theirs against ours, computed from their inputs in float64
    stage     "" or what their value is: "before its activation", "after a ReLU"
    noise     largest error of float32 here;  final: the error if `stage` is not granted
    """

    name: str
    error: Figures
    stage: str = ""
    noise: float = 0.0
    final: Figures | None = None

    @property
    def explained(self) -> float:
        """The difference that rounding explains."""
        return SAFETY * max(self.noise, np.finfo(np.float32).eps / 2 * self.error.peak)

    @property
    def times(self) -> float:
        """Own error over what rounding explains; above 1 is guilty."""
        if self.explained == 0:
            return 0.0 if self.error.max_abs == 0 else float("inf")
        return self.error.max_abs / self.explained


class Stop(Exception):  # noqa: N818  (not an error: the wanted value has been computed)
    """Ends a run at a name."""


@dataclass
class Exact:
    """The run in float64: own errors and places by our name; which calls it had that others make in other ways."""

    owns: dict[str, Own]
    places: dict[str, Places]
    sampled: bool
    averaged: bool


def exact_run(subject: Subject, alignment: Alignment, theirs: Arrays, progress: Progress = lambda done, total: None, *,
              precision: Precision = "", seen: Callable[[Named, np.ndarray], None] | None = None,
              enough: Callable[[Mapping[str, Own]], bool] | None = None) -> Exact:
    """Own errors without their noise; `seen` is told of every value of ours first; ends where those are `enough`."""
    owns: dict[str, Own] = {}
    places: dict[str, Places] = {}

    def heard(named: Named, value: np.ndarray, their: np.ndarray, stage: Stage) -> str:
        grid = grid_at(named.name, alignment, theirs) if precision else None
        owns[named.name], places[named.name] = judge(named.name, value, their, stage,
                                                     grid.limited if grid else _as_it_is)
        progress(len(owns), None)
        if enough and enough(owns):
            raise Stop
        return owns[named.name].stage

    with warps("pixels") as sampled, means(False) as averaged, suppress(Stop):
        forced(subject, alignment, theirs, np.float64, heard, instead=seen)
    let_go()
    return Exact(owns, places, bool(sampled), bool(averaged))


def isolate(subject: Subject, alignment: Alignment, theirs: Arrays, progress: Progress = lambda done, total: None, *,
            precision: Precision = "", exact: Exact | None = None) -> list[Own]:
    """The own error and the noise of every value that they have, in order of computation.

    precision  of the port, whose rounding the noise then is: fp16, bf16, tf32, int8, or by layer; "" is float32
    exact      the run in float64, where it has been made for these pairs
    """
    exact = exact or exact_run(subject, alignment, theirs, progress, precision=precision)
    found, places, done = exact.owns, exact.places, 0

    def draw(named: Named, value: np.ndarray, their: np.ndarray, stage: Stage) -> str:
        nonlocal done
        if value.shape != alignment.pairs[named.name].shape:
            raise InputError(f"in {precision or 'float32'} another scale is chosen before {named.name} than in float64",
                             fix="dump what the choice is made from too, or give --precision fp32")
        own = found[named.name]
        ours = at_stage(value, own.stage, stage)
        where = places[named.name]
        with np.errstate(invalid="ignore"):
            stored = at_places(ours, where.at)
            grid = grid_at(named.name, alignment, theirs) if precision else None
            stored = grid.rounded(stored) if grid else rounded_values(stored, precision, own.error.peak, named.base)
            off = np.abs(stored - where.values)
        own.noise = max(own.noise, float(off[np.isfinite(off)].max(initial=0)))
        done += 1
        progress(done, total)
        return own.stage

    draws = [(*way, "pixels", False) for way in DRAWS] + [(*OTHER_WAY, "round_trip", False)] * exact.sampled
    draws += [(*way, "pixels", True) for way in DRAWS if way[0] == "direct"] * exact.averaged
    total = len(alignment.pairs) * len(draws)
    for sums, moved, coordinates, in_float32 in draws:
        with ops.precision(sums), arithmetic(precision), warps(coordinates), means(in_float32):
            forced(subject, alignment, theirs, np.float32, draw, moved=moved)
    return list(found.values())


def _as_it_is(y: np.ndarray) -> np.ndarray:
    return y


def judge(name: str, value: np.ndarray, their: np.ndarray, stage: Stage, limited: Change = _as_it_is,
          with_places: bool = True) -> tuple[Own, Places | None]:
    """Compare at the stage that theirs is like; and where noise is to be measured, if asked.

    Theirs after a ReLU is what remains of a value that the port overwrote in place after a hook had seen it.
    limited  ours to what theirs can be at all: a grid of int8 ends somewhere
    """
    final, places = figures(their, value, with_places=with_places, change=limited)
    if final.rms_rel < SURELY_OFF:
        return Own(name, final), places
    if stage.of(value):
        early, early_places = figures(their, stage.before(), with_places=with_places, change=limited)
        if early.rms_rel < 0.5 * final.rms_rel:
            return Own(name, early, stage.name, final=final), early_places
    late, late_places = figures(their, value, with_places=with_places, change=lambda y: limited(np.maximum(y, 0)))
    if late.rms_rel < 0.1 * min(1.0, final.rms_rel):
        return Own(name, late, AFTER_RELU, final=final), late_places
    return Own(name, final), places


def at_stage(value: np.ndarray, name: str, stage: Stage) -> np.ndarray:
    """Our value at the stage called `name`; as it is where there is no such stage."""
    if name == AFTER_RELU:
        return np.maximum(value, 0)
    return stage.before() if name and stage.of(value) else value


Heard = Callable[[Named, np.ndarray, Any, Stage], str]   # ours, theirs (an array or LazyArray)


def forced(subject: Subject, alignment: Alignment, theirs: Arrays, dtype: DType, heard: Heard, *,
           moved: bool = False, kept: Callable[[str, np.ndarray], None] | None = None,
           instead: Callable[[Named, np.ndarray], np.ndarray | None] | None = None) -> None:
    """Run with their values in place of ours; `heard(named, ours, theirs, stage)` says of which stage theirs is.

    moved  put values that differ by one unit in the last place;  kept(name, value): is told what is put
    instead(named, ours): is told of every value first, and may answer with another where there is none of theirs
    """
    rng = np.random.default_rng(0)
    with ExitStack() as stack:
        stage = stack.enter_context(stages())

        def replaced(named: Named, value: np.ndarray) -> np.ndarray | None:
            other = instead(named, value) if instead else None
            pair = alignment.pairs.get(named.name)
            if pair is None:
                return other
            their = pair.parts_of(theirs)
            of_stage = heard(named, value, their, stage)
            to = value if _alone(value) else np.empty(value.shape, dtype)   # a second array of this size may not fit
            for _, part in pieces(value.shape):
                put = in_last_place(their[part], rng) if moved else their[part]
                if of_stage == AFTER_RELU:   # what is below zero is lost; ours stands there
                    put = np.where(np.asarray(their[part]) > 0, put, np.minimum(value[part], 0))
                to[part] = stage.after(put.astype(dtype), part) if of_stage not in ("", AFTER_RELU) else put
            if kept:
                kept(named.name, np.array(to) if of_stage else np.asarray(their))
            return None if to is value else to

        stack.enter_context(listen(replaced))
        subject.run(dtype)


def _alone(value: np.ndarray) -> bool:
    """Whether nothing else lies in the memory of `value`: its own, or a whole piece of ops/core/arena.py."""
    base = value.base
    piece = isinstance(base, np.ndarray) and base.dtype == np.uint8 and value.flags.c_contiguous and \
        base.ctypes.data == value.ctypes.data and base.size < 2 * value.nbytes
    return value.flags.writeable and (value.flags.owndata or piece)


def in_last_place(value: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A copy in float32, each value moved by one unit in the last place, up or down."""
    value = np.array(value, np.float32)
    up = rng.integers(0, 2, value.shape, dtype=np.int8).astype(bool)
    with np.errstate(over="ignore"):
        np.nextafter(value, np.float32(np.inf), out=value, where=up)
        np.nextafter(value, np.float32(-np.inf), out=value, where=~up)
    return value


def values_at(subject: Subject, alignment: Alignment, theirs: Arrays, name: str,
              stage_of: Mapping[str, str], dtype: DType = np.float64) -> tuple[np.ndarray, np.ndarray]:
    """(theirs, ours computed from their inputs) of one name; the run ends there, so that nothing else is held.

    stage_of  which stages their values are at: what isolation found, or what is assumed instead
    """
    found: list[np.ndarray] = []

    def heard(named: Named, value: np.ndarray, their: np.ndarray, stage: Stage) -> str:
        if named.name == name:
            found.append(at_stage(value, stage_of.get(name, ""), stage))
            raise Stop
        return stage_of.get(named.name, "")

    with suppress(Stop):
        forced(subject, alignment, theirs, dtype, heard)
    let_go()
    return alignment.pairs[name].read(theirs), found[0]   # read when all that the network held is gone
