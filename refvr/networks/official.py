"""Official weight files and the zoo: which network and configuration a file is for, and its weights in our layout.

This stands on the networks, since what fits is decided by their own parameters: every configuration of the zoo is
built (zeros, which take no memory) and its names and shapes, in the words of each release, are compared with the
file's. A new network needs its rows in zoo.py and its names in checkpoints/, and nothing here.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from refvr import __version__
from refvr.checkpoints.contents import Contents, LazyArray
from refvr.checkpoints.read import read, sha256
from refvr.checkpoints.releases import Release, of_network
from refvr.errors import WeightsError
from refvr.networks import zoo

PREFERRED = ("params_ema", "params", "state_dict", "deblurnet_state_dict", "model", "model_state_dict", "net", "")
WRAPPERS = ("module", "_orig_mod", "model", "net", "network", "generator", "cell")  # what the same networks sit in
GROUPS, ARRAYS, SHOWN = 20, 5000, 50  # groups of a file that are compared, arrays in them, differences that are kept

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Fit:
    """How well one group of a file fits one configuration.

    prefix    what stands before all names and was taken off; ignored: arrays that the network does not need
    problems  the first differences, none if it fits; differences: how many there are
    """

    model: str
    release: Release
    group: str
    prefix: str
    problems: tuple[str, ...]
    differences: int
    ignored: tuple[str, ...]


@dataclass(frozen=True)
class Official:
    """The weights of an official file.

    state   our names and layout, float32; fit: what they were taken for; others: models that they fit as well
    notes   what was ignored, widened or is suspicious, one line each
    """

    state: dict[str, np.ndarray]
    fit: Fit
    others: tuple[str, ...]
    sha256: str
    notes: tuple[str, ...]


def load_official(path: str | Path, model: str | None = None) -> Official:
    """Weights of an official file; nothing of it is executed.

    model   a name of the zoo; None: found by names and shapes
    Raises WeightsError with the differences to the nearest configuration where none fits.
    """
    contents = read(path)
    found = fits(contents, model)
    if not found or found[0].problems:
        raise WeightsError(f"{path} {_misfit(found, model)}", fix="`refvr inspect` shows what it holds; --model NAME "
                           "compares it with one configuration")
    equal = [fit for fit in found if not fit.problems and (fit.group, fit.prefix) == (found[0].group, found[0].prefix)]
    fit = _named_by(path, equal)
    arrays = bare(contents.groups[fit.group], fit.prefix)
    digest = sha256(path)
    values = {name: array.read() for name, array in arrays.items() if name not in fit.ignored}
    state = fit.release.forth({name: _float32(value) for name, value in values.items()})
    network = zoo.build(fit.model)
    missing = {name: value for name, value in network.state().items() if name not in state}
    state |= {name: value for name, value in missing.items() if name.endswith("num_batches_tracked")}
    network.load(state)  # every parameter, once, with its shape; or WeightsError
    others = tuple(dict.fromkeys(other.model for other in equal if other.model != fit.model))
    return Official(state, fit, others, digest,
                    tuple(_notes(path, contents, fit, {name: arrays[name] for name in values}, values, digest)))


def fits(contents: Contents, model: str | None = None) -> list[Fit]:
    """Every configuration and group that have a name in common, the best first."""
    rows = [model] if model else list(zoo.MODELS)
    groups = [group for group, arrays in contents.groups.items() if len(arrays) <= ARRAYS]
    groups = sorted(groups, key=lambda group: -len(contents.groups[group]))[:GROUPS]
    found = [fit for group in groups for fit in _fits_of(group, contents.groups[group], rows)]
    order = {group: k for k, group in enumerate(PREFERRED)}
    return sorted(found, key=lambda fit: (fit.differences, order.get(fit.group, len(order))))


def bare(arrays: Mapping[str, LazyArray], prefix: str) -> dict[str, LazyArray]:
    """The arrays of a group without the prefix of their names."""
    return {name.removeprefix(prefix): array for name, array in arrays.items()}


def published_digest(name: str) -> str:
    """The beginning of the sha256 that the file name of a release carries, NAME-0123abcd.pth; "" if it has none."""
    digits = Path(name).stem.rpartition("-")[2]
    return digits if len(digits) == 8 and set(digits) <= set("0123456789abcdef") else ""


def check_published(path: str | Path, digest: str) -> None:
    """Raise WeightsError when a file has the name of a published one and other contents."""
    expected = published_digest(Path(path).name)
    if expected and not digest.startswith(expected):
        raise WeightsError(f"{path} is not the file that was published under this name: its sha256 begins with "
                           f"{digest[:8]}, not {expected}", fix="download it again; if you know why, give it another "
                           "name")


def provenance(path: str | Path, official: Official) -> dict[str, Any]:
    """The attributes of a converted weight file."""
    row = zoo.row_of(official.fit.model)
    return {"network": row.network, "config": asdict(zoo.config(official.fit.model)), "model": official.fit.model,
            "source": Path(path).name, "sha256": official.sha256, "release": official.fit.release.name,
            "state": official.fit.group, "licence": row.licence, "origin": row.source,
            "date": datetime.now(timezone.utc).date().isoformat(), "refvr": __version__}


def _fits_of(group: str, arrays: Mapping[str, LazyArray], rows: list[str]) -> Iterator[Fit]:
    prefix = _prefix(arrays)
    shapes = {name: array.shape for name, array in bare(arrays, prefix).items()}
    refused = [f"{name} is {array.refusal}" for name, array in bare(arrays, prefix).items() if array.refusal]
    for model in rows:
        for release in of_network(zoo.row_of(model).network):
            expected = _shapes(model, release)
            if not shapes.keys() & expected.keys():
                continue
            spare = [name for name in shapes if name not in expected]
            ignored = tuple(name for name in spare if release.ignored.match(name))
            problems = [f"{name} is missing" for name in expected
                        if name not in shapes and not release.ignored.match(name)]
            problems += [f"{name} is unknown" for name in spare if name not in ignored]
            problems += [f"{name} is {_times(shapes[name])} instead of {_times(shape)}"
                         for name, shape in expected.items() if shapes.get(name, shape) != shape]
            problems += refused
            yield Fit(model, release, group, prefix, tuple(problems[:SHOWN]), len(problems), ignored)


@cache
def _shapes(model: str, release: Release) -> dict[str, tuple[int, ...]]:
    """Official name -> shape. Truth values stand for numbers: one byte each while axes are exchanged."""
    state = {name: np.zeros(array.shape, bool) for name, array in zoo.build(model).state().items()}
    return {name: array.shape for name, array in release.back(state).items()}


def _prefix(arrays: Mapping[str, LazyArray]) -> str:
    prefix = ""
    while True:
        first = {name.removeprefix(prefix).partition(".")[0] for name in arrays}
        if len(first) != 1 or not first <= set(WRAPPERS) or not all("." in name.removeprefix(prefix)
                                                                     for name in arrays):
            return prefix
        prefix += f"{first.pop()}."


def _named_by(path: str | Path, equal: list[Fit]) -> Fit:
    """Of fits that names and shapes cannot tell apart, the one whose published file has the name of this one."""
    stem = Path(path).stem.lower()
    return next((fit for fit in equal if Path(zoo.row_of(fit.model).file).stem.lower() == stem), equal[0])


def _misfit(found: list[Fit], model: str | None) -> str:
    if not found:
        return f"has no name in common with {model}" if model else "has no name in common with any network of the zoo"
    problems = found[0].problems
    count = found[0].differences
    more = f" and {count - 3} more" if count > 3 else ""
    return (f"fits no configuration of the zoo; nearest is {found[0].model}, with {count} differences: "
            f"{'; '.join(problems[:3])}{more}")


def _float32(value: np.ndarray) -> np.ndarray:
    return value.astype(np.float32, copy=False) if value.dtype.kind == "f" else value


def _notes(path: str | Path, contents: Contents, fit: Fit, taken: Mapping[str, LazyArray],
           values: Mapping[str, np.ndarray], digest: str) -> Iterator[str]:
    """What the person who converts should know."""
    if fit.ignored:
        yield f"{len(fit.ignored)} arrays that the network does not need were ignored: {_list(fit.ignored)}"
    left = dict.fromkeys(name.partition(".")[0] for name in contents.others if name != fit.group)
    left |= {group.partition(".")[0]: None for group in contents.groups if group != fit.group}
    if left:
        yield f"left out: {_list([name or 'arrays of the outermost level' for name in left])}"
    if contents.globals:
        yield f"names in the file that were not imported: {_list(contents.globals)}"
    for dtype in sorted({array.dtype for array in taken.values()} - {"float32", "int64"}):
        how = "rounded" if dtype == "float64" else "widened"
        yield f"stored as {dtype}, {how} to float32"
    bad = sum(int(np.size(value) - np.isfinite(value).sum()) for value in values.values())
    if bad:
        yield f"{bad} values are not finite: the file is of a run that failed, or damaged"
    expected = published_digest(Path(path).name) or published_digest(zoo.row_of(fit.model).file)
    if expected and not digest.startswith(expected):
        yield f"sha256 begins with {digest[:8]}; the published file's with {expected}: another file, or damaged"
    yield from contents.notes


def _list(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(name[:60] for name in names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "one value"

