"""Streams: a whole network from the top of the image to the bottom, a few rows at a time, with the bits of the whole.

    band k:   for every value, the rows that the next rows of the result need and that are not there yet, in order;
              rows that nobody will need again go at once

So of each value only some rows exist, its line buffer: those of the band, and those above that a reader below still
wants. Nothing is computed twice and nothing is cut into tiles: rows that an operation sees come from its row rule
(ops/_bands.py), and bands begin where the tiles of its kernels do, so every element is the sum that it is in the whole.

An operation without a row rule needs its operands whole. It ends a stage: what it needs is streamed into whole maps
first, and what follows it begins from the top again. Inputs are whole, and so are results; planes of inputs are seen
where they lie.

The schedule is made before anything is computed, as a list of steps, and the memory follows from it.
"""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from refvr.ops._arena import empty
from refvr.ops._bands import Band, Bands, Reach, Rows
from refvr.ops._winograd import transformed_once
from refvr.plan.graph import Graph, Node
from refvr.plan.lines import Line, Whole
from refvr.plan.run import Order, bound, home


@dataclass(frozen=True)
class Step:
    """Rows start .. stop - 1 of a value, all of one without rows.

    parts    first and last row of each operand, None: all of it; outside: rows that it lacks, above and below the image
    release  (value, row): of which values the rows above which row are no longer needed; None: the value itself
    """

    node: Node
    start: int
    stop: int
    parts: tuple[tuple[int, int] | None, ...]
    outside: tuple[tuple[int, int], ...]
    release: tuple[tuple[Node, int | None], ...]


