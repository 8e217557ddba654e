"""What a schedule holds, in memory and in files: the most bytes at once, added up step by step before anything runs.

In the midst of an image a band is like the one before it, some rows further down. Once all that is held has come to
lie as it did before, but for these rows, the bands up to those that see the end of the image hold the same and are
passed over: a schedule of thousands of bands is added up from some dozens.
"""
from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

from refvr.ops.core.bands import Reach
from refvr.plan.fetch import can_be_fetched, extra
from refvr.plan.front import Front, Step
from refvr.plan.graph import Node
from refvr.plan.rows import needed, seen_by_rows
from refvr.plan.run import home

if TYPE_CHECKING:
    from refvr.plan.schedule import Schedule

PERIOD = 64  # bands after which they are alike, at most; where it is more, none is passed over


class Bytes(NamedTuple):
    """The most at once: of values in memory, and of files, those of inputs not counted."""

    peak: int
    disk: int


def most_held(schedule: Schedule, *, every_band: bool = False) -> Bytes:
    """By all steps of a schedule, those of bands that are like others once, unless `every_band` is wanted."""
    front, held = Front(schedule), _Held(schedule)
    for group in schedule.groups:
        loaded = sum(value.nbytes for value in schedule.loads(group))
        held.now += loaded
        alike = _Alike(schedule, front, held, group)
        for steps in front.bands(group):
            for step in steps:
                held.take(step)
            if not every_band:
                alike.look(steps)
        held.now -= loaded
    return Bytes(held.peak, held.disk)


class _Held:
    """What there is after each step.

    lines   bytes of every value; pieces: (first, last + 1) row of each part in which one that is not whole came
    """

    def __init__(self, schedule: Schedule) -> None:
        self._schedule, inputs = schedule, schedule.graph.inputs
        self.lines = {node: 0 if node in schedule.stored else node.nbytes for node in inputs}
        self.pieces: dict[Node, list[tuple[int, int]]] = defaultdict(list)
        self._files: set[Node] = set()
        self.peak = self.now = sum(self.lines.values())
        self.disk, self._row = 0, {node: self._row_bytes(node) for node in (*inputs, *schedule.nodes)}

    def _row_bytes(self, node: Node) -> int:
        """Of one row, all of a value that has none; 0 for planes of inputs."""
        axis = self._schedule.rules.axis[node]
        if node.operation and home(node) in self._schedule.graph.inputs:
            return 0
        return node.nbytes // (1 if axis is None else node.shape[axis])

    def take(self, step: Step) -> None:
        """A step: what it makes and joins, and what it lets go."""
        node, schedule = step.node, self._schedule
        made, streamed = self._bytes(node, step.stop - step.start), node in schedule.rules.bands
        grown = self.lines.get(node, 0) + made
        if node in schedule.whole:
            grown = 0 if made == 0 or node in schedule.stored else node.nbytes
        self.now += grown - self.lines.get(node, 0)
        apart = made if node in schedule.whole and streamed else 0  # copied into the whole afterwards
        apart += sum(extra(x, node, step.stop - step.start) for x in node.inputs if can_be_fetched(node, x))
        self.peak = max(self.peak, self.now + apart + self._joined(step))
        self.lines[node] = grown
        if streamed and node not in schedule.whole:
            self.pieces[node].append((step.start, step.stop))
        if node in schedule.stored:
            self._files.add(node)
            self.disk = max(self.disk, sum(value.nbytes for value in self._files))
        for value, row in step.release:
            self._let_go(value, row)

    def _let_go(self, value: Node, row: int | None) -> None:
        left = 0
        if row is None:
            self.pieces.pop(value, None)
            self._files.discard(value)
        elif value in self.pieces:
            parts = self.pieces[value] = [(max(a, row), b) for a, b in self.pieces[value] if b > row]
            left = self._bytes(value, parts[-1][1] - row) if parts else 0
        self.now -= self.lines[value] - left
        self.lines[value] = left

    def _bytes(self, node: Node, rows: int) -> int:
        return self._row[node] * (1 if self._schedule.rules.axis[node] is None else rows)

    def _joined(self, step: Step) -> int:
        """Bytes of parts that are put together, or copied, before the operation sees them."""
        bands = self._schedule.rules.bands.get(step.node)
        reaches = bands.reach if bands else ()
        return sum(self._bytes(x, part[1] - part[0]) for x, part, reach in zip(step.node.operands, step.parts, reaches)
                   if part and reach and isinstance(x, Node) and not self._lies_together(x, part, reach))

    def _lies_together(self, x: Node, part: tuple[int, int], reach: Reach) -> bool:
        """Whether rows of a value are seen where they lie."""
        if x in self._schedule.stored:
            return False
        if x not in self.pieces:
            return reach.axis <= 1 or part == (0, self._schedule.rules.height(x))
        pieces = self.pieces[x]
        return part in pieces or (reach.axis <= 1 and any(a <= part[0] and part[1] <= b for a, b in pieces))


