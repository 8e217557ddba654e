"""Names for the values of a graph whose nodes say in which modules they were made, as torch.export writes it.

A module's result is the last value made inside it before another module goes on. What is made in between keeps the
graph's own name.
"""
from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"_\d+$")


def module_names(nodes: Sequence[tuple[Sequence[str], str]]) -> list[str]:
    """For each node, in order, the name of the module whose result it is, or "".

    nodes  (paths of the modules around it, outermost first, without ""; what it computes, "conv2d_3")
    Calls of a module are told apart by their order alone, "conv1", "conv1:1", as exporters do not count them.
    """
    ends = [_ends(nodes, k) for k in range(len(nodes))]
    calls: dict[str, int] = {}
    names = []
    for path in ends:
        count = calls[path] = calls.get(path, -1) + 1
        names.append(f"{path}:{count}" if path and count else path)
    return names


def _ends(nodes: Sequence[tuple[Sequence[str], str]], k: int) -> str:
    """The innermost module that node k is in, if it is that module's last node of a call."""
    (paths, what), (after, then) = nodes[k], nodes[k + 1] if k + 1 < len(nodes) else ((), "")
    if not paths:
        return ""
    again = list(after) == list(paths) and _NUMBER.sub("", what) == _NUMBER.sub("", then) and what != then
    return paths[-1] if paths[-1] not in after or again else ""
