"""The bands of a group, one after the other: how far each of its values is, and the steps that bring them further."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from refvr.ops.core.bands import Reach
from refvr.plan.graph import Node
from refvr.plan.rows import needed, seen_by_rows

if TYPE_CHECKING:
    from refvr.plan.schedule import Schedule


FINEST = 16  # parts of a row in which a band is counted, where maps of several heights grow together
Asks = tuple[Node, int, int, list[tuple[Node, int, Reach]]]  # a value, its rows, its tile; operands, theirs, which


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


class Front:
    """One way through a schedule, from its first group to its last.

    done   rows of each value that are there, or were
    band   number of the next one of the group, of `count`; from 1 on there are rows of what the group ends in
    share  rows of each of these that a band brings, the last one what is left
    """

    def __init__(self, schedule: Schedule) -> None:
        self._schedule, self.rules = schedule, schedule.rules
        self.done = dict.fromkeys(schedule.nodes, 0)
        self._kept = {*schedule.graph.inputs, *schedule.graph.outputs}
        self.band = self.count = 0
        self.share: dict[Node, Fraction] = {}

    def bands(self, group: list[Node]) -> Iterator[list[Step]]:
        """All steps of a group.

        Before the first rows of its ends come bands of those above them, so that a network whose last rows see many of
        the first ones does not begin with a band as high as all of these.
        """
        self.band, self.count, self.share = 0, 0, {}
        if group[0] not in self.rules.bands:
            yield [self._all_at_once(group[0])]
            return
        ends = {node: self.rules.height(node) for node in group if node in self._schedule.whole}
        highest = max(ends.values(), default=1)
        rows = min(highest, self._schedule.rows)
        self.share = {node: Fraction(height * rows, highest).limit_denominator(FINEST) for node, height in ends.items()}
        self.band, self.count = 1, -(-highest // rows) if ends else 0
        asks = [self._asks(node, {*group}) for node in reversed(group)]
        while any(rows > 0 for rows in _wanted(self._ends(self.band - 1), asks).values()):
            self.band -= 1
        while self.band <= self.count:
            wanted = _wanted(self._ends(self.band), asks)
            self.band += 1
            yield [self._step(node, wanted[node]) for node in group if wanted[node] > self.done[node]]

    def pass_over(self, bands: int, rows: dict[Node, int]) -> None:
        """Go on after so many bands more, in which each value grows by so many rows."""
        self.band += bands
        for node, more in rows.items():
            self.done[node] += more

    def _ends(self, band: int) -> dict[Node, int]:
        """How many rows there must be after a band of what the group ends in."""
        height = self.rules.height
        return {node: height(node) if band >= self.count else min(height(node), ceil(share * band))
                for node, share in self.share.items()}

    def _all_at_once(self, node: Node) -> Step:
        axis = self.rules.axis[node]
        self.done[node] = 1 if axis is None else node.shape[axis]
        return Step(node, 0, self.done[node], (None,) * len(node.operands), ((0, 0),) * len(node.operands),
                    self._released(node))

    def _asks(self, node: Node, inside: set[Node]) -> Asks:
        """What a value asks of others of its group."""
        height, bands = self.rules.height, self.rules.bands[node]
        return node, height(node), bands.tile, [(x, height(x), reach) for x, reach in seen_by_rows(node, bands)
                                                if x in inside]

    def _step(self, node: Node, stop: int) -> Step:
        start = self.done[node]
        parts: list[tuple[int, int] | None] = []
        outside: list[tuple[int, int]] = []
        for value, reach in zip(node.operands, self.rules.bands[node].reach):
            if reach is None or value is None:
                parts.append(None)
                outside.append((0, 0))
                continue
            height = value.shape[reach.axis]
            first, last = needed(reach, start, stop)
            parts.append((max(0, first), min(height, last)))
            outside.append((max(0, -first), max(0, last - height)))
        self.done[node] = stop
        return Step(node, start, stop, tuple(parts), tuple(outside), self._released(node))

    def _released(self, node: Node) -> tuple[tuple[Node, int | None], ...]:
        """What of the operands is dead: no later step reads it."""
        found: list[tuple[Node, int | None]] = []
        for value in node.inputs:
            users = self._schedule.users[value]
            if value in self._kept:
                continue
            if all(self._finished(user) for user in users):
                found.append((value, None))
            elif value not in self._schedule.whole:
                found.append((value, min(self._first_needed(user, value) for user in users)))
        return tuple(found)

    def _finished(self, node: Node) -> bool:
        axis = self.rules.axis[node]
        return self.done[node] >= (1 if axis is None else node.shape[axis])

    def _first_needed(self, user: Node, value: Node) -> int:
        if self._finished(user):
            return self.rules.height(value)
        return max(0, min(needed(reach, self.done[user], 0)[0]
                          for x, reach in seen_by_rows(user, self.rules.bands[user]) if x is value))


def _wanted(ends: dict[Node, int], asks: list[Asks]) -> dict[Node, int]:
    """How many rows of each value of a group there must be; none where it is not above 0.

    ends  of what the group ends in, so many rows;  asks: of all values, users before what they use
    """
    wanted = dict(ends)
    for node, height, tile, operands in asks:
        stop = wanted[node] = min(height, -(-wanted[node] // tile) * tile)
        for value, there, reach in operands:
            rows = min(there, needed(reach, 0, stop)[1])
            wanted[value] = max(wanted.get(value, rows), rows)
    return wanted