class Stream:
    """The schedule of a graph in bands of `rows` rows of its highest values."""

    def __init__(self, graph: Graph, rows: int) -> None:
        self.graph, self.rows, order = graph, rows, Order(graph)
        self._nodes = order.nodes
        self.rules = rules_of(graph.inputs, self._nodes)
        self._users: dict[Node, list[Node]] = defaultdict(list)
        for node in self._nodes:
            for value in node.inputs:
                self._users[value].append(node)
        self.stage = self._stages()
        later = {value for value in self._nodes for user in self._users[value]
                 if self.stage[user] > self.stage[value] or self._wants_whole(user, value)}
        self.whole = later | set(graph.outputs) | {node for node in self._nodes if node not in self.rules.bands}
        self.steps = self._schedule()

    @property
    def runs_whole(self) -> list[Node]:
        """Operations that need all rows at once."""
        return [node for node in self._nodes if node not in self.rules.bands and home(node) is node]

    def _wants_whole(self, user: Node, value: Node) -> bool:
        bands = self.rules.bands.get(user)
        return bands is None or any(x is value and reach is None for x, reach in zip(user.operands, bands.reach))

    def _stages(self) -> dict[Node, int]:
        """Stage of every value: a new one begins where something is wanted whole."""
        stage, now = dict.fromkeys(self.graph.inputs, -1), 0
        for node in self._nodes:
            unfinished = (value for value in node.inputs if stage[value] == now and value in self.rules.bands)
            now += any(self._wants_whole(node, value) for value in unfinished)
            stage[node] = now
        for node in reversed(self._nodes):  # as late as its users allow: offsets beside what they sample, not before
            stage[node] = min((stage[user] - (node in self.rules.bands and self._wants_whole(user, node))
                               for user in self._users[node]), default=stage[node])
        return stage

    def _schedule(self) -> list[Step]:
        """All steps, stage by stage."""
        self._done = {node: node.shape[self.rules.axis[node]] if self.rules.axis[node] is not None else 0
                      for node in self.graph.inputs}
        self._done |= dict.fromkeys(self._nodes, 0)
        self._left = {value: len(users) for value, users in self._users.items()}
        steps: list[Step] = []
        for level in range(max(self.stage.values(), default=0) + 1):
            here = [node for node in self._nodes if self.stage[node] == level]
            steps += [self._all_at_once(node) for node in here if node not in self.rules.bands]
            steps += self._streamed([node for node in here if node in self.rules.bands])
        return steps

    def _all_at_once(self, node: Node) -> Step:
        axis = self.rules.axis[node]
        self._done[node] = 0 if axis is None else node.shape[axis]
        return Step(node, 0, self._done[node], (None,) * len(node.operands), ((0, 0),) * len(node.operands),
                    self._released(node))

    def _streamed(self, nodes: list[Node]) -> list[Step]:
        """The bands of one stage."""
        ends, height, inside = [node for node in nodes if node in self.whole], self.rules.height, set(nodes)
        count = max((-(-height(node) // self.rows) for node in ends), default=0)
        steps: list[Step] = []
        for k in range(1, count + 1):
            wanted = {node: -(-height(node) * k // count) for node in ends}
            for node in reversed(nodes):
                bands = self.rules.bands[node]
                stop = min(height(node), -(-wanted.get(node, 0) // bands.tile) * bands.tile)
                wanted[node] = stop
                for value, reach in zip(node.operands, bands.reach):
                    if isinstance(value, Node) and value in inside and stop:
                        rows = min(height(value), needed(reach, 0, stop)[1])
                        wanted[value] = max(wanted.get(value, 0), rows)
            steps += [self._step(node, wanted[node]) for node in nodes if wanted[node] > self._done[node]]
        return steps

    def _step(self, node: Node, stop: int) -> Step:
        start, parts, outside = self._done[node], [], []
        for value, reach in zip(node.operands, self.rules.bands[node].reach):
            if reach is None or value is None:
                parts.append(None)
                outside.append((0, 0))
                continue
            height = value.shape[reach.axis]
            first, last = needed(reach, start, stop)
            parts.append((max(0, first), min(height, last)))
            outside.append((max(0, -first), max(0, last - height)))
        self._done[node] = stop
        return Step(node, start, stop, tuple(parts), tuple(outside), self._released(node))

    def _released(self, node: Node) -> tuple[tuple[Node, int | None], ...]:
        """What of the operands nobody needs any more."""
        found, kept = [], {*self.graph.inputs, *self.graph.outputs}
        for value in node.inputs:
            users = self._users[value]
            if value in kept:
                continue
            if all(self._finished(user) for user in users):
                found.append((value, None))
            elif value not in self.whole:
                found.append((value, min(self._first_needed(user, value) for user in users)))
        return tuple(found)

    def _finished(self, node: Node) -> bool:
        axis = self.rules.axis[node]
        return self._done[node] >= (1 if axis is None else node.shape[axis])

    def _first_needed(self, user: Node, value: Node) -> int:
        if self._finished(user):
            return value.shape[self.rules.axis[value]]
        return max(0, min(needed(reach, self._done[user], 0)[0]
                          for x, reach in zip(user.operands, self.rules.bands[user].reach) if x is value))

    @cached_property
    def _row_bytes(self) -> dict[Node, int]:
        """Of one row of each value, all of it where it has none; 0 for planes of inputs."""
        found = {}
        for node in (*self.graph.inputs, *self._nodes):
            axis, lies_in_input = self.rules.axis[node], node.operation and home(node) in self.graph.inputs
            found[node] = 0 if lies_in_input else node.nbytes // (1 if axis is None else node.shape[axis])
        return found

    @cached_property
    def peak(self) -> int:
        """Most bytes of values that are there at once: what is held, and what a step makes and joins."""
        held = {node: node.nbytes for node in self.graph.inputs}
        done: dict[Node, int] = {}
        most = now = sum(held.values())
        for step in self.steps:
            node, made = step.node, self._bytes(step.node, step.stop - step.start)
            grown = (0 if made == 0 else node.nbytes) if node in self.whole else held.get(node, 0) + made
            now += grown - held.get(node, 0)
            apart = made if node in self.whole and node in self.rules.bands else 0  # copied into the whole afterwards
            most = max(most, now + apart + self._joined(step))
            held[node], done[node] = grown, step.stop
            for value, row in step.release:
                left = 0 if row is None else self._bytes(value, max(0, done[value] - row))
                now -= held[value] - left
                held[value] = left
        return most

    def _bytes(self, node: Node, rows: int) -> int:
        return self._row_bytes[node] * (1 if self.rules.axis[node] is None else rows)

    def _joined(self, step: Step) -> int:
        """Bytes of parts that are put together, or copied, before the operation sees them."""
        bands = self.rules.bands.get(step.node)
        return sum(self._bytes(x, part[1] - part[0])
                   for x, part, reach in zip(step.node.operands, step.parts, bands.reach if bands else ())
                   if part and isinstance(x, Node) and (reach.above or reach.below or reach.axis > 1))

    def run(self, *inputs: Any) -> Any:
        """The page's answer, as `Order.run` gives it, to the last bit."""
        lines: dict[Node, Line | Whole] = {node: Whole(array, self.rules.axis[node])
                                           for node, array in bound(self.graph, inputs).items()}
        with transformed_once():
            for step in self.steps:
                self._compute(step, lines)
        return self.graph.answer({node: line.data for node, line in lines.items() if isinstance(line, Whole)})

    def _compute(self, step: Step, lines: dict[Node, Line | Whole]) -> None:
        node, bands = step.node, self.rules.bands.get(step.node)
        parts = [x if not isinstance(x, Node) and part is None else _rows(x, part, reach) if not isinstance(x, Node)
                 else lines[x].data if part is None else lines[x].part(*part)
                 for x, part, reach in zip(node.operands, step.parts, bands.reach if bands else step.parts)]
        if bands is None:
            lines[node] = Whole(node.operation(*parts, **node.options), self.rules.axis[node])
        else:
            y = computed(node, bands, step, parts)
            if node not in lines:
                whole = node in self.whole
                lines[node] = Whole(empty(node.shape, node.dtype), bands.axis) if whole else Line(bands.axis)
            lines[node].add(step.start, y)
        del parts
        for value, row in step.release:
            if row is None:
                del lines[value]
            else:
                lines[value].forget(row)


def needed(reach: Reach, start: int, stop: int) -> tuple[int, int]:
    """First row and the one after the last that rows start .. stop - 1 need; may lie outside of the image."""
    up, down = reach.per.numerator, reach.per.denominator
    return start * up // down - reach.above, -(-stop * up // down) + reach.below


def computed(node: Node, bands: Bands, step: Step, parts: list[Any]) -> np.ndarray:
    """The rows of one step."""
    count = step.stop - step.start
    if bands.compute is not None:
        tops = tuple(part[0] if part else 0 for part in step.parts)
        y, first = bands.compute(Band(step.start, step.stop, tops, step.outside), *parts, **node.options), step.start
    else:
        y = node.operation(*parts, **node.options)
        first = next(int(part[0] / reach.per) for part, reach in zip(step.parts, bands.reach) if part and reach)
    lead = (slice(None),) * bands.axis
    return y[(*lead, slice(step.start - first, step.start - first + count))]


def _rows(x: Any, part: tuple[int, int], reach: Reach) -> Any:
    """Rows of a constant."""
    return x if x is None else x[(slice(None),) * reach.axis + (slice(*part),)]


@dataclass(frozen=True)
class Rules:
    """Which axis of every value is its rows (None: it has none), and the row rule of every value that has one."""

    axis: dict[Node, int | None]
    bands: dict[Node, Bands]

    def height(self, node: Node) -> int:
        """Rows of a value that has some."""
        return node.shape[self.axis[node]]


def rules_of(inputs: tuple[Node, ...], nodes: list[Node]) -> Rules:
    """Ask every operation. Images are (..., h, w, c); what has fewer axes has no rows."""
    axis: dict[Node, int | None] = {node: _default(node) for node in inputs}
    bands: dict[Node, Bands] = {}
    for node in nodes:
        if home(node) in inputs:  # nothing to compute
            axis[node] = _default(node)
            continue
        seen = [None if x is None else Rows(x.shape, axis[x] if isinstance(x, Node) else None) for x in node.operands]
        rule = None
        if any(x is not None and x.axis is not None for x in seen):
            rule = node.operation.rows(*seen, **node.options)
        if rule is not None and all(reach is None or not isinstance(x, Node) or axis[x] == reach.axis
                                    for x, reach in zip(node.operands, rule.reach)):
            axis[node], bands[node] = rule.axis, rule
        else:
            axis[node] = _default(node)
    return Rules(axis, bands)


def _default(node: Node) -> int | None:
    return len(node.shape) - 3 if len(node.shape) > 3 else None
