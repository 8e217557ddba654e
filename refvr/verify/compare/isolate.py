"""Where a difference is born: each layer computed by this engine from *their* input, so that nothing is inherited.

A run is forced: at each name that they have, our own fresh value is compared with theirs, and then theirs is put in
its place. What is left between two names is the error that they made between these two.

    exact     in float64: own error = their value - ours
    draws     in float32 (fast, direct sums, direct sums from values that are moved by one unit in the last place, sums
              channel by channel, see channel_sums.py, warps by way of coordinates in [-1, 1] where there are any; means
              in float32 too, see other_ways.py):
              noise = the largest difference from the exact run, at places all over the value, at the largest values and
              at those where theirs is farthest off

What rounding explains is SAFETY times the noise, the factor that cases are judged by (docs/verify.md), and never less
than that of one rounding of the peak.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from refvr import ops
from refvr.errors import InputError
from refvr.ops.core.arena import let_go
from refvr.verify.compare.forced_run import AFTER_RELU, Stop, at_stage, forced
from refvr.verify.compare.lazy_arrays import LazyArray
from refvr.verify.compare.other_ways import means, warps
from refvr.verify.compare.pairs import Alignment
from refvr.verify.compare.pieces import Change, Places, at_places, difference, difference_and_places
from refvr.verify.compare.precision import grid_at
from refvr.verify.compare.shift import ALLOWED, shift
from refvr.verify.difference import Difference
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.channel_sums import channel_by_channel
from refvr.verify.runs.layer_precision import Precision
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.port_arithmetic import arithmetic, rounded_values
from refvr.verify.runs.pre_activation import Stage
from refvr.verify.runs.tracing import Named

SAFETY = 4.0
DRAWS = (("winograd", False), ("direct", False), ("direct", True))   # (precision, values moved by one ulp)
OTHER_WAY = "direct", False   # once more with sums channel by channel, and with warps as grid_sample has them
SURELY_OFF = 1e-3   # of the root mean square: nearer values are taken for the same stage without a second look
TOLD_APART = 10     # of two stages that differ by this factor the nearer one is surely theirs

Progress = Callable[[int, "int | None"], None]
P = TypeVar("P")


@dataclass
class Own:
    """What a layer did by itself.

    error     of theirs against ours, computed from their inputs in float64
    stage     "" or what their value is: "before its activation", "after a ReLU"
    noise     largest error of float32 here;  final: the error if `stage` is not granted
    staged    whether ours has a stage before its end
    rival     another stage that theirs may be of as well, by its error alone; see stage_choice.py
    shift     of a quantised value, by how many steps of its grid it is off as a whole (shift.py); None where unknown
    """

    name: str
    error: Difference
    stage: str = ""
    noise: float = 0.0
    final: Difference | None = None
    staged: bool = False
    rival: str | None = None
    shift: float | None = None

    @property
    def explained(self) -> float:
        """The difference that rounding explains."""
        return SAFETY * max(self.noise, float(np.finfo(np.float32).eps) / 2 * self.error.peak)

    @property
    def times(self) -> float:
        """Own error over what rounding explains; above 1 is guilty."""
        if self.explained == 0:
            return 0.0 if self.error.max_abs == 0 else float("inf")
        return max(self.error.max_abs / self.explained, abs(self.shift or 0.0) / ALLOWED)


@dataclass
class Exact:
    """The run in float64: own errors and places by our name; which calls it had that others make in other ways.

    decided  stages of theirs that it was told, see stage_choice.py
    """

    owns: dict[str, Own]
    places: dict[str, Places]
    sampled: bool
    averaged: bool
    decided: dict[str, str] = field(default_factory=dict)

    @property
    def stages(self) -> dict[str, str]:
        """Our name -> the stage that theirs is of."""
        return {name: own.stage for name, own in self.owns.items()}


def exact_run(subject: Subject, alignment: Alignment, theirs: Arrays, progress: Progress = lambda done, total: None, *,
              precision: Precision = "", stage_of: Mapping[str, str] | None = None,
              seen: Callable[[Named, np.ndarray], None] | None = None,
              enough: Callable[[Mapping[str, Own]], bool] | None = None) -> Exact:
    """Own errors without their noise.

    stage_of  stages of theirs that are known;  seen: is told of every value of ours first
    enough    whether the errors so far are, and the run can end
    """
    owns: dict[str, Own] = {}
    places: dict[str, Places] = {}

    def heard(named: Named, value: np.ndarray, their: np.ndarray, stage: Stage) -> str:
        grid = grid_at(named.name, alignment, theirs) if precision else None
        owns[named.name], places[named.name] = _judged(
            named.name, value, their, stage, (stage_of or {}).get(named.name), grid.limited if grid else _as_it_is,
            difference_and_places)
        progress(len(owns), None)
        if enough and enough(owns):
            raise Stop
        return owns[named.name].stage

    with warps("pixels") as sampled, means(False) as averaged, suppress(Stop):
        forced(subject, alignment, theirs, np.float64, heard, instead=seen)
    let_go()
    return Exact(owns, places, bool(sampled), bool(averaged), dict(stage_of or {}))


def isolate(subject: Subject, alignment: Alignment, theirs: Arrays, progress: Progress = lambda done, total: None, *,
            precision: Precision = "", exact: Exact | None = None, stage_of: Mapping[str, str] | None = None
            ) -> list[Own]:
    """The own error and the noise of every value that they have, in order of computation.

    precision  of the port, whose rounding the noise then is: fp16, bf16, tf32, int8, or by layer; "" is float32
    exact      the run in float64, where it has been made for these pairs;  stage_of: stages that are known, if not
    """
    exact = exact or exact_run(subject, alignment, theirs, progress, precision=precision, stage_of=stage_of)
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
            if grid:
                own.shift = min((own.shift, shift(their, ours, grid)), key=lambda x: np.inf if x is None else abs(x))
            stored = grid.rounded(stored) if grid else rounded_values(stored, precision, own.error.peak, named.base)
            off = np.abs(stored - where.values)
        own.noise = max(own.noise, float(off[np.isfinite(off)].max(initial=0)))
        done += 1
        progress(done, total)
        return own.stage

    draws = [(*way, "pixels", False, False) for way in DRAWS] + [(*OTHER_WAY, "pixels", False, True)]
    draws += [(*OTHER_WAY, "round_trip", False, False)] * exact.sampled
    draws += [(*way, "pixels", True, False) for way in DRAWS if way[0] == "direct"] * exact.averaged
    total = len(alignment.pairs) * len(draws)
    for sums, moved, coordinates, in_float32, by_channel in draws:
        with ops.precision(sums), channel_by_channel(by_channel), arithmetic(precision), warps(coordinates), \
                means(in_float32):
            forced(subject, alignment, theirs, np.float32, draw, moved=moved)
    return list(found.values())


def _as_it_is(y: np.ndarray) -> np.ndarray:
    return y


def judge(name: str, value: np.ndarray, their: np.ndarray | LazyArray, stage: Stage, known: str | None = None) -> Own:
    """Compare at the stage that theirs is like, or at a known one.

    Theirs after a ReLU is what remains of a value that the port overwrote in place after a hook had seen it.
    """
    return _judged(name, value, their, stage, known, _as_it_is, lambda *given: (difference(*given), None))[0]


def _judged(name: str, value: np.ndarray, their: np.ndarray | LazyArray, stage: Stage, known: str | None,
            limited: Change, measure: Callable[[np.ndarray | LazyArray, np.ndarray, Change], tuple[Difference, P]]
            ) -> tuple[Own, P]:
    """`judge`, and what `measure` finds beside the difference.

    limited  ours to what theirs can be at all: a grid of int8 ends somewhere
    """
    staged, rival = stage.of(value), None
    final, places = measure(their, value, limited)
    if known == "" or known is None and final.rms_rel < SURELY_OFF:
        return Own(name, final, staged=staged), places
    if staged and known != AFTER_RELU:
        early, early_places = measure(their, stage.before(), limited)
        off = final.rms_rel, early.rms_rel
        rival = stage.name if known is None and max(off) < TOLD_APART * min(off) else None
        if known or early.rms_rel < 0.5 * final.rms_rel:
            return Own(name, early, stage.name, final=final, staged=True, rival="" if rival else None), early_places
    late, late_places = measure(their, value, lambda y: limited(np.maximum(y, 0)))
    if known or late.rms_rel < 0.1 * min(1.0, final.rms_rel):
        return Own(name, late, AFTER_RELU, final=final, staged=staged), late_places
    return Own(name, final, staged=staged, rival=rival), places