class _Alike:
    """Whether the bands of a group have become alike, and how many of them can be passed over.

    After `period` bands each value has grown by whole rows and whole tiles, `rows`. If all that is held lies as it did
    a period ago, but for these rows, what follows does too, until a step asks for rows beyond the end of the image.
    """

    def __init__(self, schedule: Schedule, front: Front, held: _Held, group: list[Node]) -> None:
        self._schedule, self._front, self._held, self._group = schedule, front, held, group
        self.period, self.rows = 0, dict[Node, int]()
        self._lain: list[tuple[int, int | None, list[tuple[int, int]]]] = []
        self._recent: list[Step] = []
        self._passed = False

    def look(self, steps: list[Step]) -> None:
        """After the steps of a band: pass over those that are like the last ones."""
        front = self._front
        if self._passed or front.band <= 1:
            return
        self.period = self.period or self._found_period()
        self._recent = [*self._recent, *steps]
        if (front.band - 1) % self.period or self.period > PERIOD:
            return
        shift = (front.band - 1) // self.period
        lain = [(front.done[node] - rows * shift, self._held.lines.get(node),
                 [(a - rows * shift, b - rows * shift) for a, b in self._held.pieces.get(node, ())])
                for node, rows in self.rows.items()]
        if lain == self._lain:
            self._pass_over(self._periods_left())
        self._lain, self._recent = lain, []

    def _found_period(self) -> int:
        rules, share = self._schedule.rules, self._shares()
        parts = [share[node] / rules.bands[node].tile for node in self._group]
        parts += [share[node] * reach.per for node in self._group for reach in rules.bands[node].reach if reach]
        period = lcm(*(part.denominator for part in parts))
        self.rows = {node: int(part * period) for node, part in share.items()}
        return period

    def _shares(self) -> dict[Node, Fraction]:
        """Rows of each value of the group that a band brings."""
        share, inside = dict(self._front.share), {*self._group}
        for node in reversed(self._group):
            for value, reach in seen_by_rows(node, self._schedule.rules.bands[node]):
                if value in inside:
                    share.setdefault(value, share[node] * reach.per)
        return share

    def _periods_left(self) -> int:
        """After how many more the last steps would still see rows of the image alone; one less."""
        left = [(self._front.count - self._front.band) // self.period]
        for step in self._recent:
            rows = self.rows[step.node]
            left.append((self._schedule.rules.height(step.node) - step.stop) // rows)
            left += [int((x.shape[reach.axis] - needed(reach, step.start, step.stop)[1]) // (rows * reach.per))
                     for x, reach in zip(step.node.operands, self._schedule.rules.bands[step.node].reach)
                     if reach and x is not None]
        return min(left) - 1

    def _pass_over(self, periods: int) -> None:
        if periods < 1:
            return
        self._passed = True
        further = {node: rows * periods for node, rows in self.rows.items()}
        self._front.pass_over(self.period * periods, further)
        for node, more in further.items():
            if node in self._held.pieces:
                self._held.pieces[node] = [(a + more, b + more) for a, b in self._held.pieces[node]]
