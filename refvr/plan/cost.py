"""What a graph costs: multiply-adds as the definitions count them, bytes of operands and results, each moved once."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from refvr.ops.core.bands import Shape
from refvr.plan import dense
from refvr.plan.graph import Graph
from refvr.plan.run import Order

Shapes = Sequence[Shape]

COUNTS: dict[str, Callable[[Shapes, Shape], float]] = {  # operation -> (operands, result) -> multiply-adds
    "conv2d": lambda o, y: prod(y) * prod(o[1][:-1]),
    "conv3d": lambda o, y: prod(y) * prod(o[1][:-1]),
    "conv_transpose2d": lambda o, y: prod(o[0]) * prod(o[1]) / o[1][2],
    "deform_conv2d": lambda o, y: prod(y) * prod(o[3][:-1]),
    "separable_conv2d": lambda o, y: prod(y[:-1]) * (prod(o[1]) + prod(o[2])),
    "dense_block": dense.multiply_adds,
    "fac": lambda o, y: prod(o[1]),
    "dynamic_upsample": lambda o, y: prod(o[1]) * o[0][-1],
}


def multiply_adds(operation: str, operands: Shapes, y: Shape) -> float:
    """Of one call, by the definition's sums; 0 for what is no sum of products."""
    count = COUNTS.get(operation)
    return float(count(operands, y)) if count else 0.0


def cost(graph: Graph) -> tuple[float, int]:
    """Multiply-adds and bytes of all that the result of a graph needs."""
    sums, moved = 0.0, 0
    for node in Order(graph).nodes:
        name = node.operation.name if node.operation else ""
        sums += multiply_adds(name, [() if x is None else x.shape for x in node.operands], node.shape)
        moved += node.nbytes + sum(x.nbytes for x in node.operands if x is not None)
    return sums, moved
