"""What `compare` found, in words: which values were paired, and what is wrong."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from refvr.verify.compare.between import counted
from refvr.verify.compare.found import Found, Guilty


def heading(report: Found) -> Iterator[str]:
    """What was compared with what."""
    ways = ", ".join(f"{count} {how}" for how, count in report.aligned.items())
    yield f"reference  {report.reference}"
    yield f"yours      {report.mine}: {len(report.rows)} of our {report.names} names ({ways})"
    if report.stopped:
        yield f"           your program stops {report.stopped}"
    if report.unknown:
        yield f"           {len(report.unknown)} of yours are unknown here: {few(report.unknown)}"
    for misfit in report.misfits[:3]:
        yield f"           another shape: {misfit}"
    guesses = sum(pair.how not in ("exact", "official") for pair in report.mispaired)
    if guesses:
        yield f"           {guesses} guesses by order were tried and left out"


def findings(report: Found) -> Iterator[str]:
    """The verdict, and what is known of the guilty layer."""
    if report.not_finite:
        yield f"NaN: {report.not_finite}"
    for pair in report.mispaired:
        if pair.how in ("exact", "official"):
            yield f"paired wrongly: {pair}"
    if report.names_are_wrong:
        yield "these names were paired wrongly, and nothing else is wrong: pair them with --map FILE or leave them out"
    elif report.misfit_results and not report.guilty:
        yield from (f"guilty: the output has another shape: {text}" for text in report.misfit_results)
        judged = sum(row.times is not None for row in report.rows)
        yield (f"  besides      each of the {judged} values that were judged follows from your own inputs of it"
               if judged else "(--isolate tells whether what leads to it is right)")
    elif report.guilty:
        yield from _guilty(report.guilty)
        yield from [f"  digits       {report.digits}"] * bool(report.digits)
        if report.guilty.diagnosis:
            yield from report.guilty.diagnosis.lines()
        elif not report.guilty.inner and not report.digits_explain_all:   # otherwise it is not in our network
            yield "  (--diagnose looks for the mistake in it)"
    elif report.isolated:
        worst = max(report.rows, key=lambda row: row.times or 0.0)
        each = f"each of the {len(report.rows)} values" if len(report.rows) > 1 else "the one value"
        yield (f"no guilty layer: {each} follows from your own inputs of it; the "
              f"nearest to its limit is {worst.name}, {worst.times:.2f}x what rounding explains")
        if report.last:
            yield "your output was not judged: dump it too, called `output`"
    else:
        yield from _not_judged(report)
    yield from _gradients(report)
    for note in report.notes:
        yield f"  note: {note}"


def _not_judged(report: Found) -> Iterator[str]:
    """What is seen without looking at layers by themselves."""
    if report.rows and not report.not_finite:
        worst, last = max(report.rows, key=lambda row: row.total.max_rel), report.rows[-1]
        if not worst.total.max_abs:
            return   # all are equal: there is nothing to judge
        yield (f"not judged: the largest difference is {worst.total.max_rel:.2g} of the peak, in {worst.name}; in "
               f"{last.name} {last.total.max_rel:.2g}")
    yield "(--isolate tells a layer's own error from what it inherited, and whether rounding explains it)"


def _gradients(report: Found) -> Iterator[str]:
    wrong, rows = report.wrong_gradients, report.gradients
    if rows is None:
        return
    kinds = Counter(row.kind for row in rows)
    counted = ", ".join(f"{count} of {kind}s" for kind, count in kinds.items())
    if not wrong:
        worst = max(rows, key=lambda row: row.times or 0.0)
        yield (f"no wrong gradient: each of {len(rows)} ({counted}) follows from your own after it; the nearest to its "
               f"limit is {worst.name}, {worst.times:.2f}x what rounding explains")
        return
    first = wrong[0]
    yield f"first wrong gradient on the way back: {first.kind} {first.name}, of {len(rows)} ({counted})"
    yield (f"  own error    {first.own.max_abs:.3g}, {first.own.max_rel:.2g} of the peak, computed from your own "
           f"gradients after it: {first.times:.3g}x what rounding explains")
    if first.after:
        yield f"  before it    that of {first.after} is right"
    if len(wrong) > 1:
        more = few(f"{row.name} ({row.times:.3g}x)" for row in wrong[1:])
        yield f"  besides      {len(wrong) - 1} more with errors of their own: {more}"


def _guilty(g: Guilty) -> Iterator[str]:
    yield f"first guilty layer: {g.name}" + (
        f": after your {g.inner}, which is right, something is done to the output" if g.inner else "")
    yield (f"  own error    {g.own.max_abs:.3g}, {g.own.max_rel:.2g} of the peak, computed from your own inputs: "
          f"{g.times:.3g}x what rounding explains (noise here {g.noise:.2g})")
    if len(g.span) > 1 and not g.inner:
        yield (f"  span         your values are right up to {g.after or 'the input'}; of {few(g.span[:-1], 6)} you "
              "gave none, so the mistake may be in any of them")
    elif len(set(g.calls)) > 1:
        yield (f"  span         your values are right up to {g.after or 'the input'}; from there to {g.name} lie "
               f"{counted(g.calls)}, so the mistake may be in any of them")
    for k, finding in enumerate(g.where):
        yield f"  {'looks like' if not k else '':10}   {finding.what} ({finding.share:.1%} of the squared difference)"
    if g.grew:
        (_, there), (name, most), (last, end) = g.grew
        yield (f"  afterwards   against our own run from the input: {there:.2g} of the peak there, at most {most:.2g} "
              f"({name}), {end:.2g} in {last}")
    own = [(name, times) for name, times in g.others if name not in g.inherit]
    if own:
        text = ", ".join(f"{name} ({times:.3g}x{', or what leads to it' if name in g.between else ''})"
                         for name, times in own[:4])
        yield f"  besides      {len(own)} more with errors of their own: {text}{' ...' if len(own) > 4 else ''}"
    if g.inherit:
        yield (f"  unclear      {few(g.inherit)}: wrong, but computed from what you did not give of the span, so "
               f"{'they' if len(g.inherit) > 1 else 'it'} may be right")


def few(names: Iterable[str], count: int = 4) -> str:
    """The first names, and how many more there are."""
    names = list(names)
    return ", ".join(names[:count]) + (f" and {len(names) - count} more" if len(names) > count else "")
