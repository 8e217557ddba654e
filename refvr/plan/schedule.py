"""The order of a stream (stream.py), made before anything is computed: stages, and groups within a stage.

stage   begins where something is wanted whole that is not finished
group   values of one stage that pass rows to one another; groups run one after the other, each band by band (front.py)
"""
from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from refvr.plan.fetch import can_be_fetched
from refvr.plan.front import Front, Step
from refvr.plan.graph import Graph, Node
from refvr.plan.rows import rules_of
from refvr.plan.run import Order, home

LITTLE = 1 << 24  # bytes of a value that are no question


class Schedule:
    """Groups of a graph, and their steps in bands of `rows` rows of the highest values.

    files    whole maps from LITTLE bytes on lie in files; inputs that are `stored` do so already
    results  of any size too, with `files`: the page that reads them was laid out for that
    """

    def __init__(self, graph: Graph, rows: int, *, files: bool = False, results: bool = False) -> None:
        self.graph, self.rows, order = graph, rows, Order(graph)
        self.nodes = order.nodes
        self.rules = rules_of(graph.inputs, self.nodes)
        self.users: dict[Node, list[Node]] = defaultdict(list)
        for node in self.nodes:
            for value in node.inputs:
                self.users[value].append(node)
        self.stage = self._stages()
        later = {value for value in self.nodes for user in self.users[value]
                 if self.stage[user] > self.stage[value] or self._wants_whole(user, value)}
        self.whole = later | set(graph.outputs) | {node for node in self.nodes if node not in self.rules.bands}
        if files:
            self.whole |= {node for node in self.nodes if self._wants_some_whole(node)}
        self.stored = {node for node in graph.inputs if node.options.get("stored")}
        self.stored |= {node for node in self.whole if files and node in self.rules.bands
                        and (results if node in graph.outputs else node.nbytes >= LITTLE)}
        self.groups = self._groups()

    @property
    def runs_whole(self) -> list[Node]:
        """Operations that need all rows at once."""
        return [node for node in self.nodes if node not in self.rules.bands and home(node) is node]

    def _wants_whole(self, user: Node, value: Node) -> bool:
        bands = self.rules.bands.get(user)
        return bands is None or any(x is value and reach is None for x, reach in zip(user.operands, bands.reach))

    def _wants_some_whole(self, node: Node) -> bool:
        return node in self.rules.bands and any(
            self._wants_whole(node, value) and not can_be_fetched(node, value) for value in node.inputs)

    def _stages(self) -> dict[Node, int]:
        """Stage of every value: a new one begins where something is wanted whole."""
        stage, now = dict.fromkeys(self.graph.inputs, -1), 0
        for node in self.nodes:
            unfinished = (value for value in node.inputs if stage[value] == now and value in self.rules.bands)
            now += any(self._wants_whole(node, value) for value in unfinished)
            stage[node] = now
        for node in reversed(self.nodes):  # as late as its users allow: offsets beside what they sample, not before
            stage[node] = min((stage[user] - (node in self.rules.bands and self._wants_whole(user, node))
                               for user in self.users[node]), default=stage[node])
        return stage

    def _groups(self) -> list[list[Node]]:
        """Values of one stage that pass rows to one another; in an order in which each finds what it needs."""
        number = {node: k for k, node in enumerate(self.nodes)}
        joined = {node: node for node in self.nodes}   # towards the one that stands for its group

        def standing(node: Node) -> Node:
            while joined[node] is not node:
                node = joined[node]
            return node

        for node in self.nodes:
            for value in node.inputs:
                if value in joined and value not in self.whole and node in self.rules.bands:
                    joined[standing(node)] = standing(value)
        groups: dict[Node, list[Node]] = defaultdict(list)
        for node in self.nodes:
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

    def loads(self, group: list[Node]) -> list[Node]:
        """Values in files that a group reads whole, and needs until it is done."""
        return list(dict.fromkeys(value for node in group for value in node.inputs
                                  if value in self.stored and self._wants_whole(node, value)
                                  and not can_be_fetched(node, value)))

    @cached_property
    def passes(self) -> list[tuple[list[Node], list[Step]]]:
        """For each group what it loads, and its steps, in order."""
        front = Front(self)
        return [(self.loads(group), [step for band in front.bands(group) for step in band]) for group in self.groups]

    @property
    def steps(self) -> list[Step]:
        """Those of all groups."""
        return [step for _, steps in self.passes for step in steps]


def _given(group: list[Node]) -> set[Node]:
    """What a group needs of others."""
    return {value for node in group for value in node.inputs}.difference(group)
