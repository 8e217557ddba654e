"""What a name in a port's dump says: which module, and which of its calls.

Programs write the second call of `conv1` as `conv1#1`, `conv1[1]`, `conv1@1`, `conv1:1`, as `/conv1_1/Conv_output_0`
(the exporter of TorchScript) or `/conv1/Conv_1_output_0` (operations of one scope). The first three state the number of
the call. The others count whatever the program counted, so they only tell an order; and since `conv1_1` may be a module
of its own, the ending is a count only where no module has that name.
"""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable
from functools import cache
from itertools import combinations
from typing import NamedTuple

from refvr.verify.runs.tracing import repeats

WRAPPERS = {"module", "_orig_mod", "model", "net", "network", "generator", "cell"}
_COUNTED = re.compile(r"(.+?)[_:](\d+)")
_OPERATION = re.compile(r"([A-Z]\w*?)(?:_(\d+))?_output_\d+")


class TheirName(NamedTuple):
    """A name taken apart.

    base    the module, without wrappers, endings and counts
    call    the number of the call, where the name states it; None where there is no number or only an order
    order   numbers that grow from call to call
    """

    base: str
    call: int | None = None
    order: tuple[int, ...] = ()


def plain_name(name: str) -> tuple[str, int]:
    """(name without wrappers and endings, count that stands in it or 0)."""
    base, stated, counted = _parts_of(name)
    return base, counted if stated is None else stated


def taken_apart(name: str, known: Container[str]) -> TheirName:
    """What `name` says where modules are called `known`."""
    base, stated, counted = _parts_of(name)
    words = base.split(".")
    plain = TheirName(base, stated, (*(0 for _ in words), counted))
    if stated is not None or base in known:
        return plain
    found = {k: match for k, word in enumerate(words) if (match := _COUNTED.fullmatch(word))}
    for count in range(1, len(found) + 1):   # the fewest endings that lead to a known module
        for places in combinations(found, count):
            shorter = ".".join(found[k][1] if k in places else word for k, word in enumerate(words))
            if shorter in known:
                return TheirName(shorter, None, (*(int(found[k][2]) if k in places else 0 for k in range(len(words))),
                                                 counted))
    return plain


@cache
def _parts_of(name: str) -> tuple[str, int | None, int]:
    """(base, number of the call that is stated, count of an operation within its scope)."""
    parts = [part for part in name.strip("/").replace("::", "/").split("/") if part]
    parts = [part for k, part in enumerate(parts)   # ONNX: /blocks/blocks.0/conv1/Conv_1_output_0
             if not (k + 1 < len(parts) and parts[k + 1].startswith(f"{part}."))]
    counted = 0
    found = _OPERATION.fullmatch(parts[-1]) if parts else None
    if found:
        parts, counted = parts[:-1], int(found[2] or 0)
    words = ".".join(parts).split(".")
    while len(words) > 1 and words[0] in WRAPPERS:
        words = words[1:]
    while len(words) > 1 and words[-1] in ("output", "out", "npy"):
        words = words[:-1]
    marked = re.sub(r"[@\[](\d+)\]?$", r"#\1", ".".join(words))
    base, call = repeats(marked)
    return base, call if base != marked else None, counted


def in_calls(names: Iterable[tuple[str, TheirName]]) -> dict[int, list[str]]:
    """Number of the call -> names of one module: as stated, else by rank in the order that the names tell."""
    stated: dict[int, list[str]] = {}
    ordered: dict[tuple[int, ...], list[str]] = {}
    for name, about in names:
        if about.call is not None:
            stated.setdefault(about.call, []).append(name)
        else:
            ordered.setdefault(about.order, []).append(name)
    for rank, order in enumerate(sorted(ordered)):   # a plain name beside stated numbers is the first call
        stated.setdefault(rank, []).extend(ordered[order])
    return dict(sorted(stated.items()))


def insides(names: Iterable[str]) -> set[str]:
    """Of names in a graph's order, values within a module that are not its result: all before its last operation.

    Where each kind of operation is there as often, that is how often the module is called, and each call has a result.
    """
    scopes: dict[str, list[tuple[str, str]]] = {}   # module, as a path -> (name, kind of the operation)
    for name in names:
        *parts, last = name.strip("/").replace("::", "/").split("/")
        found = _OPERATION.fullmatch(last)
        if found and parts:
            scopes.setdefault("/".join(parts), []).append((name, found[1]))
    around = {_uncounted(scope.rsplit("/", k)[0]) for scope in scopes for k in range(1, scope.count("/") + 1)}
    within: set[str] = set()
    for scope, operations in scopes.items():
        counts = Counter(kind for _, kind in operations)
        once = _uncounted(scope) in around or len(set(counts.values())) > 1
        within |= {name for name, kind in operations[:-1] if once or kind != operations[-1][1]}
    return within


def counted_calls(names: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Name in a graph -> which of how many calls it is, where the same operation is there again in counted modules."""
    groups: dict[tuple[str, str], list[tuple[list[int], str]]] = {}
    for name in names:
        *parts, last = name.strip("/").replace("::", "/").split("/")
        if parts and _OPERATION.fullmatch(last):
            counts = [int(match[2]) if (match := _COUNTED.fullmatch(part)) else 0 for part in parts]
            groups.setdefault((_uncounted("/".join(parts)), last), []).append((counts, name))
    return {name: (k, len(group)) for group in groups.values() if len(group) > 1
            for k, (_, name) in enumerate(sorted(group))}


def _uncounted(scope: str) -> str:
    """A path without counts: modules within the second call of one may have the first one's path."""
    return re.sub(r"[_:]\d+(?=/|$)", "", scope)
