"""The steps of a stream (stream.py), made before anything is computed: stages, groups, and bands within a group.

stage   begins where something is wanted whole that is not finished
group   values of one stage that pass rows to one another; groups run one after the other
step    some rows of one value, from the rows of its operands; and what is dead afterwards
"""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from refvr.plan.fetch import can_be_fetched
from refvr.plan.graph import Graph, Node
from refvr.plan.rows import needed, rules_of, seen_by_rows
from refvr.plan.run import Order, home

LITTLE = 1 << 24  # bytes of a value that are no question


@dataclass(frozen=True)
class Step:
    """Rows start .. stop - 1 of a value, all of one without rows.

    parts    first and last row of each operand, None: all of it; outside: rows that it lacks, above and below the image
    release  (value, row): of which values the rows above which row are no longer needed; None: the value itself
    load     values in files that are read whole before; drop: those of them that are not needed whole afterwards
    """

    node: Node
    start: int
    stop: int
    parts: tuple[tuple[int, int] | None, ...]
    outside: tuple[tuple[int, int], ...]
    release: tuple[tuple[Node, int | None], ...]
    load: tuple[Node, ...] = ()
    drop: tuple[Node, ...] = ()


class Schedule:
    """All steps for a graph, in bands of `rows` rows of its highest values.

    files    whole maps from LITTLE bytes on lie in files; inputs that are `stored` do so already
    results  of any size too, with `files`: the page that reads them was laid out for that
    """

    def __init__(self, graph: Graph, rows: int, *, files: bool = False, results: bool = False) -> None:
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
        if files:
            self.whole |= {node for node in self._nodes if self._wants_some_whole(node)}
        self.stored = {node for node in graph.inputs if node.options.get("stored")}
        self.stored |= {node for node in self.whole if files and node in self.rules.bands
                        and (results if node in graph.outputs else node.nbytes >= LITTLE)}
        self.groups = self._groups()
        self._done = dict.fromkeys(self._nodes, 0)   # rows
        self.steps = [step for group in self.groups for step in self._steps_of(group)]

    @property
    def runs_whole(self) -> list[Node]:
        """Operations that need all rows at once."""
        return [node for node in self._nodes if node not in self.rules.bands and home(node) is node]

    def _wants_whole(self, user: Node, value: Node) -> bool:
        bands = self.rules.bands.get(user)
        return bands is None or any(x is value and reach is None for x, reach in zip(user.operands, bands.reach))

    def _wants_some_whole(self, node: Node) -> bool:
        return node in self.rules.bands and any(
            self._wants_whole(node, value) and not can_be_fetched(node, value) for value in node.inputs)

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

    def _groups(self) -> list[list[Node]]:
        """Values of one stage that pass rows to one another; in an order in which each finds what it needs."""
        number = {node: k for k, node in enumerate(self._nodes)}
        joined = {node: node for node in self._nodes}   # towards the one that stands for its group

        def standing(node: Node) -> Node:
            while joined[node] is not node:
                node = joined[node]
            return node

        for node in self._nodes:
            for value in node.inputs:
                if value in joined and value not in self.whole and node in self.rules.bands:
                    joined[standing(node)] = standing(value)
        groups: dict[Node, list[Node]] = defaultdict(list)
        for node in self._nodes:
            groups[standing(node)].append(node)
        return self._sorted(sorted(groups.values(), key=lambda group: number[group[-1]]), number)

    def _sorted(self, left: list[list[Node]], number: dict[Node, int]) -> list[list[Node]]:
        """Groups in their order, but those before that others need."""
        found: list[list[Node]] = []
        done = set(self.graph.inputs)
        while left:
            group = next((group for group in left if done.issuperset(_given(group))), None)
            if group is None:   # some wait for one another: rows go both ways between them, though they are kept
                lowest = min(self.stage[group[0]] for group in left)
                circle = [group for group in left if self.stage[group[0]] == lowest and group[0] in self.rules.bands]
                group = sorted((node for group in circle for node in group), key=number.__getitem__)
                left = [group, *(other for other in left if other not in circle)]
            left.remove(group)
            done.update(group)
            found.append(group)
        return found

    def _steps_of(self, group: list[Node]) -> list[Step]:
        """All steps of a group, and which maps it reads whole from their files."""
        streamed = group[0] in self.rules.bands
        load = tuple(dict.fromkeys(value for node in group for value in node.inputs
                                   if value in self.stored and self._wants_whole(node, value)
                                   and not can_be_fetched(node, value)))
        steps = self._streamed(group) if streamed else [self._all_at_once(group[0])]
        if load:
            steps[0] = replace(steps[0], load=load)
            steps[-1] = replace(steps[-1], drop=load)
        return steps

    def _all_at_once(self, node: Node) -> Step:
        axis = self.rules.axis[node]
        self._done[node] = 1 if axis is None else node.shape[axis]
        return Step(node, 0, self._done[node], (None,) * len(node.operands), ((0, 0),) * len(node.operands),
                    self._released(node))

    def _streamed(self, nodes: list[Node]) -> list[Step]:
        """The bands of one group. Before the first rows of the ends come bands of those above them, so that a network
        whose last rows see many of the first ones does not begin with a band as high as all of these."""
        height = self.rules.height
        count = max((-(-height(node) // self.rows) for node in nodes if node in self.whole), default=0)
        first = 1
        while any(rows > 0 for rows in self._wanted(nodes, first - 1, count).values()):
            first -= 1
        steps: list[Step] = []
        for k in range(first, count + 1):
            wanted = self._wanted(nodes, k, count)
            steps += [self._step(node, wanted[node]) for node in nodes if wanted[node] > self._done[node]]
        return steps

    def _wanted(self, nodes: list[Node], k: int, count: int) -> dict[Node, int]:
        """How many rows of each value there must be after band k of `count`; none where it is not above 0."""
        height, inside = self.rules.height, set(nodes)
        wanted = {node: -(-height(node) * k // count) for node in nodes if node in self.whole}
        for node in reversed(nodes):
            bands = self.rules.bands[node]
            stop = wanted[node] = min(height(node), -(-wanted[node] // bands.tile) * bands.tile)
            for value, reach in seen_by_rows(node, bands):
                if value in inside:
                    rows = min(height(value), needed(reach, 0, stop)[1])
                    wanted[value] = max(wanted.get(value, rows), rows)
        return wanted

    def _step(self, node: Node, stop: int) -> Step:
        start = self._done[node]
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
        self._done[node] = stop
        return Step(node, start, stop, tuple(parts), tuple(outside), self._released(node))

    def _released(self, node: Node) -> tuple[tuple[Node, int | None], ...]:
        """What of the operands is dead: no later step reads it."""
        found: list[tuple[Node, int | None]] = []
        kept = {*self.graph.inputs, *self.graph.outputs}
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
            return self.rules.height(value)
        return max(0, min(needed(reach, self._done[user], 0)[0]
                          for x, reach in seen_by_rows(user, self.rules.bands[user]) if x is value))


def _given(group: list[Node]) -> set[Node]:
    """What a group needs of others."""
    return {value for node in group for value in node.inputs}.difference(group)
