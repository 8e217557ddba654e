"""Values that are never stored, in the page's order: made and used a few rows at a time. There are two kinds.

What is larger than all around it:

    filters = conv1x1(z)                             25 times as large as z
    y       = fac(x, reshape(filters))               as large as z
    summary = conv1x1(reshape(filters))              as large as z

Where a value is LARGER times as large as each value that it is made from and each that is made from it, and rows of it
see and are seen by the same rows alone, these operations are one step, whose bands go through a stream of their own
(stream.py). It takes no time, other than streaming what overlaps.

What is put together for one operation alone:

    y = conv(concat(feature, warp(a, flow), warp(b, flow)))

With what is made for the concatenation alone, here what is warped, this is one step as well. Its bands are read from
the processor's cache where the whole would be written to memory and read again.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from refvr.plan.graph import Graph, Node
from refvr.plan.rows import Rules, rules_of
from refvr.plan.run import Order, home
from refvr.plan.stream import Stream

LARGER = 4
BAND = 1 << 24  # bytes of such a value that exist at once


@dataclass(eq=False)
class Passage:
    """Nodes that are computed together: `inputs` -> `outputs`, by bands of BAND bytes of `large`, one of them."""

    members: list[Node]
    inputs: list[Node]
    outputs: list[Node]
    large: Node

    @cached_property
    def stream(self) -> Stream:
        """The schedule of the members alone."""
        now = {x: Node(k, None, (), {}, x.shape, x.dtype) for k, x in enumerate(self.inputs)}
        given = tuple(now.values())
        for node in self.members:
            operands = tuple(now[x] if isinstance(x, Node) else x for x in node.operands)
            now[node] = replace(node, operands=operands)
        graph = Graph((*now.values(),), given, [now[x] for x in self.outputs])
        height = self.outputs[0].shape[-3]
        return Stream(graph, max(1, height * BAND // self.large.nbytes))

    @property
    def extra(self) -> int:
        """Bytes beside inputs and outputs."""
        return self.stream.peak - sum(x.nbytes for x in (*self.inputs, *self.outputs))

    def compute(self, *inputs: np.ndarray) -> list[np.ndarray]:
        """The outputs, computed band by band from the inputs."""
        return self.stream.run(*inputs)


class Thrifty(Order):
    """The page's order with such passages."""

    def _made_steps(self) -> list[Node | Passage]:
        rules = rules_of(self.graph.inputs, self.nodes)
        ends = {passage.members[-1]: passage for passage in passages(self, rules)}
        inside = {node for passage in ends.values() for node in passage.members}
        return [ends.get(node, node) for node in self.nodes if node in ends or node not in inside]


def passages(order: Order, rules: Rules) -> Iterator[Passage]:
    """The passages of a graph in its order: nodes one after another that are worth computing band by band."""
    taken: set[Node] = set()
    users = Users(order)
    for node in order.nodes:
        if node.nbytes < BAND or home(node) is not node:
            continue
        found = _joined(order, rules, users, node)
        if _only_rows(node, rules, node.inputs):
            found = _passage(order, rules, node) or found
        if found and not taken & {*found.members}:
            taken |= {*found.members}
            yield found


def _passage(order: Order, rules: Rules, large: Node) -> Passage | None:
    """What becomes of one large value; None where somebody needs more of it than its row."""
    same, ends = [large], list[Node]()
    for node in order.nodes:
        seen = [x for x in node.inputs if x in same]
        if not seen:
            continue
        if not _only_rows(node, rules, seen):
            return None
        (same if home(node) is large else ends).append(node)
    members, inputs = _with_inputs(order, {*same, *ends})
    around = (*large.inputs, *ends)
    if not ends or {*same} & {*order.graph.outputs} or any(x.nbytes * LARGER > large.nbytes for x in around):
        return None
    if any(rules.axis[x] != len(x.shape) - 3 for x in (*inputs, *ends)):
        return None
    between = order.nodes[order.nodes.index(members[0]):order.nodes.index(members[-1])]
    if any(x in ends for node in between if node not in members for x in node.inputs):
        return None
    return Passage(members, inputs, ends, large)


class Users(dict[Node, list[Node]]):
    """Which nodes read a value; results have one that does not exist."""

    def __init__(self, order: Order) -> None:
        super().__init__({node: [] for node in order.graph.nodes})
        for node in order.nodes:
            for x in node.inputs:
                self[x].append(node)
        for node in order.graph.outputs:
            self[node].append(node)


def _joined(order: Order, rules: Rules, users: Users, large: Node) -> Passage | None:
    """A concatenation with the one operation that reads it, and all that is made for it alone, but for what is made of
    more than it is: that would have to wait for the bands."""
    if large.kind != "concat" or large not in rules.bands or len(users[large]) != 1:
        return None
    end = users[large][0]
    if not _reads_rows(end, rules, large) or rules.axis[end] != len(end.shape) - 3 or home(end) is not end:
        return None
    parts = {x for x in large.inputs if x in rules.bands and home(x) is x and users[x] == [large]
             and sum(y.nbytes for y in x.inputs if y.operation is not None and users[y] == [x]) <= x.nbytes}
    members, inputs = _with_inputs(order, {*parts, large, end})
    found = Passage(members, inputs, [end], large)
    return found if found.extra < large.nbytes else None


def _with_inputs(order: Order, members: set[Node]) -> tuple[list[Node], list[Node]]:
    """Nodes in their order, and what they need of others."""
    found = [node for node in order.nodes if node in members]
    return found, list(dict.fromkeys(x for node in found for x in node.inputs if x not in members))


def _reads_rows(node: Node, rules: Rules, value: Node) -> bool:
    """Whether a node needs some rows of a value alone for some of its own."""
    bands = rules.bands.get(node)
    return bands is not None and all(reach is not None for x, reach in zip(node.operands, bands.reach) if x is value)


def _only_rows(node: Node, rules: Rules, values: list[Node]) -> bool:
    """Whether a row of a node sees the same row alone of these operands."""
    bands = rules.bands.get(node)
    if bands is None:
        return False
    seen = [reach for x, reach in zip(node.operands, bands.reach) if isinstance(x, Node) and x in values]
    return all(reach is not None and (reach.per, reach.above, reach.below) == (1, 0, 0) for reach in seen)
