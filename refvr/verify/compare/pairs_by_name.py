"""Pairs of modules that have the same name: which array is of which call."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from refvr.verify.compare.channel_orders import orders_of
from refvr.verify.compare.found_pairs import ANY, Found
from refvr.verify.compare.layout_search import canonical, fits
from refvr.verify.compare.nearness import NEAR
from refvr.verify.compare.pairs import Pair
from refvr.verify.compare.their_names import TheirName, in_calls, taken_apart


def by_name(found: Found, how: str, alias: Callable[[str], str | None], most: float) -> None:
    """Pair modules that have the same name, all of their calls together."""
    known = {name for name in map(alias, found.bases) if name}
    modules: dict[str, list[tuple[str, TheirName]]] = defaultdict(list)
    for name in found.theirs.entries:
        if most < NEAR or name not in found.insides:   # where values do not speak for it
            about = taken_apart(name, known)
            modules[about.base].append((name, about))
    for base, ours in found.bases.items():
        named = alias(base)
        if not named:
            continue
        left = ours if how != "exact" else [name for name in ours if not _same_name(found, name, modules, most)]
        left = [name for name in left if name not in found.pairs or most == ANY and how == "official"]
        group = modules.get(named, [])   # with those that have a pair: they count as calls
        if left and any(name not in found.used for name, _ in group):
            _calls(found, how, ours, left, group, most)


def by_name_alone(found: Found) -> None:
    """What has NaN or infinities and the name of a value of ours that is computed once: nothing else is that value."""
    for theirs in found.theirs.entries:
        if theirs in found.nearness.not_finite:
            about = taken_apart(theirs, found.bases)
            calls = found.bases.get(about.base, [])
            if len(calls) == 1 and not about.call:
                found.pair("exact", calls[0], theirs)
            elif theirs in found.places:
                found.pair("exact", theirs, theirs)


def _same_name(found: Found, ours: str, modules: Mapping[str, list[tuple[str, TheirName]]], most: float) -> bool:
    """The very name, with its scope ("frame2.conv", "head#1"): nothing to find out about calls."""
    base, _, call = ours.partition("#")
    if base == found.places[ours].named.base and not call:
        return False
    names = [name for name, about in modules.get(base, ()) if (about.call or 0) == int(call or 0)]
    for name in names:
        found.said.setdefault(name, ours)
    return any(found.pair("exact", ours, name, most=most) for name in names)


def _calls(found: Found, how: str, ours: list[str], left: list[str], group: list[tuple[str, TheirName]], most: float
           ) -> None:
    """Calls of a module of ours, those in `left` still without a value, with arrays of a module of theirs."""
    calls = in_calls(group)
    stated = all(about.call is not None for _, about in group)
    if len(calls) == 1 and len(ours) > 1 and not stated:
        names = [name for name in next(iter(calls.values())) if name not in found.used]
        note = f"one value for {len(ours)} calls"
        if not _cut(found, how, left, names, most) and not any(
                found.pair(how, name, theirs, note, min(most, NEAR)) for name in left for theirs in names) \
                and most == ANY:
            found.pair(how, left[-1], names[0], note)   # a dictionary keeps the last
    elif len(ours) == 1 and len(calls) > 1 and not stated and _join(found, how, ours[0], list(calls.values()), most):
        return
    else:
        sure = stated or len(calls) == len(ours)
        if sure and len(ours) > 1:
            for k, names in calls.items():
                for name in names if k < len(ours) else ():
                    found.said.setdefault(name, ours[k])
        paired = [_call(found, how, name, k, calls, most, sure) for k, name in enumerate(ours) if name in left]
        if most == ANY and not any(paired):
            _misfit(found, group[0][0], ours[0])


def _call(found: Found, how: str, ours: str, k: int, calls: Mapping[int, list[str]], most: float, sure: bool) -> bool:
    """Call k: the array with that number; where numbers only tell an order, a near one may have another."""
    note = "" if sure else f"call {k} of {len(calls)}"
    if any(found.pair(how, ours, name, note, most) for name in calls.get(k, ())):
        return True
    return most < ANY and not sure and any(found.pair(how, ours, name, note, most)
                                           for names in calls.values() for name in names)


def _cut(found: Found, how: str, ours: list[str], names: list[str], most: float) -> bool:
    """One value of theirs that has all calls in its batch."""
    shape = canonical(found.places[ours[0]].shape)
    for name in names:
        for axes in fits(found.theirs.entries[name].shape, (shape[0] * len(ours), *shape[1:])):
            pairs = [Pair(place, found.places[place].shape, ((name, (k * shape[0], (k + 1) * shape[0])),), axes, how,
                          None, f"part {k} of a batch of {len(ours)}") for k, place in enumerate(ours)]
            if found.within(pairs, most):
                for pair in pairs:
                    found.take(pair)
                return True
    return False


def _join(found: Found, how: str, ours: str, calls: list[list[str]], most: float) -> bool:
    """Single calls of theirs that are one batch of ours."""
    place = found.places[ours]
    n, *rest = canonical(place.shape)
    if n % len(calls) or ours in found.pairs:
        return False
    parts = tuple((names[0], None) for names in calls)
    if any(name in found.used for name, _ in parts):
        return False
    options = [Pair(ours, place.shape, parts, axes, how, order, f"{len(calls)} calls together")
               for axes in fits(found.theirs.entries[parts[0][0]].shape, (n // len(calls), *rest))
               for order in orders_of(found.network, place.named.base, place.shape[-1] if place.shape else 1)]
    options = [pair for pair in options if all(found.theirs.entries[name].shape ==
                                               found.theirs.entries[parts[0][0]].shape for name, _ in parts)]
    best = min(options, key=found.distance, default=None)
    if best is None or not found.within([best], most):
        return False
    found.take(best)
    return True


def _misfit(found: Found, theirs: str, ours: str) -> None:
    if not found.nearness.of(theirs) and theirs not in found.used:
        shapes = found.theirs.entries[theirs].shape, found.places[ours].shape
        turned = sorted(shapes[0]) == sorted(shapes[1])
        found.misfits.append("{} is {}, ours is {}".format(theirs, *("x".join(map(str, shape)) for shape in shapes))
                             + (": its axes are in another order, in which it was not judged" if turned else ""))
