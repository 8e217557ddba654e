"""Straight-through choice of a scale: hard forward, soft adjoint.

Two binary decisions s0, s1 per sample, made from probabilities p0, p1, choose one of three branches:

    y[n] = s0 s1 F1[n] + (1-s0) s1 F2[n] + (1-s1) F4[n]            s1 = 0: F4;  s1 = 1, s0 = 0: F2;  both 1: F1

p         (n, 2)         decisions  (n, 2) of 0 and 1, see `decide`
F1 F2 F4  (n, h, w, c)   None for a branch that no sample takes (terms "taken")
Forward the branch is copied, so what is in the others, NaN included, does not matter.

Adjoint: ds/dp counts as 1 (straight through), so with <,> the sum over h, w, c of one sample
    dF1 = s0 s1 dy,  dF2 = (1-s0) s1 dy,  dF4 = (1-s1) dy
    terms "all"    dp0 = s1 <dy, F1 - F2>                  dp1 = <dy, s0 F1 + (1-s0) F2 - F4>
    terms "taken"  only what the branch that was taken contributes:
                   F1: dp0 = dp1 = <dy, F1>;  F2: dp0 = -<dy, F2>, dp1 = <dy, F2>;  F4: dp0 = 0, dp1 = -<dy, F4>
SAFA trains with "all" for batches and, because it then computes the taken branch alone, "taken" for single samples.
Source: SAFA, model/flownet.py (megvii-research/WACV2024-SAFA); Bengio et al., arXiv 1308.3432.
"""
from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from refvr.autodiff.tape import array_of
from refvr.errors import InputError, ShapeError
from refvr.ops.core.operation import Operation
from refvr.ops.reduce import total
from refvr.shapes import check
from refvr.types import Array

FIXED = {"full": (1, 1), "half": (0, 1), "quarter": (0, 0)}
BRANCHES = ("full", "half", "quarter")

Rule: TypeAlias = str | np.random.Generator | ArrayLike  # "threshold", a name of FIXED, or decisions (n, 2)


def decide(p: Array, rule: Rule = "threshold") -> np.ndarray:
    """Decisions (n, 2), uint8, from probabilities p (n, 2).

    rule  "threshold": 1 where p >= 1/2; "full", "half", "quarter": the same branch for all; a Generator: 1 with
          probability p, drawn for sample after sample, s0 before s1; an array (n, 2) of 0 and 1: these
    Two thresholds need not find the likeliest of the three: p0 = 0.5, p1 = 0.6 gives "full" (0.3), not "quarter" (0.4).
    """
    values = array_of(p)
    n, _ = check(values, "n 2", who="route p")
    if isinstance(rule, np.random.Generator):
        return (rule.random((n, 2)) < values).astype(np.uint8)
    if isinstance(rule, str):
        if rule != "threshold" and rule not in FIXED:
            raise InputError(f"route: got rule {rule!r}, expected 'threshold', {', '.join(map(repr, FIXED))}, a random "
                             "generator or an array of decisions")
        fixed = FIXED.get(rule)
        return (values >= 0.5).astype(np.uint8) if fixed is None else np.tile(np.array(fixed, np.uint8), (n, 1))
    given = np.asarray(rule)
    check(given, "n 2", who="route decisions", n=n)
    if not np.isin(given, (0, 1)).all():
        raise InputError(f"route: got decisions {given.tolist()}, expected 0 and 1 only")
    return given.astype(np.uint8)


def taken(decisions: np.ndarray) -> np.ndarray:
    """Number in BRANCHES of the branch of each sample: (n,)."""
    s0, s1 = decisions[:, 0], decisions[:, 1]
    return np.where(s1 == 0, 2, np.where(s0 == 0, 1, 0))


def plain(p: np.ndarray, *branches: np.ndarray | None, decisions: np.ndarray, terms: str) -> np.ndarray:
    """The definition: a copy per sample, for both backends."""
    return np.stack([branches[k][n] for n, k in enumerate(taken(decisions))])


def adjoint(dy: np.ndarray, y: np.ndarray, p: np.ndarray, *branches: np.ndarray | None, needs: tuple[bool, ...],
            decisions: np.ndarray, terms: str) -> list[np.ndarray | None]:
    """The sums run in the written order of `reduce`, sample by sample, in float64. A branch that no sample takes gets
    no gradient, so that nothing is spent on what made it."""
    choice = taken(decisions)
    grads: list[np.ndarray | None] = [None]
    for k, (branch, need) in enumerate(zip(branches, needs[1:])):
        chosen = choice == k
        grads.append(np.where(chosen[:, None, None, None], dy, dy.dtype.type(0))
                     if need and branch is not None and chosen.any() else None)
    if needs[0]:
        grads[0] = np.array([_slopes(dy[n], [branch if branch is None else branch[n] for branch in branches],
                                     float(s0), float(s1), terms) for n, (s0, s1) in enumerate(decisions)], p.dtype)
    return grads


def _slopes(dy: np.ndarray, branches: list[np.ndarray | None], s0: float, s1: float, terms: str) -> tuple[float, float]:
    """dp0, dp1 of one sample."""
    full, half, quarter = (total(dy * f) if f is not None and (terms == "all" or weight) else 0.0
                           for f, weight in zip(branches, (s0 * s1, (1 - s0) * s1, 1 - s1)))
    return s1 * (full - half), s0 * full + (1 - s0) * half - quarter


_route = Operation("route", plain, adjoint=adjoint, shape=lambda p, *branches, **options: next(filter(None, branches)))


def route(p: Array, full: Array | None, half: Array | None, quarter: Array | None, *, decisions: np.ndarray,
          terms: str = "all") -> Array:
    """Of each sample the branch that `decisions` (n, 2) choose, (n, h, w, c); `p` (n, 2) gets the gradient.

    terms  "all": every branch counts for the gradient of p, all must be given; "taken": only the chosen one
    """
    n, _ = check(p, "n 2", who="route p")
    decisions = decide(p, decisions)
    branches = (full, half, quarter)
    shape = next((tuple(branch.shape) for branch in branches if branch is not None), ())
    if terms not in ("all", "taken"):
        raise InputError(f"route: got terms {terms!r}, expected 'all' or 'taken'")
    for k, branch in enumerate(branches):
        if branch is None and (terms == "all" or k in taken(decisions)):
            raise ShapeError(f"route: branch {BRANCHES[k]!r} is missing, expected it for terms {terms!r} and these "
                             "decisions")
        if branch is not None:
            h, w, c = shape[1:] if len(shape) == 4 else (0, 0, 0)
            check(branch, "n h w c", who=f"route {BRANCHES[k]}", n=n, h=h, w=w, c=c)
    return _route(p, *branches, decisions=decisions, terms=terms)
