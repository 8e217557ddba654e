"""What each layer costs in lower precision, and which few must stay in float: a search over runs of any kind.

A result that is `quality` dB from the truth may lose `budget` dB; rounding adds to its error like noise of its own, so
the rounded result must be quality - 10 log10(10^(budget/10) - 1) dB from that of float32.
"""
from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

Progress = Callable[[int, "int | None"], None]
Psnr = Callable[[Collection[str]], float]   # of the result with these layers in lower precision
KEPT = (1, 2, 3, 5, 8)   # numbers of layers that a sweep keeps in float32
TRIED = 4                # of the costliest layers, and of those beside what is kept, in each step of a search


@dataclass(frozen=True)
class EmulateReport:
    """PSNR in dB of results against that of float32, peak 1.

    psnr     with all `layers` in lower precision
    each     (layer, PSNR with this one alone), the costliest first; empty without a sweep
    wanted   PSNR that keeps the loss within the budget
    gains    (k, PSNR with the first k layers of `order` in float32), for a few k; all of them are runs
    order    layers, those that are kept first in front: the costliest, or what brings most where layers share values
    keep     a small set of layers that must stay in float32 for that; `kept_psnr`: the result then
    nodes    layer -> names of its nodes in a graph, to leave out of a quantisation;  notes for people
    """

    subject: str
    precision: str
    layers: tuple[str, ...]
    psnr: float
    each: tuple[tuple[str, float], ...] = ()
    wanted: float = 0.0
    keep: tuple[str, ...] = ()
    kept_psnr: float = 0.0
    runs: int = 0
    gains: tuple[tuple[int, float], ...] = ()
    order: tuple[str, ...] = ()
    nodes: dict[str, list[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def decibels(result: np.ndarray, right: np.ndarray) -> float:
    """PSNR, peak 1."""
    error = float(np.mean((result - right) ** 2))
    return -10 * np.log10(error) if error > 0 else float("inf") if error == 0 else float("-inf")


def swept(subject: str, precision: str, names: Sequence[str], psnr: Psnr, *, sweep: bool, quality: float, budget: float,
          beside: Callable[[str], Collection[str]] | None = None, progress: Progress = lambda done, total: None
          ) -> EmulateReport:
    """Run with all layers in lower precision; with `sweep` also each alone, and the smallest set that must stay.

    beside  layers that share a value with one: then a value is rounded as long as one of them needs it, and the
            costliest layer by itself may bring little; what is kept is searched step by step
    The set is greedy: layers are taken out in order, as many as needed (found by bisection, which takes it that
    keeping more in float32 never makes the result worse).
    """
    count = 0
    expected = len(names) + 2 + len(KEPT) + len(names).bit_length() + (2 * TRIED * max(KEPT) if beside else 0)

    def run(chosen: Collection[str]) -> float:
        nonlocal count
        count += 1
        progress(count, max(count, expected) if sweep else None)
        return psnr(chosen)

    whole = run(names)
    if not sweep:
        return EmulateReport(subject, precision, tuple(names), whole, runs=count)
    each = sorted(((name, run([name])) for name in names), key=lambda row: row[1])
    order, best = [name for name, _ in each], {0: whole, len(each): float("inf")}
    if beside:
        order, steps = _searched(order, run, beside)
        best |= dict(enumerate(steps, 1))
    best |= {k: run(order[k:]) for k in KEPT if k < len(each) and k not in best}
    wanted = quality - 10 * np.log10(10 ** (budget / 10) - 1)
    gains, low, high = tuple((k, best[k]) for k in KEPT if k < len(each)), 0, len(each)
    while low < high:   # the fewest that suffice lie in low .. high
        middle = (low + high) // 2
        best[middle] = best[middle] if middle in best else run(order[middle:])
        low, high = (low, middle) if best[middle] >= wanted else (middle + 1, high)
    return EmulateReport(subject, precision, tuple(names), whole, tuple(each), float(wanted),
                         tuple(order[:low]), best[low], count, gains, tuple(order))


def _searched(order: Sequence[str], run: Psnr, beside: Callable[[str], Collection[str]]
              ) -> tuple[list[str], list[float]]:
    """(layers, those first that bring most when they are kept in addition; PSNR with 1, 2, ... of them kept)."""
    kept: list[str] = []
    found: list[float] = []
    for _ in range(min(max(KEPT), len(order) - 1)):
        left = [name for name in order if name not in kept]
        near = set().union(*(beside(name) for name in kept))
        tried = dict.fromkeys([*left[:TRIED], *[name for name in left if name in near][:TRIED]])
        results = {name: run([other for other in left if other != name]) for name in tried}
        kept.append(max(results, key=lambda name: results[name]))
        found.append(results[kept[-1]])
    return [*kept, *(name for name in order if name not in kept)], found
