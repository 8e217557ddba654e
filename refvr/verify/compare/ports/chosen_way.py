"""Which of several ways to feed a program is meant: told by what it computes first, not by its answer alone.

An answer that is right settles it. A wrong one says little, for a mistake in the port may make the wrong way look
likelier; but what a port computes before its mistake is right if it is fed rightly, and near nothing of ours otherwise.
So each way's first values are looked up among ours. Where even they are near nothing, the usual way is taken and that
is said.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Protocol

import numpy as np

from refvr.errors import InputError
from refvr.verify.compare.nearness import CLOSE, NEAR, Nearness, Place
from refvr.verify.compare.ports.feeding import Given, Wanted, Way, ways
from refvr.verify.compare.ports.values import RunValues
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.as_array import TracedError

FIRST = 64        # values of the program that are looked at
BY_FAR = 0.1      # of the distance of another way: then one is told from the other


class Program(Protocol):
    """A program that can be run: what it takes, and a run with every value or its results alone."""

    wanted: list[Wanted]

    def results(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        """The arrays that it answers to inputs by name, in order. Raises InputError where it stops."""

    def values(self, feeds: dict[str, np.ndarray], title: str) -> RunValues:
        """Every value of real numbers, in order of computation."""


def chosen_way(program: Program, given: Given, title: str, ours: Callable[[], Sequence[Place]]
               ) -> tuple[dict[str, np.ndarray], str]:
    """(name -> array, what a user should know of it or "") for what our network is given.

    ours  makes our own run: asked for only where there is more than one way
    """
    options = ways(given, program.wanted, title)
    if len(options) == 1:
        return options[0].feeds, ""
    places = ours()
    distances = [_answer(program, way, places, given.network) for way in options]
    running = [k for k, far in enumerate(distances) if far is not None] or list(range(len(options)))
    answers = [np.inf if far is None else far for far in distances]
    if len(running) == 1:
        return options[running[0]].feeds, ""
    best = min(running, key=lambda k: answers[k])
    if answers[best] < CLOSE:
        return options[best].feeds, ""
    firsts = {k: _first_values(program, options[k], title, places, given.network) for k in running}
    told = max(running, key=lambda k: (_better(firsts[k], [firsts[j] for j in running if j != k]), -k))
    if _better(firsts[told], [firsts[j] for j in running if j != told]) > 0:
        return options[told].feeds, ""
    if answers[best] < NEAR and all(answers[best] < BY_FAR * answers[k] for k in running if k != best):
        return options[best].feeds, ""
    others = "; ".join(options[k].says for k in running[1:])
    return options[running[0]].feeds, (f"it was given {options[running[0]].says}, the usual way; by its shape it may "
                                       f"also want {others}: no value of any way is like ours, so that may be the "
                                       "mistake as well")


def _answer(program: Program, way: Way, places: Sequence[Place], network: str) -> float | None:
    """Distance of what is answered from ours; infinite where nothing has that shape, None if the program stops."""
    try:
        answers = program.results(way.feeds)
    except TracedError:
        raise
    except InputError:
        return None
    found = _held({str(k): np.asarray(y) for k, y in enumerate(answers)})
    nearness = Nearness(places[-1:], found, network)
    return min((nearness.nearest(name) for name in found), default=np.inf)


def _first_values(program: Program, way: Way, title: str, places: Sequence[Place], network: str) -> list[float]:
    """How far each of the first values is from whatever of ours it is nearest to; of none if the program stops."""
    try:
        values = program.values(way.feeds, title)
    except TracedError:
        raise
    except InputError:
        return []
    values = values.unrounded or values   # of int8, what is told apart
    nearness = Nearness(places, Arrays(values.path, dict(islice(values.entries.items(), FIRST))), network)
    return [nearness.nearest(name) for name in islice(values, FIRST)]


def _better(one: Sequence[float], others: Sequence[Sequence[float]]) -> int:
    """Values that are near with this way and by far not with another, less those the other way round: the least of it
    over the others.
    """
    def wins(a: Sequence[float], b: Sequence[float]) -> int:
        return sum(x < NEAR and x < BY_FAR * y for x, y in zip(a, b))
    return min((wins(one, other) - wins(other, one) for other in others), default=0)


def _held(arrays: dict[str, np.ndarray]) -> RunValues:
    found = RunValues("")
    for name, value in arrays.items():
        found.add(name, value)
    return found
