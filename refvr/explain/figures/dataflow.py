"""The data flow of a network with shapes, from its captured graph: modules as boxes, inputs above, results below.

What only moves values about (slices, reshapes) is no box; the equal parts of a list are one. Boxes lie in layers, each
below all that it needs; an arrow back up, dashed, closes a loop over frames or steps.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from refvr.drawing.plots import pyplot
from refvr.explain import fold
from refvr.explain.figures.look import Seen
from refvr.explain.points import Point
from refvr.plan.graph import Graph, Node

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOVES = {"slice", "reshape", "stack", "zeros", "mirror"}
STRAIGHT = 8                                   # how much more the parts of one long arrow pull at each other
WIDTH, HEIGHT, GAP = 1.9, 0.46, 0.36           # inches: a box, and the space between layers
COLOURS = {"input": "#f3e2b3", "module": "#d7e6f2", "operation": "#ffffff", "output": "#f3e2b3"}
SWEEPS = 40                                    # over the layers, to uncross arrows


@dataclass
class Box:
    """A box of the drawing."""

    label: str
    shape: tuple[int, ...]
    kind: str
    calls: int = 1
    names: list[str] = field(default_factory=list)   # of the equal parts of a list that it stands for

    @property
    def text(self) -> str:
        """Two lines: what it is, and the shape of what it gives, without an axis of one image."""
        label = self.label if len(self.names) < 2 else f"{self.label} {self.names[0]} to {self.names[-1]}"
        times = f"   {self.calls} times" if self.calls > 1 else ""
        shape = self.shape[1:] if self.shape[0] == 1 else self.shape
        return f"{label}\n{' x '.join(map(str, shape))}{times}"


Flow = tuple[dict[str, Box], set[tuple[str, str]]]


def dataflow(seen: Seen, points: list[Point]) -> Figure:
    """The whole network; its parts are on the page."""
    decisions = np.asarray(seen.answer.decisions) if seen.subject.record.call.times else None
    names = list(seen.subject.operands)
    boxes, edges = flow_of(fold.graph_of(seen.subject, decisions), names)
    layers = layers_of(boxes, edges)
    place = _places(boxes, edges, layers)
    wide = max(x for x, _ in place.values()) - min(x for x, _ in place.values()) + 1
    deep = max(layers.values()) + 1
    size = max(10.2, wide * (WIDTH + 0.3) + 1), deep * (HEIGHT + GAP) + 0.8
    figure, axis = pyplot().subplots(figsize=size, layout="constrained")
    for a, b in sorted(edges):
        _arrow(axis, a, b, place, layers)
    for key, box in boxes.items():
        _draw(axis, box, place[key])
    left, right = min(x for x, _ in place.values()), max(x for x, _ in place.values())
    middle, half = (left + right) / 2, size[0] / (WIDTH + 0.3) / 2
    axis.set(xlim=(middle - half, middle + half), ylim=(deep - 0.4, -0.6))
    axis.axis("off")
    axis.set_title(f"{seen.subject.about['model']}: data flow, rows x columns x channels", fontsize=11)
    return figure


def flow_of(graph: Graph, inputs: Iterable[str]) -> Flow:
    """Boxes and arrows of a graph; `inputs`: names of what the network is given, in order."""
    folded, owner = fold.boxes_of(graph, "")
    boxes: dict[str, Box] = {}
    given = [node for node in graph.nodes if node.operation is None]
    for name, node in zip(inputs, given):
        boxes[name], owner[node] = Box(name, node.shape, "input"), name
    for key, box in folded.items():
        facts, name = box.facts(), box.nodes[0].kind
        alone = " " in key
        boxes[key] = Box(name if alone else key, tuple(facts["shape"]), "operation" if alone else "module",
                         facts["calls"])
    ends = {owner[node] for node in graph.outputs}
    for node in graph.outputs[:1]:
        boxes[owner[node]].shape = node.shape
    moving = {k for k, box in folded.items() if {n.kind for n in box.nodes} <= MOVES and k not in ends}
    boxes = {key: box for key, box in boxes.items() if key not in moving}
    edges = {(a, key) for key, box in folded.items() if key in boxes for node in box.nodes
             for x in node.inputs for a in _sources(x, owner, moving)}
    boxes, edges = _merged(*_absorbed(boxes, edges))
    for key in ends & boxes.keys():
        boxes[key].kind = "output"
    return boxes, edges


def _sources(node: Node, owner: dict[Node, str], moving: set[str]) -> set[str]:
    """The box of a value, or those that it was moved from; zeros only take a shape."""
    if node in owner and owner[node] not in moving:
        return {owner[node]}
    inputs = [] if node.kind in ("", "zeros") else node.inputs
    return set().union(*(_sources(x, owner, moving) for x in inputs))


def _absorbed(boxes: dict[str, Box], edges: set[tuple[str, str]]) -> Flow:
    """An operation between two parts of one module belongs to it."""
    for key in [k for k, box in boxes.items() if box.kind == "operation"]:
        near = {a for a, b in edges if b == key} | {b for a, b in edges if a == key}
        if len(near) == 1 and any(a == key for a, _ in edges) and any(b == key for _, b in edges):
            boxes = {k: box for k, box in boxes.items() if k != key}
            edges = {(a, b) for a, b in edges if key not in (a, b)}
    return boxes, {(a, b) for a, b in edges if a != b}


def _merged(boxes: dict[str, Box], edges: set[tuple[str, str]]) -> Flow:
    """Parts of a list that give one shape are one box."""
    into: dict[str, str] = {}
    found: dict[str, Box] = {}
    for key, box in boxes.items():
        base, _, number = key.rpartition(".")
        if box.kind != "module" or not number.isdigit():
            into[key], found[key] = key, box
            continue
        one = f"{base} {box.shape}"
        into[key] = one
        merged = found.setdefault(one, Box(base, box.shape, "module", box.calls))
        merged.names.append(number)
    for box in found.values():
        if len(box.names) == 1:
            box.label = f"{box.label}.{box.names[0]}"
    return found, {(into[a], into[b]) for a, b in edges if into[a] != into[b]}


def layers_of(boxes: dict[str, Box], edges: set[tuple[str, str]]) -> dict[str, int]:
    """Each box below those that it needs; of a loop, the arrows against the page's order do not count."""
    order, reached = {key: k for k, key in enumerate(boxes)}, {key: _reached(key, edges) for key in boxes}
    down = {(a, b) for a, b in edges if order[a] < order[b] or a not in reached[b]}
    layer: dict[str, int] = {}

    def of(key: str) -> int:
        if key not in layer:
            layer[key] = max((of(a) + 1 for a, b in down if b == key), default=0)
        return layer[key]
    for key in boxes:
        of(key)
    for key, box in boxes.items():   # an operation on nothing but parameters stands above its user
        users = [layer[b] for a, b in down if a == key]
        if users and box.kind != "input" and not any(b == key for _, b in down):
            layer[key] = min(users) - 1
    return layer


