"""Rules: what a graph may become before it is laid out, without changing a bit of its answers (folding.py does).

    slice that takes all, concatenation of one  ->  what it is of
    slice of a concatenation         ->  the part that it takes
    k x k within groups, then 1x1    ->  separable_conv2d, whose middle is never stored
    convolution, then +              ->  a convolution with a residual
    convolution, then (leaky) relu   ->  a convolution with an activation
    batch norm, relu, perhaps 1x1x1, relu, then 3x3x3 or 1x3x3, of a concatenation  ->  a dense block: nothing is put
                                         side by side, and no map in between is stored (dense.py)

An operation is merged into the next one where no other operation reads its value and the page's answer does not
contain it. The merged operation adds up in the same order (ops/conv2d.py: sum, bias, residual, activation), so the bits
stay. So a page can say one thing a line, and a trace sees every value. Dead values go too.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TypeGuard

import numpy as np

from refvr import ops
from refvr.ops.arrange import sliced_axes
from refvr.plan.dense import dense_block, fits, weights_of
from refvr.plan.graph import Graph, Like, Node, capture, mapped

Alone = Callable[[Node], bool]  # whether only one node sees the value of an operand, or of an operand of that
Rule = Callable[[Node, Alone], "Node | None"]


def simplified(graph: Graph) -> Graph:
    """The graph after all rules."""
    for rule in (the_same, part_of_concat, separable, residual, activation, dense):
        graph = passed(graph, rule)
    return graph


def the_same(node: Node, alone: Alone) -> Node | None:
    """A slice that takes all there is, or a concatenation of a single value: both are what they are made of."""
    source = node.operands[0]
    if not isinstance(source, Node) or source.operation is None or node.shape != source.shape:
        return None
    if node.kind == "concat":
        return source
    if node.kind != "slice":
        return None
    whole = [(k, range(size)) for k, size in enumerate(source.shape)]
    return source if sliced_axes(source.shape, node.options["index"]) == whole else None


def part_of_concat(node: Node, alone: Alone) -> Node | None:
    """A slice of one part, all of it."""
    source = node.operands[0]
    if node.kind != "slice" or not is_a(source, "concat"):
        return None
    axis, kept = source.options["axis"], sliced_axes(source.shape, node.options["index"])
    whole = [(k, range(size)) for k, size in enumerate(source.shape)]
    if len(kept) != len(whole) or any(a != b for k, (a, b) in enumerate(zip(kept, whole)) if k != axis):
        return None
    first = 0
    for part in map(source.operand, range(len(source.operands))):
        if kept[axis] == (axis, range(first, first + part.shape[axis])) and isinstance(part, Node):
            return part
        first += part.shape[axis]
    return None


def separable(node: Node, alone: Alone) -> Node | None:
    """A depthwise convolution and the 1x1 after it."""
    if node.kind != "conv2d" or node.operand(1).shape[:2] != (1, 1):
        return None
    (first, pointwise, bias, added), options = node.operands, node.options
    if bias is not None or options["groups"] != 1 or options["stride"] != 1 or options["padding"] != (0, 0):
        return None
    if not (is_a(first, "conv2d") and alone(first)) or first.options["groups"] == 1 or first.options["dilation"] != 1:
        return None
    x, (_, spatial, bias, between) = first.operand(0), first.operands
    if not (isinstance(spatial, np.ndarray) and isinstance(pointwise, np.ndarray)):
        return None
    odd = spatial.shape[0] % 2 and spatial.shape[1] % 2
    if bias is not None or between is not None or first.options["activation"] != "none" or not odd:
        return None
    what = {name: first.options[name] for name in ("stride", "groups", "padding")}
    what |= {name: options[name] for name in ("activation", "slope")}
    return _merged(node, lambda x, *added: ops.separable_conv2d(x, spatial, pointwise, *added, **what), x,
                   *(() if added is None else (added,)))


def residual(node: Node, alone: Alone) -> Node | None:
    """A sum, one side of which is a convolution."""
    if node.kind != "add":
        return None
    a, b = node.operand(0), node.operand(1)
    for conv, other in ((a, b), (b, a)):
        if is_a(conv, "conv2d", "separable_conv2d") and alone(conv) and conv.operands[3] is None \
                and conv.options["activation"] == "none" and conv.shape == other.shape:
            return replace(node, operation=conv.operation, operands=(*conv.operands[:3], other), options=conv.options)
    return None


def activation(node: Node, alone: Alone) -> Node | None:
    """What a convolution ends in."""
    conv, kind = node.operands[0], node.kind
    if kind not in ("relu", "leaky_relu") or not is_a(conv, "conv2d", "separable_conv2d", "conv3d"):
        return None
    if not alone(conv) or conv.options["activation"] != "none":
        return None
    return replace(node, operation=conv.operation, operands=conv.operands,
                   options={**conv.options, "activation": kind, **node.options})


def dense(node: Node, alone: Alone) -> Node | None:
    """The convolution that a dense block of DUF ends in, or the head after such blocks; norms are folded before."""
    if not is_a(node, "conv3d") or node.operand(1).shape[1:3] != (3, 3) or node.options["padding"][1:] != (1, 1):
        return None
    mixed, mix = node.operands[0], _arrays()
    if is_a(mixed, "conv3d") and alone(mixed) and mixed.operand(1).shape[:3] == (1, 1, 1):
        if mixed.options["activation"] != "relu" or any(mixed.options["padding"]):
            return None
        mix = _arrays(*mixed.operands[1:3])
    active = mixed.operands[0] if mix and isinstance(mixed, Node) else mixed
    if not (is_a(active, "relu") and alone(active)):
        return None
    norm, last = active.operands[0], _arrays(*node.operands[1:3])
    if not (is_a(norm, "batch_norm") and alone(norm) and isinstance(norm.operands[0], Node)):
        return None
    frames, parts = _side_by_side(norm.operands[0])
    norms = _arrays(*norm.operands[1:])
    others = (*norms, *mix, *last)
    if not (norms and last and fits(parts, weights_of(others))):
        return None
    if not mix and not any(is_a(x, "dense_block") for x in parts):   # its source is there as a whole for others
        return None
    options = {name: node.options[name] for name in ("padding", "activation", "slope")}
    return replace(node, operation=dense_block, operands=(*parts, *others),
                   options={"parts": len(parts), "frames": frames, "eps": norm.options["eps"], **options})


def _arrays(*operands: Node | np.ndarray | None) -> tuple[np.ndarray, ...]:
    """Weights, where all of them are there before the network runs; otherwise none."""
    found = tuple(x for x in operands if isinstance(x, np.ndarray))
    return found if len(found) == len(operands) else ()


def _side_by_side(x: Node) -> tuple[int, list[Node]]:
    """The values (n, t, h, w, c) whose middle frames make up x by their channels, and how many frames those are."""
    frames, source = x.shape[1], x.operands[0] if x.operands else None
    if x.kind == "slice" and isinstance(source, Node) and len(source.shape) == len(x.shape):
        cut, odd = divmod(source.shape[1] - frames, 2)
        middle = [(k, range(cut, cut + frames) if k == 1 else range(size)) for k, size in enumerate(source.shape)]
        if cut and not odd and sliced_axes(source.shape, x.options["index"]) == middle:
            return frames, _side_by_side(source)[1]
    if x.kind == "concat" and x.options["axis"] == len(x.shape) - 1:
        parts = [y for y in x.operands if isinstance(y, Node)]
        if len(parts) == len(x.operands):
            return frames, [part for y in parts for part in _side_by_side(y)[1]]
    return frames, [x]


def is_a(x: object, *names: str) -> TypeGuard[Node]:
    """Whether an operand is a node of one of these operations."""
    return isinstance(x, Node) and x.kind in names


def _merged(node: Node, call: Callable[..., object], *operands: Node | np.ndarray) -> Node:
    """`call` of these operands in the place of a node."""
    graph = capture(call, *(Like(x.shape, x.dtype) for x in operands))
    made, given = graph.outputs[0], dict(zip(graph.inputs, operands))
    return replace(node, operation=made.operation, options=made.options,
                   operands=tuple(given[x] if isinstance(x, Node) else x for x in made.operands))


def passed(graph: Graph, rule: Rule) -> Graph:
    """One rule over all nodes that the answer needs."""
    needed = set(graph.outputs)
    for node in reversed(graph.nodes):
        if node in needed:
            needed.update(node.inputs)
    nodes = [node for node in graph.nodes if node in needed and node.operation]
    users = Counter(x for node in nodes for x in node.operands if isinstance(x, Node))
    users.update(graph.outputs)
    now: dict[Node, Node] = {node: node for node in graph.inputs}
    uses = Counter({node: users[node] for node in graph.inputs})   # of what is there now
    for node in nodes:
        operands = tuple(now[x] if isinstance(x, Node) else x for x in node.operands)
        same = all(x is y for x, y in zip(operands, node.operands))
        new = node if same else replace(node, operands=operands)
        made = rule(new, lambda x: uses[x] == 1)
        now[node] = new if made is None else made
        uses[now[node]] += users[node]
    result = mapped(graph.result, lambda x: now[x] if isinstance(x, Node) else x)
    kept = dict.fromkeys((*graph.inputs, *now.values()))
    return Graph(tuple(kept), graph.inputs, result)
