"""What if: classic mistakes planted into a network, a part of the way at a time.

At share a each call of the operation answers (1 - a) right + a wrong; 1 is the mistake itself, as the catalogue of
refvr/verify/mistakes has it.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from refvr import ops
from refvr.records import NETWORKS
from refvr.verify.mistakes import MISTAKES, Given, Mistake, Op
from refvr.verify.runs.planted import planted

SHARES = (0.25, 0.5, 1.0)


@dataclass(frozen=True)
class WhatIf:
    """One mistake: its name, what the catalogue says of it, and the picture (h, w, 3) at each of SHARES."""

    name: str
    says: str
    pictures: tuple[np.ndarray, ...]


def what_ifs(network: str, run: Callable[[], np.ndarray]) -> Iterator[WhatIf]:
    """The mistakes of a network; run() computes its picture."""
    for name in NETWORKS[network].explained.mistakes:
        mistake = MISTAKES[name]
        shown = []
        for share in SHARES:
            with planted(in_part(mistake, share)), ops.precision("direct"):
                shown.append(run())
        yield WhatIf(name, mistake.says, tuple(shown))


def in_part(mistake: Mistake, share: float) -> Mistake:
    """The mistake, `share` of the way from right to wrong."""
    def wrong(op: Op, given: Given) -> np.ndarray:
        right, full = op(given), mistake.wrong(op, given)
        return right + right.dtype.type(share) * (full - right)
    return mistake if share == 1 else replace(mistake, wrong=wrong)