def _reached(key: str, edges: set[tuple[str, str]]) -> set[str]:
    """All boxes that an arrow, or several, lead to."""
    found: set[str] = set()
    todo = [key]
    while todo:
        here = todo.pop()
        new = {b for a, b in edges if a == here} - found
        found |= new
        todo += new
    return found


def _places(boxes: dict[str, Box], edges: set[tuple[str, str]], layers: dict[str, int]
            ) -> dict[str, tuple[float, int]]:
    """Box, and every bend "a>b>layer" of an arrow over several layers -> (column, layer)."""
    rows: list[list[str]] = [[] for _ in range(max(layers.values()) + 1)]
    near: dict[str, list[str]] = {key: [] for key in boxes}
    for key in boxes:
        rows[layers[key]].append(key)
    for a, b in sorted(edges):
        chain = [a, *(f"{a}>{b}>{k}" for k in range(layers[a] + 1, layers[b])), b]
        for bend in chain[1:-1]:
            rows[int(bend.rpartition(">")[2])].append(bend)
            near[bend] = []
        for one, other in zip(chain, chain[1:]):
            near[one].append(other)
            near[other].append(one)
    x = {key: k - (len(row) - 1) / 2 for row in rows for k, key in enumerate(row)}
    for _ in range(SWEEPS):
        for row in (*rows, *reversed(rows)):
            wish = {key: _wish(key, near[key], x) for key in row}
            row.sort(key=wish.__getitem__)
            x |= zip(row, _apart([wish[key] for key in row], [_room(key, boxes) for key in row]))
    return {key: (x[key], k) for k, row in enumerate(rows) for key in row}


def _wish(key: str, near: list[str], x: dict[str, float]) -> float:
    """The mean column of what a box or a bend is joined to."""
    weights = [STRAIGHT if ">" in key and ">" in other else 1 for other in near]
    return float(np.average([x[other] for other in near], weights=weights)) if near else x[key]


def _room(key: str, boxes: dict[str, Box]) -> float:
    """Columns that a box takes; a bend takes less."""
    return 1.0 if key in boxes else 0.3


def _apart(wish: list[float], room: list[float]) -> list[float]:
    """Columns in this order, as near to those wished for as their room allows (least squares by pooling)."""
    before = np.concatenate([[0], np.cumsum([(a + b) / 2 for a, b in zip(room, room[1:])])])
    pools: list[list[float]] = []
    for value in np.array(wish) - before:
        pools.append([value])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    return list(np.concatenate([[np.mean(pool)] * len(pool) for pool in pools]) + before)


def _draw(axis: Axes, box: Box, place: tuple[float, float]) -> None:
    wide, high = WIDTH / (WIDTH + 0.3), HEIGHT / (HEIGHT + GAP)
    x, y = place
    axis.add_patch(pyplot().Rectangle((x - wide / 2, y - high / 2), wide, high, facecolor=COLOURS[box.kind],
                                      edgecolor="#44586b", linewidth=0.9, zorder=3))
    axis.text(x, y, box.text, ha="center", va="center", fontsize=7.2, zorder=4, linespacing=1.35)


def _arrow(axis: Axes, a: str, b: str, place: dict[str, tuple[float, int]], layers: dict[str, int]) -> None:
    """Through its bends; an arrow against the layers leaves and arrives at the sides, dashed."""
    high, wide = HEIGHT / (HEIGHT + GAP) / 2, WIDTH / (WIDTH + 0.3) / 2
    (x0, y0), (x1, y1) = place[a], place[b]
    if layers[a] >= layers[b]:
        style = {"arrowstyle": "-|>", "linestyle": "--", "color": "#c0392b", "lw": 1.0,
                 "connectionstyle": f"arc3,rad={0.35 if x0 >= x1 else -0.35}"}
        side = wide if x0 >= x1 else -wide
        axis.annotate("", (x1 + side, y1), (x0 + side, y0), arrowprops=style, zorder=2)
        return
    points = [(x0, y0 + high)]
    for k in range(layers[a] + 1, layers[b]):
        x, _ = place[f"{a}>{b}>{k}"]
        points += [(x, k - high), (x, k + high)]
    points.append((x1, y1 - high))
    axis.plot(*zip(*points[:-1]), color="#667788", linewidth=0.9, zorder=1)
    axis.annotate("", points[-1], points[-2], arrowprops={"arrowstyle": "-|>", "color": "#667788", "lw": 0.9,
                                                          "shrinkA": 0, "shrinkB": 0}, zorder=2)
