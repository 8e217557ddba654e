"""The order in which a graph's values are computed, how long each is needed, and so the memory, before anything runs.

A value is needed until its last user has run; dead values are not computed at all. A reshape, and a slice
that takes whole planes, lies in the memory of its operand and holds that instead. `peak` adds up what there is at once.
"""
from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from refvr.errors import ShapeError
from refvr.plan.graph import Graph, Node, leaves
from refvr.plan.lines import Stored


class Order:
    """The nodes of a graph that its result needs, in the order of the page, and after which each value may go."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        wanted, outputs = set(graph.outputs), graph.outputs
        for node in reversed(graph.nodes):
            if node in wanted:
                wanted.update(node.inputs)
        self.nodes = [node for node in graph.nodes if node in wanted and node.operation]
        self._kept = set(outputs) | set(graph.inputs)  # theirs to let go, who have or get them

    @cached_property
    def steps(self) -> list[Any]:
        """What is computed one after the other: nodes; in plan/local.py also several at once."""
        return self._made_steps()

    def _made_steps(self) -> list[Any]:
        return self.nodes

    @cached_property
    def ends(self) -> dict[Any, list[Node]]:
        """For every step the values that are dead once it is computed."""
        last = {value: step for step in self.steps for value in step.inputs}
        found: dict[Any, list[Node]] = {step: [] for step in self.steps}
        for value, step in last.items():
            if value not in self._kept:
                found[step].append(value)
        return found

    @cached_property
    def held(self) -> list[int]:
        """Bytes that are there while each step is computed: inputs, its operands, its result, all that waits."""
        homes = {node: home(node) for node in self.graph.nodes}
        alive = dict.fromkeys(self.graph.inputs, 1)  # memory -> values that lie in it and are needed
        now, found = sum(node.nbytes for node in alive), []
        for step in self.steps:
            for where in (homes[node] for node in step.outputs):
                if not alive.get(where):
                    now += where.nbytes
                alive[where] = alive.get(where, 0) + 1
            found.append(now + step.extra)
            for value in self.ends[step]:
                alive[homes[value]] -= 1
                if not alive[homes[value]]:
                    now -= homes[value].nbytes
        return found

    @property
    def peak(self) -> int:
        """Most bytes of values that are there at once."""
        return max(self.held, default=sum(node.nbytes for node in self.graph.inputs))

    def run(self, *inputs: object) -> object:
        """The page's answer for `inputs`, arranged as `capture` had them: the page's own calls, in its order.

        Raises ShapeError for inputs of other shapes or types than were captured.
        """
        values: dict[Node, np.ndarray] = bound(self.graph, inputs)
        for step in self.steps:
            if not isinstance(step, Node):
                values.update(zip(step.outputs, step.compute(*(values[x] for x in step.inputs))))
            elif step.operation is not None:
                values[step] = step.operation(*(values[x] if isinstance(x, Node) else x for x in step.operands),
                                              **step.options)
            for gone in self.ends[step]:
                del values[gone]
        return self.graph.answer(values)


def bound(graph: Graph, inputs: object) -> dict[Node, Any]:
    """Arrays, or those stored in files, for the input nodes."""
    arrays = [x for x in leaves(inputs) if isinstance(x, (np.ndarray, Stored))]
    came, expected = [(x.shape, x.dtype) for x in arrays], [(x.shape, x.dtype) for x in graph.inputs]
    if came != expected:
        wrong = next(((a, b) for a, b in zip(came, expected) if a != b), (len(came), len(expected)))
        raise ShapeError(f"plan: got inputs {wrong[0]}, expected {wrong[1]}, for which it was made",
                         fix="capture again where sizes change")
    return dict(zip(graph.inputs, arrays))


def weights(graph: Graph) -> list[np.ndarray]:
    """The arrays of a graph that are no nodes: parameters and constants, each once."""
    arrays = (x for node in graph.nodes for x in node.operands if isinstance(x, np.ndarray))
    return list({id(x): x for x in arrays}.values())


def home(node: Node) -> Node:
    """The node in whose memory a value lies: its own, or that of which it is a reshape or whole planes."""
    while node.operation and node.operation.name in ("reshape", "slice") and isinstance(node.operands[0], Node):
        source = node.operands[0]
        if node.operation.name == "slice":
            part = np.lib.stride_tricks.as_strided(np.empty(1, np.uint8), source.shape, _strides(source.shape))
            if not part[node.options["index"]].flags.c_contiguous:
                return node
        node = source
    return node


def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Of a contiguous array of bytes."""
    return tuple(int(np.prod(shape[k + 1:], dtype=np.int64)) for k in range(len(shape)))
