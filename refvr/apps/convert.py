"""Official weight files to ours, and ours to official ones: what `refvr convert` and `refvr inspect` do."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from refvr import zoo
from refvr.checkpoints import h5, pth_write
from refvr.checkpoints.contents import Contents, LazyArray
from refvr.checkpoints.read import read, sha256
from refvr.checkpoints.releases import of_network
from refvr.errors import InputError, RefvrError, WeightsError
from refvr.zoo.fits import Fit, fits
from refvr.zoo.official import load_official, provenance
from refvr.zoo.strangers import own_kind, stranger

NEAREST = 3  # configurations that an inspection names


@dataclass(frozen=True)
class ConvertReport:
    """What was converted.

    model    configuration; others: those that fit the same names and shapes; release: whose names they are
    group    the state dict that was taken, "" for a bare one; prefix: what was taken off its names
    arrays, values   how many were written
    notes    what was ignored or is suspicious, one line each
    """

    source: str
    target: str
    model: str
    others: tuple[str, ...]
    release: str
    group: str
    prefix: str
    arrays: int
    values: int
    sha256: str
    notes: tuple[str, ...]


def convert(source: str | Path, target: str | Path, *, model: str | None = None) -> ConvertReport:
    """Write the official weights `source` as a weight file of ours, every parameter exactly once.

    model  a name of `refvr models`; None: found by names and shapes
    Raises WeightsError where nothing fits, OutputError where `target` cannot be written.
    """
    official = load_official(source, model)
    _check_target(target, ".h5")
    h5.save(target, official.state, provenance(source, official))
    fit = official.fit
    return ConvertReport(str(source), str(target), fit.model, official.others, fit.release.name, fit.group, fit.prefix,
                         len(official.state), _values(official.state), official.sha256, official.notes)


def reverse(source: str | Path, target: str | Path, *, release: str | None = None) -> ConvertReport:
    """Write our weights `source` as a PyTorch state dict in official names, for torch.load(weights_only=True).

    release  whose names, where a network has several; None: those the weights came with, else the first
    """
    state, attributes = h5.load(source)
    known = [way for way in of_network(attributes["network"]) if way.file == ".pth"]
    wanted = release or attributes.get("release")
    way = next((way for way in known if way.name == wanted), None if release else next(iter(known), None))
    if way is None:
        raise InputError(f"no release {release!r} of {attributes['network']}",
                         fix=f"releases are: {', '.join(way.name for way in known)}")
    network = zoo.build_network(attributes["network"], attributes.get("config", {})).load(state)
    official = way.back(state)
    again = way.forth(official)
    lost = [name for name in network.parameters()
            if name not in again or not np.array_equal(again[name], state[name], equal_nan=True)]
    if lost:
        raise WeightsError(f"{lost[0]} has no place in the release {way.name}", fix="choose another with --release")
    _check_target(target, ".pth")
    pth_write.save(target, official)
    return ConvertReport(str(source), str(target), str(attributes.get("model", attributes["network"])), (), way.name,
                         "", "", len(official), _values(official), sha256(target), ())


def inspect(path: str | Path, *, values: bool = False) -> dict[str, Any]:
    """What a weight file holds, as plain values: groups of arrays, other values, fits, sha256.

    values  also read every array: min, mean, max and how many values are not finite
    """
    contents = read(path)
    own = own_kind(path, contents)
    found = [] if own else fits(contents)
    groups = {group: {name: _facts(array, values) for name, array in arrays.items()}
              for group, arrays in contents.groups.items()}
    fitting = [fit for fit in found if not fit.problems]
    return {"file": str(path), "bytes": Path(path).stat().st_size, "format": contents.format, "sha256": sha256(path),
            "groups": groups, "others": contents.others, "not_imported": list(contents.globals),
            "notes": contents.notes, "fits": [_plain(fit) for fit in fitting or _nearest(found)],
            "own": _own(path, contents, own.what) if own else None, "stranger": stranger(contents)}


def _nearest(found: list[Fit]) -> list[Fit]:
    """The best fit of each model, the nearest models first."""
    best: dict[str, Fit] = {}
    for fit in found:
        best.setdefault(fit.model, fit)
    return list(best.values())[:NEAREST]


def _own(path: str | Path, contents: Contents, what: str) -> dict[str, Any]:
    """What an inspection says of a file that refvr wrote: whether its network takes it."""
    facts: dict[str, Any] = {"what": what}
    attributes = h5.provenance(path)
    if isinstance(attributes.get("network"), str):
        facts |= {name: attributes[name] for name in ("network", "config", "model") if name in attributes}
        try:
            state, attributes = h5.load(path)
            zoo.build_network(attributes["network"], attributes.get("config", {})).load(state)
            facts["problem"] = ""
        except RefvrError as error:
            facts["problem"] = str(error)
    return facts


def _plain(fit: Fit) -> dict[str, Any]:
    return {"model": fit.model, "release": fit.release.name, "group": fit.group, "prefix": fit.prefix,
            "problems": list(fit.problems), "differences": fit.differences, "ignored": list(fit.ignored),
            "average": fit.average}


def _facts(array: LazyArray, values: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {"shape": list(array.shape), "dtype": array.dtype, "bytes": array.nbytes}
    if array.refusal:
        return facts | {"refused": array.refusal}
    return facts | (dict(_statistics(array.read())) if values and array.size else {})


def _statistics(x: np.ndarray) -> Iterator[tuple[str, float]]:
    finite = x[np.isfinite(x)] if x.dtype.kind in "fc" else x
    if finite.size and x.dtype.kind != "c":
        yield from (("min", float(finite.min())), ("mean", float(finite.mean(dtype=np.float64))),
                    ("max", float(finite.max())))
    yield "not_finite", int(x.size - finite.size)


def _check_target(target: str | Path, ending: str) -> None:
    if Path(target).suffix != ending:
        raise InputError(f"got the output {target}, expected a name that ends in {ending}")


def _values(state: dict[str, np.ndarray]) -> int:
    return sum(array.size for array in state.values())
