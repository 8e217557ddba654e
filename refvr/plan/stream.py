"""Streams: a whole network from the top of the image to the bottom, a few rows at a time, with the bits of the whole.

    band k:   for every value, the rows that the next rows of the result need and that are not there yet, in order;
              rows that no later band reads go at once

So of each value only some rows exist, its line buffer: those of the band, and those above that a reader below still
wants. Nothing is computed twice and nothing is cut into tiles: rows that an operation sees come from its row rule
(ops/core/bands.py), and bands begin where the tiles of its kernels do, so every element is the sum that it is in the
whole.

An operation without a row rule needs its operands whole. It ends a stage: what it needs is streamed into whole maps
first, and what follows it begins from the top again. Inputs are whole, and so are results; planes of inputs are seen
where they lie. Values that pass rows to one another go together, as a `group`; groups run one after the other, in the
page's order.

Whole maps may lie in files (`files`): then memory holds the line buffers of one group and the maps that it samples
anywhere. So that these are few, the result of an operation that wants a map whole is stored as well.

The schedule is made before anything is computed, as a list of steps, and the memory follows from it.
"""
from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from refvr.ops.core.arena import empty
from refvr.ops.core.bands import Band, Bands, Reach
from refvr.ops.kernels.winograd import transformed_once
from refvr.plan.fetch import can_be_fetched, fetched
from refvr.plan.front import Step
from refvr.plan.graph import Node
from refvr.plan.held import Bytes, most_held
from refvr.plan.lines import Line, Stored, Whole
from refvr.plan.run import bound
from refvr.plan.schedule import Schedule


class Stream(Schedule):
    """A schedule that can run, and how much memory and disk it will take."""

    @cached_property
    def _held(self) -> Bytes:
        return most_held(self)

    @property
    def peak(self) -> int:
        """Most bytes of values that are there at once: what is held, and what a step makes and joins."""
        return self._held.peak

    @property
    def disk(self) -> int:
        """Most bytes of files at once, those of inputs not counted."""
        return self._held.disk

    def run(self, *inputs: object) -> Any:
        """The page's answer, as `Order.run` gives it, to the last bit; `Stored` where results lie in files."""
        lines: dict[Node, Line | Whole | Stored] = {
            node: x if isinstance(x, Stored) else Whole(x, self.rules.axis[node])
            for node, x in bound(self.graph, inputs).items()}
        with transformed_once():
            for loads, steps in self.passes:
                loaded: dict[Node, Line | Whole | Stored] = {
                    value: Whole(_all_of(lines[value]), self.rules.axis[value]) for value in loads}
                for step in steps:
                    self._compute(step, lines, ChainMap(loaded, lines))
                del loaded   # before the next group loads
        return self.graph.answer({node: line if isinstance(line, Stored) else line.data
                                  for node, line in lines.items() if not isinstance(line, Line)})

    def _compute(self, step: Step, lines: dict[Node, Line | Whole | Stored], there: Mapping[Node, Line | Whole | Stored]
                 ) -> None:
        node, bands = step.node, self.rules.bands.get(step.node)
        reaches = bands.reach if bands else (None,) * len(node.operands)
        parts = [_rows(x, part, reach) if not isinstance(x, Node)
                 else there[x].part(*part) if part else there[x] if can_be_fetched(node, x) else _all_of(there[x])
                 for x, part, reach in zip(node.operands, step.parts, reaches)]
        if bands is None:
            lines[node] = Whole(node.computed_by(*parts, **node.options), self.rules.axis[node])
        else:
            y = computed(node, bands, step, parts)
            if node not in lines:
                lines[node] = self._begun(node, bands.axis)
            lines[node].add(step.start, y)
        del parts
        for value, row in step.release:
            if row is None:
                del lines[value]
                continue
            line = lines[value]
            if isinstance(line, Line):
                line.forget(row)

    def _begun(self, node: Node, axis: int) -> Line | Whole | Stored:
        if node in self.stored:
            return Stored(node.shape, node.dtype, axis)
        return Whole(empty(node.shape, node.dtype), axis) if node in self.whole else Line(axis)


def computed(node: Node, bands: Bands, step: Step, parts: list[Any]) -> np.ndarray:
    """The rows of one step."""
    count = step.stop - step.start
    if isinstance(parts[0], Stored):
        x, flow = parts
        y, first = fetched(x, flow, step.start, **node.options), step.start
    elif bands.compute is not None:
        tops = tuple(part[0] if part else 0 for part in step.parts)
        y, first = bands.compute(Band(step.start, step.stop, tops, step.outside), *parts, **node.options), step.start
    else:
        y = node.computed_by(*parts, **node.options)
        first = next(int(part[0] / reach.per) for part, reach in zip(step.parts, bands.reach) if part and reach)
    lead = (slice(None),) * bands.axis
    return y[(*lead, slice(step.start - first, step.start - first + count))]


def _all_of(line: Line | Whole | Stored) -> np.ndarray:
    if isinstance(line, Line):
        raise TypeError("a line buffer holds some rows; expected a map that is kept whole")
    return line.data


def _rows(x: np.ndarray | None, part: tuple[int, int] | None, reach: Reach | None) -> np.ndarray | None:
    """Rows of a constant, all of it where no part is wanted."""
    return x if x is None or part is None or reach is None else x[(slice(None),) * reach.axis + (slice(*part),)]
