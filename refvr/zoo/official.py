"""Official weight files and the zoo: which network and configuration a file is for, and its weights in our layout.

This stands on the networks, since what fits is decided by their own parameters: every configuration of the zoo is
built (zeros, which take no memory) and its names and shapes, in the words of each release, are compared with the
file's. A new network needs its rows in models.py and its names in checkpoints/, and nothing here.
"""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from refvr import __version__
from refvr.checkpoints.contents import Contents, LazyArray
from refvr.checkpoints.read import read, sha256
from refvr.errors import WeightsError
from refvr.types import Options
from refvr.zoo import models
from refvr.zoo.fits import UNCHANGED, Fit, another_size, fits, taken
from refvr.zoo.strangers import own_kind, stranger


@dataclass(frozen=True)
class Official:
    """The weights of an official file.

    state   our names and layout, float32; fit: what they were taken for; others: models that they fit as well
    notes   what was ignored, widened or is suspicious, one line each;  options: of the model, that are not as usual
    """

    state: dict[str, np.ndarray]
    fit: Fit
    others: tuple[str, ...]
    sha256: str
    notes: tuple[str, ...]
    options: Options = field(default_factory=dict)


def load_official(path: str | Path, model: str | None = None, options: Options = UNCHANGED) -> Official:
    """Weights of an official file; nothing of it is executed.

    model    a name of the zoo; None: found by names and shapes
    options  fields of its configuration that are others in this file; a single number, such as the count of features,
             is found without
    Raises WeightsError with the differences to the nearest configuration where none fits.
    """
    contents = read(path)
    if own := own_kind(path, contents):
        raise WeightsError(f"{path} is {own.what}", fix=own.fix)
    found = fits(contents, model, options)
    fit, lender = _chosen(path, found)
    nearest = min(found, key=lambda other: other.differences - other.sizes, default=None)   # by names first
    if fit is None and model and nearest and not options:
        other, options = another_size(contents, nearest)
        fit = other if options else None
    if fit is None:
        raise WeightsError(f"{path} {_misfit(contents, nearest, model, options)}", fix=_what_to_do(nearest))
    arrays = {name: array for name, array in taken(contents, fit).items() if name not in fit.ignored}
    lent = taken(contents, lender) if lender else {}
    arrays |= {name: lent[name] for name in fit.missing}
    digest = sha256(path)
    values = {name: array.read() for name, array in arrays.items()}
    state = fit.release.forth({name: _float32(value) for name, value in values.items()})
    network = models.build(fit.model, **options)
    missing = {name: value for name, value in network.state().items() if name not in state}
    state |= {name: value for name, value in missing.items() if name.endswith("num_batches_tracked")}
    network.load(state)  # every parameter, once, with its shape; or WeightsError
    others = tuple(dict.fromkeys(other.model for other in found if not other.problems and other.model != fit.model
                                 and (other.group, other.prefix) == (fit.group, fit.prefix)))
    notes = [*(f"{key} is {value}, which no published weights have" for key, value in options.items()),
             *_about_average(found, fit, lender), *_notes(path, contents, fit, arrays, values, digest)]
    return Official(state, fit, others, digest, tuple(notes), options)


def _chosen(path: str | Path, found: list[Fit]) -> tuple[Fit | None, Fit | None]:
    """The fit that is taken, and where an average that has parameters alone gets its statistics from."""
    whole = [fit for fit in found if not fit.problems]
    if whole and not whole[0].average:
        for fit in found:
            lenders = [other for other in whole if (other.model, other.release) == (fit.model, fit.release)]
            if fit.average and fit.lacks_buffers and lenders:
                return fit, lenders[0]
    equal = [fit for fit in whole if (fit.group, fit.prefix) == (whole[0].group, whole[0].prefix)]
    return (_named_by(path, equal) if equal else None), None


def _about_average(found: list[Fit], fit: Fit, lender: Fit | None) -> Iterator[str]:
    """Which of several sets of weights was taken."""
    places = dict.fromkeys(other.place for other in found if not other.problems and other.model == fit.model
                           and other.place != fit.place)
    if fit.average:
        yield f"taken: the average over the training (EMA), {fit.place}" + (
            f"; not the last weights, {_list([*places])}" if places else "") + (
            f"; it has no statistics of normalisations, those of {lender.place} were taken" if lender else "")
    elif places:
        yield f"taken: {fit.place}; {_list([*places])} would fit as well"


