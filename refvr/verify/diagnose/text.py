"""A diagnosis in words."""
from __future__ import annotations

from collections.abc import Iterator

from refvr.verify.diagnose.diagnosis import Diagnosis

SHOWN = 8   # names of a list that is long and seldom wanted


def lines(answer: Diagnosis) -> Iterator[str]:
    """A few lines."""
    if answer.mispaired and not answer.agrees:
        for line in answer.mispaired:
            yield f"paired wrongly: {line}"
        yield (f"{answer.subject}: these names were paired wrongly, and nothing else is wrong: pair them with --map "
              "FILE or leave them out")
        return
    if answer.agrees:
        yield (f"{answer.subject}: equals the reference to {answer.difference:.1e} (float32 rounding allows "
              f"{answer.tolerance:.1e}): nothing to diagnose")
        return
    away = f"differs from the reference by {answer.difference:.2g} of its peak" if answer.difference < float("inf") \
        else "cannot be compared with the reference"
    yield f"{answer.subject}: {away}; float32 rounding explains {answer.tolerance:.1e}"
    if answer.note:
        yield f"  {answer.note}"
    for k, found in enumerate(answer.explained):
        lead = "equals the reference with" if k == 0 else "  or, the same numbers here, with"
        yield f"{lead} {found.says}, to {found.difference:.1e}   [{' + '.join(found.mistakes)}]"
    if not answer.explained:
        yield (f"not explained: {answer.tried} candidates were tried ({', '.join(answer.kinds)})"
              + ("" if answer.complete else "; not all, --seconds was too short"))
        if answer.certain:
            yield f"  certain: {answer.certain}"
        for found in answer.closest:
            yield (f"  closest: {found.difference:.2g} with {found.says}, which explains {found.share:.1%} of the "
                  f"squared difference   [{' + '.join(found.mistakes)}]")
        if answer.tried and not answer.closest:
            yield "  none of them explains nine tenths of the squared difference"
    if answer.unseen and not answer.explained:
        unseen = list(dict.fromkeys(name.partition("#")[0] for name in answer.unseen))
        yield (f"  make no difference with these inputs: {', '.join(unseen[:SHOWN])}"
              + (f" and {len(unseen) - SHOWN} more (--json has all)" if len(unseen) > SHOWN else ""))
