"""The graph of a call, folded by module: at each level a few boxes, each of which opens into the next level.

A box is a module, or, where the page itself calls operations, all calls that one line makes. What a loop repeats, over
frames or steps, is one box with a count. Boxes lie in layers: each below everything that it needs, loops apart.
"""
from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from refvr.ops.core.operation import Operation
from refvr.plan.cost import multiply_adds
from refvr.plan.graph import PACKAGE, Graph, Like, Node, capture
from refvr.verify.runs.network_call import Subject

Key = str


@dataclass
class Box:
    """One box of a level: `path` of the module, or "file:line operation"; its nodes; whether it opens."""

    path: str
    nodes: list[Node] = field(default_factory=list)
    opens: bool = False

    def facts(self) -> dict[str, Any]:
        """What a page tells of it, as plain values."""
        last = self.nodes[-1]
        calls = {(n.scope, n.number if not n.module else 0) for n in self.nodes} if self.opens else self.nodes
        return {"path": self.path, "opens": self.opens, "shape": list(last.shape), "calls": len(calls),
                "operations": len(self.nodes), "multiply_adds": sum(map(_cost, self.nodes)),
                "line": last.line, "source": _source(last.line), "formula": _formula(last.computed_by),
                "value": value_name(self.nodes)}


def graph_of(subject: Subject, decisions: object = None) -> Graph:
    """The graph of a call; SAFA's with its `decisions` as they were taken, since a graph cannot decide."""
    taken = {"routing": decisions} if decisions is not None else {}
    return capture(subject.call, *(Like(x.shape) for x in subject.operands.values()), **taken)


def levels(graph: Graph) -> dict[Key, dict[str, Any]]:
    """Path of a module -> {"boxes": [facts with layer and column], "edges": [(from, to)]}; "" is the network."""
    found: dict[Key, dict[str, Any]] = {}
    todo = [""]
    while todo:
        path = todo.pop(0)
        boxes, owner = boxes_of(graph, path)
        edges = edges_of(boxes, owner)
        laid = _layers(list(boxes), edges)
        found[path] = {"boxes": [box.facts() | {"layer": laid[key][0], "column": laid[key][1]}
                                 for key, box in boxes.items()], "edges": sorted(edges)}
        todo += [key for key, box in boxes.items() if box.opens]
    return found


def value_name(nodes: Iterable[Node]) -> str:
    """The trace's name of the last value that has one, "" if none has."""
    return next((node.names[-1] for node in reversed(list(nodes)) if node.names), "")


def boxes_of(graph: Graph, path: str) -> tuple[dict[Key, Box], dict[Node, Key]]:
    """The boxes of a level, in the page's order, and which box a node is in."""
    boxes: dict[Key, Box] = {}
    owner: dict[Node, Key] = {}
    prefix = f"{path}." if path else ""
    for node in graph.nodes:
        inside = node.module == path or node.module.startswith(prefix)
        if node.operation is None or not inside:
            continue
        rest = node.module.removeprefix(path).lstrip(".")
        if rest:
            key, opens = prefix + _first(rest), True
        else:
            key, opens = f"{node.line} {node.kind}", False
        box = boxes.setdefault(key, Box(key, [], opens))
        box.nodes.append(node)
        owner[node] = key
    for box in boxes.values():  # a module that is one operation has nothing inside
        box.opens = box.opens and len({n.line + n.kind + n.module for n in box.nodes}) > 1
    return boxes, owner


def _first(rest: str) -> str:
    """"reconstruction.3.conv1" -> "reconstruction.3": a part of a list is named by its number."""
    parts = rest.split(".")
    return ".".join(parts[:2]) if len(parts) > 1 and parts[1].isdigit() else parts[0]


def edges_of(boxes: dict[Key, Box], owner: dict[Node, Key]) -> set[tuple[Key, Key]]:
    """Between boxes of a level, straight or through boxes of none."""
    edges = {(owner[x], key) for key, box in boxes.items() for node in box.nodes for x in node.inputs if x in owner}
    return {(a, b) for a, b in edges if a != b}


def _layers(keys: list[Key], edges: set[tuple[Key, Key]]) -> dict[Key, tuple[int, int]]:
    """Box -> (layer, column). An edge against the page's order closes a loop, and moves nothing."""
    order, layer, used = {key: k for k, key in enumerate(keys)}, dict.fromkeys(keys, 0), dict[int, int]()
    for key in keys:
        layer[key] = max((layer[a] + 1 for a, b in edges if b == key and order[a] < order[key]), default=0)
    places = {}
    for key in keys:
        column = used.get(layer[key], 0)
        used[layer[key]] = column + 1
        places[key] = layer[key], column
    return places


def _cost(node: Node) -> float:
    return multiply_adds(node.kind, [() if x is None else x.shape for x in node.operands], node.shape)


def _source(line: str, around: int = 2) -> list[str]:
    """The lines of the page around `line`, each with its number."""
    name, _, number = line.rpartition(":")
    path = PACKAGE.parent / name
    if not Path(path).is_file():
        return []
    lines = path.read_text().splitlines()
    first = max(int(number) - 1 - around, 0)
    return [f"{first + k + 1}  {text}" for k, text in enumerate(lines[first:int(number) + around])]


def _formula(operation: Operation) -> str:
    """How the operation's own file begins: the sentence and its formula."""
    doc = sys.modules[operation.forward["plain"].__module__].__doc__ or ""
    return f"{operation.name}: " + "\n\n".join(doc.strip().split("\n\n")[:2])