def published_digest(name: str) -> str:
    """The beginning of the sha256 that the file name of a release carries; "" if it has none.

    BasicSR's: NAME_official-0123abcd.pth; MMagic's: NAME_20200622-0123abcd.pth. Elsewhere eight such digits may be a
    date, or a commit.
    """
    found = re.search(r"_(?:official|20\d{6})-([0-9a-f]{8})$", Path(name).stem)
    return found[1] if found else ""


def check_published(path: str | Path, digest: str) -> None:
    """Raise WeightsError when a file has the name of a published one and other contents."""
    expected = published_digest(Path(path).name)
    if expected and not digest.startswith(expected):
        raise WeightsError(f"{path} is not the file that was published under this name: its sha256 begins with "
                           f"{digest[:8]}, not {expected}", fix="download it again; if you know why, give it another "
                           "name")


def provenance(path: str | Path, official: Official) -> dict[str, Any]:
    """The attributes of a converted weight file."""
    row = models.row_of(official.fit.model)
    config = asdict(models.config(official.fit.model, **official.options))
    return {"network": row.network, "config": config, "model": official.fit.model,
            "source": Path(path).name, "sha256": official.sha256, "release": official.fit.release.name,
            "state": official.fit.group, "licence": row.licence, "origin": row.source,
            "date": datetime.now(timezone.utc).date().isoformat(), "refvr": __version__}


def _named_by(path: str | Path, equal: list[Fit]) -> Fit:
    """Of fits that names and shapes cannot tell apart, the one whose published file has the name of this one."""
    stem = Path(path).stem.lower()
    return next((fit for fit in equal if Path(models.row_of(fit.model).file).stem.lower() == stem), equal[0])


def _misfit(contents: Contents, nearest: Fit | None, model: str | None, options: Options) -> str:
    if other := stranger(contents):
        return f"is {other}, which refvr does not have"
    if nearest is None:
        return f"has no name in common with {model}" if model else "has no name in common with any network of the zoo"
    problems, count = nearest.problems, nearest.differences
    more = f" and {count - 3} more" if count > 3 else ""
    told = f" with {', '.join(f'{key}={value}' for key, value in options.items())}" if options else ""
    return (f"fits no configuration of the zoo; nearest is {nearest.model}{told}, with {count} differences: "
            f"{'; '.join(problems[:3])}{more}")


def _what_to_do(nearest: Fit | None) -> str:
    """The verbs that tell more, and where names fit and sizes do not, how those are told."""
    look = "`refvr inspect FILE` shows what it holds"
    if nearest is None or nearest.sizes < nearest.differences:
        return look
    return (f"{look}; trace, compare, export and bounds take sizes that are not published: {nearest.model} --weights "
            "FILE, with --set KEY=VALUE where more than one number differs")


def _float32(value: np.ndarray) -> np.ndarray:
    return value.astype(np.float32, copy=False) if value.dtype.kind == "f" else value


def _notes(path: str | Path, contents: Contents, fit: Fit, taken: Mapping[str, LazyArray],
           values: Mapping[str, np.ndarray], digest: str) -> Iterator[str]:
    """What the person who converts should know."""
    if fit.ignored:
        yield f"{len(fit.ignored)} arrays that the network does not need were ignored: {_list(fit.ignored)}"
    first = fit.group.partition(".")[0]
    left = dict.fromkeys(fit.beside)
    left |= {name.partition(".")[0]: None for name in contents.others if name.partition(".")[0] != first}
    left |= {group.partition(".")[0]: None for group in contents.groups if group.partition(".")[0] != first}
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
    expected = published_digest(Path(path).name)
    if expected and not digest.startswith(expected):
        yield f"sha256 begins with {digest[:8]}; the published file's with {expected}: another file, or damaged"
    yield from contents.notes


def _list(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(name[:60] for name in names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")

