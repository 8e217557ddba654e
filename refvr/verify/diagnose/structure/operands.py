"""What may be wrong with the operands of one call: each change says in words what stands where."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, permutations
from typing import Any, NamedTuple

import numpy as np

from refvr.verify.diagnose.structure.pool import Pool

OTHERS = 64   # values of the pool that are tried in one place, the latest first
WORDS = {"xs": "the stacked values", "aligned": "the aligned frames", "state": "the state carried on",
         "previous": "the previous frame", "restored": "the restored frame", "reference": "the reference frame",
         "neighbour": "the neighbour", "residual": "the residual"}


class Other(NamedTuple):
    """A change: a short name, what a user reads after "equals the reference with", and the operands that are other."""

    name: str
    says: str
    operands: dict[str, Any]


def changes_of(operands: Mapping[str, Any], pool: Pool) -> Iterator[Other]:
    """All changes of the operands of a call: arrays, and lists of arrays."""
    arrays = {name: x for name, x in operands.items() if isinstance(x, np.ndarray)}
    for (one, x), (other, y) in permutations(arrays.items(), 2):
        if x.shape == y.shape and x is not y:
            yield Other("operand_twice", f"{_words(one)} also in place of {_words(other)}", {other: x})
            if one < other:
                yield Other("operands_exchanged", f"{_words(one)} and {_words(other)} exchanged", {one: y, other: x})
    for name, x in operands.items():
        if isinstance(x, (tuple, list)) and len(x) > 1 and all(isinstance(part, np.ndarray) for part in x):
            yield from (Other(kind, says, {name: type(x)(parts)}) for kind, says, parts in _of_list(name, x, pool))
    for name, x in arrays.items():
        yield from (Other(kind, says, {name: y}) for kind, says, y in _of_array(_words(name), x, pool))


def _of_array(words: str, x: np.ndarray, pool: Pool) -> Iterator[tuple[str, str, np.ndarray]]:
    own = pool.name_of(x)
    here = f"{words} ({own})" if own else words
    for name, value in pool.others(x)[:OTHERS]:
        yield "another_value", f"{name} in place of {here}", value
    yield "nothing_carried", f"zeros in place of {here}", np.zeros_like(x)
    yield "times_255", f"{here} times 255", x * 255
    yield "over_255", f"{here} divided by 255", x / 255
    yield "relu_before", f"a relu before it, of {here}", np.maximum(x, 0)
    yield "leaky_relu_before", f"a leaky relu of slope 0.1 before it, of {here}", np.where(x > 0, x, 0.1 * x)
    if x.ndim > 1 and x.shape[-1] > 1:
        for by in (1, -1):
            yield "channel_off_by_one", f"the channels of {here} {_off(by, 'channel')}", np.roll(x, by, -1)
    if x.ndim == 5 and x.shape[1] > 1:
        yield "time_reversed", f"the frames of {here} in reverse order", np.ascontiguousarray(x[:, ::-1])
        for by in (1, -1):
            at = np.clip(np.arange(x.shape[1]) - by, 0, x.shape[1] - 1)
            yield "time_off_by_one", f"the frames of {here} {_off(by, 'frame')}", np.ascontiguousarray(x[:, at])
        for one, other in combinations(range(x.shape[1]), 2):
            at = np.arange(x.shape[1])
            at[[one, other]] = other, one
            yield "frames_exchanged", f"frames {one} and {other} of {here} exchanged", np.ascontiguousarray(x[:, at])


def _off(by: int, what: str) -> str:
    return f"off by one, each one {what} too {'late' if by > 0 else 'early'}"


def _of_list(name: str, xs: Any, pool: Pool) -> Iterator[tuple[str, str, list[np.ndarray]]]:
    """Orders of the list, one of its values twice, values of the pool in one place."""
    words, n = _words(name), len(xs)
    called = [pool.name_of(x) or f"number {k + 1}" for k, x in enumerate(xs)]
    if len({x.shape for x in xs}) == 1:
        yield "stacked_in_reverse", f"{words} in reverse order", list(xs[::-1])
        for by in (1, n - 1):
            yield "stacked_from_another", f"{words} from {called[by]} on, the first ones last", [*xs[by:], *xs[:by]]
    for k, j in permutations(range(n), 2):
        if xs[k].shape == xs[j].shape:
            parts = list(xs)
            parts[k] = xs[j]
            yield "the_same_twice", f"{called[j]} also in place of {called[k]} among {words}", parts
            if k < j:
                parts = list(xs)
                parts[k], parts[j] = xs[j], xs[k]
                yield "two_exchanged", f"{called[k]} and {called[j]} exchanged among {words}", parts
    for k, x in enumerate(xs):
        for factor, times in ((0.5, "half of"), (2.0, "twice")):
            yield "times_a_factor", f"{times} {called[k]} among {words}", [*xs[:k], factor * x, *xs[k + 1:]]
        parts = list(xs)
        parts[k] = np.zeros_like(x)
        yield "nothing_carried", f"zeros in place of {called[k]} among {words}", parts
        for other, value in pool.others(x)[:OTHERS]:
            parts = list(xs)
            parts[k] = value
            yield "another_value", f"{other} in place of {called[k]} among {words}", parts


def _words(name: str) -> str:
    return WORDS.get(name, f"`{name}`")
