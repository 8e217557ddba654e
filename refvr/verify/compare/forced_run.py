"""A run of ours with *their* values in the place of ours, so that nothing is inherited from what came before.

At each name that they have, somebody hears of our fresh value and theirs, and then theirs is put in its place. Theirs
may be ours before its activation, or after a ReLU that the port made in place: what is left to be done is done to it.
"""
from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import Any

import numpy as np

from refvr.ops.core.arena import let_go
from refvr.types import DType
from refvr.verify.compare.pairs import Alignment
from refvr.verify.compare.pieces import pieces
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.pre_activation import Stage, stages
from refvr.verify.runs.tracing import Named, listen

AFTER_RELU = "after a ReLU"


class Stop(Exception):  # noqa: N818  (not an error: the wanted value has been computed)
    """Ends a run at a name."""


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
    placed: weakref.ref[np.ndarray] | None = None   # what was put last
    with ExitStack() as stack:
        stage = stack.enter_context(stages())

        def replaced(named: Named, value: np.ndarray) -> np.ndarray | None:
            nonlocal placed
            other = instead(named, value) if instead else None
            pair = alignment.pairs.get(named.name)
            if pair is None:
                return other
            their = pair.parts_of(theirs)
            of_stage = heard(named, value, their, stage)
            if placed and placed() is value and of_stage not in ("", AFTER_RELU):
                return None   # a block's value is that of its last layer again: what led to it must not make it ours
            to = value if _alone(value) else np.empty(value.shape, dtype)   # a second array of this size may not fit
            for _, part in pieces(value.shape):
                put = in_last_place(their[part], rng) if moved else their[part]
                if of_stage == AFTER_RELU:   # what is below zero is lost; ours stands there
                    put = np.where(np.asarray(their[part]) > 0, put, np.minimum(value[part], 0))
                to[part] = stage.after(put.astype(dtype), part) if of_stage not in ("", AFTER_RELU) else put
            if of_stage not in ("", AFTER_RELU):
                stage.replaced(to, their)
            if kept:
                kept(named.name, np.array(to) if of_stage else np.asarray(their))
            placed = weakref.ref(to)
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
    value = np.array(value, np.float32, order="C")
    step = 2 * rng.integers(0, 2, value.shape, dtype=np.int8) - 1
    bits = value.view(np.int32)   # they count magnitudes
    odd = (value == 0) | ~np.isfinite(value)
    with np.errstate(over="ignore"):
        there = np.nextafter(value[odd], np.where(step[odd] > 0, np.float32(np.inf), np.float32(-np.inf)))
    bits += np.where(bits < 0, -step, step)
    value[odd] = there
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
