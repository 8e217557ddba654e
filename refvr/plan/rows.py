"""Which axis of every value of a graph is an image's rows, and which rows of its operands a row of it sees."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from refvr.ops.core.bands import Bands, Reach, Rows
from refvr.plan.graph import Node
from refvr.plan.run import home


@dataclass(frozen=True)
class Rules:
    """Which axis of every value is its rows (None: it has none), and the row rule of every value that has one."""

    axis: dict[Node, int | None]
    bands: dict[Node, Bands]

    def height(self, node: Node) -> int:
        """Rows of a value that has some. TypeError for another."""
        axis = self.axis[node]
        if axis is None:
            raise TypeError(f"{node!r} has no rows; expected an image")
        return node.shape[axis]


def rules_of(inputs: tuple[Node, ...], nodes: list[Node]) -> Rules:
    """Ask every operation. Images are (..., h, w, c); what has fewer axes has no rows."""
    axis: dict[Node, int | None] = {node: _default(node) for node in inputs}
    bands: dict[Node, Bands] = {}
    for node in nodes:
        if home(node) in inputs:  # nothing to compute
            axis[node] = _default(node)
            continue
        seen = [None if x is None else Rows(x.shape, axis[x] if isinstance(x, Node) else None) for x in node.operands]
        rule = None
        if any(x is not None and x.axis is not None for x in seen):
            rule = node.computed_by.rows(*seen, **node.options)
        if rule is not None and all(reach is None or not isinstance(x, Node) or axis[x] == reach.axis
                                    for x, reach in zip(node.operands, rule.reach)):
            axis[node], bands[node] = rule.axis, rule
        else:
            axis[node] = _default(node)
    return Rules(axis, bands)


def _default(node: Node) -> int | None:
    return len(node.shape) - 3 if len(node.shape) > 3 else None


def seen_by_rows(node: Node, bands: Bands) -> Iterator[tuple[Node, Reach]]:
    """The values of which some rows are enough for some of the node's, and which."""
    return ((x, reach) for x, reach in zip(node.operands, bands.reach) if isinstance(x, Node) and reach is not None)


def needed(reach: Reach, start: int, stop: int) -> tuple[int, int]:
    """First row and the one after the last that rows start .. stop - 1 need; may lie outside of the image."""
    up, down = reach.per.numerator, reach.per.denominator
    return start * up // down - reach.above, -(-stop * up // down) + reach.below
