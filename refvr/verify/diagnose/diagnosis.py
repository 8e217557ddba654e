"""What a search for a mistake found: explanations, and where there is none, what was tried and what is certain."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

WORTH_SHOWING = 0.9   # of the squared difference: candidates that explain less say nothing
_SHOWN = 3
_WORTH_ONE_MORE = 0.5   # of what is left without it: a further mistake that leaves more says nothing
NAMES = 8   # of a list that is long and seldom wanted


@dataclass(frozen=True)
class Explanation:
    """A candidate: mistakes that stand on top of each other, what they say, how near they come, whether that is all.

    share  of the squared difference that is gone with it, of that from the reference or from the best constant,
           whichever is less: 1 is all, below 0 is farther off
    """

    mistakes: tuple[str, ...]
    says: str
    difference: float
    fits: bool
    share: float = 0.0


@dataclass
class Diagnosis:
    """What was found.

    agrees      the numbers are right within rounding; `difference`: how far they are from the reference
    explained   candidates that reproduce them, nearest first; several where they cannot be told apart
    closest     the nearest ones that do not, of those that explain nine tenths of the squared difference
    tried       candidates that were run; kinds: of which kinds, in words
    unseen      mistakes that make no difference with these inputs
    complete    False when time ran out before everything was tried
    certain     what is known of the place, whatever the mistake is
    mispaired   names that belong to other values, where that is all that is wrong: then nothing can be said
    settled     what explains all of it without a mistake, in words: nothing was tried then
    rounding    whose rounding `tolerance` is
    """

    subject: str
    agrees: bool
    difference: float
    tolerance: float
    explained: list[Explanation] = field(default_factory=list)
    closest: list[Explanation] = field(default_factory=list)
    tried: int = 0
    kinds: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    complete: bool = True
    certain: str = ""
    note: str = ""
    mispaired: list[str] = field(default_factory=list)
    settled: str = ""
    rounding: str = "float32"

    def lines(self) -> Iterator[str]:
        """In words."""
        return _lines(self)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def simplest(found: Sequence[Explanation]) -> list[Explanation]:
    """The candidates that fit, of the simplest kind: one mistake before two."""
    fits = [e for e in found if e.fits]
    least = min((len(e.mistakes) for e in fits), default=0)
    return [e for e in fits if len(e.mistakes) == least]


def closest(found: Sequence[Explanation], explained: Sequence[Explanation]) -> list[Explanation]:
    """The nearest of those that are worth a look although they do not fit."""
    near = [e for e in found if e not in explained and e.share >= WORTH_SHOWING and np.isfinite(e.difference)]
    near = list({e.says: e for e in reversed(near)}.values())   # mistakes by two names may be one
    near = [e for e in near if not any(set(o.mistakes) < set(e.mistakes) and
                                       1 - e.share > _WORTH_ONE_MORE * (1 - o.share) for o in near)]
    return sorted(near, key=lambda e: (-e.share, len(e.mistakes)))[:_SHOWN]


def _lines(answer: Diagnosis) -> Iterator[str]:
    """A few lines."""
    if answer.mispaired and not answer.agrees:
        for line in answer.mispaired:
            yield f"paired wrongly: {line}"
        yield (f"{answer.subject}: these names were paired wrongly, and nothing else is wrong: pair them with --map "
              "FILE or leave them out")
        return
    if answer.agrees:
        yield (f"{answer.subject}: equals the reference to {answer.difference:.1e} ({answer.rounding} rounding allows "
              f"{answer.tolerance:.1e}): nothing to diagnose")
        return
    away = f"differs from the reference by {answer.difference:.2g} of its peak" if answer.difference < float("inf") \
        else "cannot be compared with the reference"
    yield f"{answer.subject}: {away}; {answer.rounding} rounding explains {answer.tolerance:.1e}"
    if answer.note:
        yield f"  {answer.note}"
    for k, found in enumerate(answer.explained):
        lead = "equals the reference with" if k == 0 else "  or, the same numbers here, with"
        yield f"{lead} {found.says}, to {found.difference:.1e}   [{' + '.join(found.mistakes)}]"
    if answer.settled:
        yield answer.settled
    elif not answer.explained:
        yield ((f"not explained: {answer.tried} candidates were tried ({', '.join(answer.kinds)})" if answer.tried
                else "not explained: nothing was tried")
              + ("" if answer.complete else "; not all, --seconds was too short"))
        if answer.certain:
            yield f"  certain: {answer.certain}"
        for found in answer.closest:
            yield (f"  closest: off by {found.difference:.2g} of the peak with {found.says}, which explains "
                  f"{found.share:.1%} of the squared difference   [{' + '.join(found.mistakes)}]")
        if answer.tried and not answer.closest:
            yield "  none of them explains nine tenths of the squared difference"
    if answer.unseen and not answer.explained:
        unseen = list(dict.fromkeys(name.partition("#")[0] for name in answer.unseen))
        yield (f"  make no difference with these inputs: {', '.join(unseen[:NAMES])}"
              + (f" and {len(unseen) - NAMES} more (--json has all)" if len(unseen) > NAMES else ""))
