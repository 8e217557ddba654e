"""Which network the arrays of a file are for: every configuration of the zoo, in the words of each release, against
every place of the file where its names stand.

The same networks sit in many wrappers: `module.` of DataParallel, `generator.`, `netG.`, `model.` of Lightning beside
`loss_fn.` and `metrics.`. No list of them is needed: the place is where most of the expected names are found.
"""
from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from refvr.checkpoints.contents import Contents, LazyArray
from refvr.checkpoints.releases import Release, of_network
from refvr.errors import InputError
from refvr.types import Options
from refvr.zoo import models

PREFERRED = ("params_ema", "params", "state_dict", "deblurnet_state_dict", "model", "model_state_dict", "net", "")
GROUPS, ARRAYS, PLACES, DOTS = 20, 5000, 4, 8  # groups, arrays in them, prefixes of a group, dots in a prefix
COMPARED, SHOWN = 80, 50  # likely places that are compared name by name; problems that are kept
SIZES = 4  # that are tried for a number of a configuration
FLOATS = {"float16", "bfloat16", "float32", "float64"}
# What torch.compile, FSDP and checkpointing put into the middle of names
INSIDE = re.compile(r"(^|\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
AVERAGE = {"ema", "netema", "averaged", "average", "avg", "shadow", "swa"}  # words of names
BUFFERS = (".running_mean", ".running_var")  # an average of the parameters alone has none
UNCHANGED: Options = {}

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Fit:
    """How well one place of a file fits one configuration.

    prefix    what stands before all names and was taken off; ignored: arrays there that the network does not need
    problems  the first differences, none if it fits; differences: how many there are; missing: names that are not there
    beside    first parts of the names of the group that stand elsewhere
    average   whether its name says that it is an average over the training
    sizes     how many of the differences are of sizes alone
    """

    model: str
    release: Release
    group: str
    prefix: str
    problems: tuple[str, ...]
    differences: int
    ignored: tuple[str, ...]
    missing: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    average: bool = False
    sizes: int = 0

    @property
    def place(self) -> str:
        """Where in the file it is, in words."""
        return ".".join(part for part in (self.group, self.prefix.removesuffix(".")) if part) or "the outermost level"

    @property
    def lacks_buffers(self) -> bool:
        """Whether all that is missing are statistics of normalisations."""
        return 0 < len(self.missing) == self.differences and all(name.endswith(BUFFERS) for name in self.missing)


def fits(contents: Contents, model: str | None = None, options: Options = UNCHANGED) -> list[Fit]:
    """Every configuration and place that have a name in common, the best first; of equal ones the average.

    options  fields of the model's configuration that are others
    """
    rows = [model] if model else list(models.MODELS)
    groups = [group for group, arrays in contents.groups.items() if len(arrays) <= ARRAYS]
    groups = sorted(groups, key=lambda group: -len(contents.groups[group]))[:GROUPS]
    places = [place for group in groups for place in _likely(contents, group, rows, options)]
    likely = sorted(places, key=lambda place: -place.share)[:COMPARED]
    found = [_compare(contents, place, options) for place in likely]
    order = {group: k for k, group in enumerate(PREFERRED)}
    return sorted(found, key=lambda fit: (fit.differences, not fit.average, order.get(fit.group, len(order))))


def another_size(contents: Contents, fit: Fit) -> tuple[Fit, Options]:
    """The place with the one number of the configuration changed with which it fits; as it is, where there is none."""
    arrays, expected = taken(contents, fit), _shapes(fit.model, fit.release, UNCHANGED)
    sizes = [(want, there) for name, shape in expected.items() if name in arrays
             for want, there in zip(shape, arrays[name].shape) if want != there]
    place = _Place(1, fit.group, fit.prefix, fit.model, fit.release)
    numbers = [(key, usual) for key, usual in asdict(models.config(fit.model)).items() if type(usual) is int]
    for key, usual in numbers if fit.sizes == fit.differences else ():
        for there in sorted({there for want, there in sizes if want == usual})[:SIZES]:
            with suppress(InputError):
                other = _compare(contents, place, {key: there})
                if not other.problems:
                    return other, {key: there}
    return fit, UNCHANGED


def taken(contents: Contents, fit: Fit) -> dict[str, LazyArray]:
    """The arrays of the place, under the names of the release."""
    return _below(plain_names(contents.groups[fit.group]), fit.prefix)


def plain_names(arrays: dict[str, LazyArray]) -> dict[str, LazyArray]:
    """Without what wrappers put into the middle of names."""
    return {INSIDE.sub(r"\1", name): array for name, array in reversed(arrays.items())} \
        if any(map(INSIDE.search, arrays)) else dict(arrays)


def _below(arrays: Mapping[str, LazyArray], prefix: str) -> dict[str, LazyArray]:
    return {name[len(prefix):]: array for name, array in arrays.items() if name.startswith(prefix)}


class _Place(NamedTuple):
    """A prefix in a group, after which `share` of the names of a model stand, in the words of a release."""

    share: float
    group: str
    prefix: str
    model: str
    release: Release


def _likely(contents: Contents, group: str, rows: list[str], options: Options) -> Iterator[_Place]:
    ends = _ends(plain_names(contents.groups[group]))
    for model in rows:
        for release in of_network(models.row_of(model).network):
            expected = _shapes(model, release, options)
            votes = Counter(prefix for name in expected for prefix in ends.get(name, ()))
            for prefix, count in votes.most_common(PLACES):
                yield _Place(count / len(expected), group, prefix, model, release)


def _ends(arrays: Mapping[str, LazyArray]) -> dict[str, list[str]]:
    """End of a name, from each of its first dots on -> what stands before it, in each name that has this end."""
    found = defaultdict(list)
    for name in arrays:
        parts = name.split(".", DOTS)
        for k in range(len(parts)):
            end = ".".join(parts[k:])
            found[end].append(name[:len(name) - len(end)])
    return found


def _compare(contents: Contents, place: _Place, options: Options) -> Fit:
    _, group, prefix, model, release = place
    arrays, expected = plain_names(contents.groups[group]), _shapes(model, release, options)
    here = _below(arrays, prefix)
    spare = [name for name in here if name not in expected]
    ignored = tuple(name for name in spare if release.ignored.match(name))
    missing = tuple(name for name in expected if name not in here and not release.ignored.match(name))
    problems = [f"{name} is missing" for name in missing]
    problems += [f"{name} is unknown" for name in spare if name not in ignored]
    sizes = 0
    for name, shape in expected.items():
        array = here.get(name)
        if array is None or release.ignored.match(name):
            continue
        if array.refusal:
            problems.append(f"{name} is {array.refusal}")
        elif array.shape != shape:
            problems.append(f"{name} is {times(array.shape)} instead of {times(shape)}")
            sizes += 1
        elif array.dtype not in FLOATS:
            problems.append(f"{name} holds {array.dtype} instead of real numbers")
    beside = tuple(dict.fromkeys(name.partition(".")[0] for name in arrays if not name.startswith(prefix)))
    return Fit(model, release, group, prefix, tuple(problems[:SHOWN]), len(problems), ignored, missing, beside,
               _is_average(contents, group, prefix, arrays), sizes)


def _is_average(contents: Contents, group: str, prefix: str, arrays: Mapping[str, LazyArray]) -> bool:
    """Whether the place is an average: by its name, or a counter of averaged steps beside it (PyTorch's AveragedModel).

    MMEngine exchanges the two when it saves: its `ema_state_dict`, which counts `steps`, holds the last weights, and
    `state_dict` their average.
    """
    exchanged = "steps" in plain_names(contents.groups.get("ema_state_dict", {})) and "state_dict" in contents.groups
    if exchanged and group in ("ema_state_dict", "state_dict"):
        return group == "state_dict"
    return bool(set(re.split(r"[._]", f"{group}.{prefix}".lower())) & AVERAGE) or \
        (prefix.startswith("module.") and "n_averaged" in arrays)


def _shapes(model: str, release: Release, options: Options) -> dict[str, tuple[int, ...]]:
    """Official name -> shape."""
    return _built(model, release, options) if options else _usual(model, release)


@cache
def _usual(model: str, release: Release) -> dict[str, tuple[int, ...]]:
    return _built(model, release, UNCHANGED)


def _built(model: str, release: Release, options: Options) -> dict[str, tuple[int, ...]]:
    """Truth values stand for numbers: one byte each while axes are exchanged."""
    state = {name: np.zeros(array.shape, bool) for name, array in models.build(model, **options).state().items()}
    return {name: array.shape for name, array in release.back(state).items()}


def times(shape: tuple[int, ...]) -> str:
    """A shape in words: 3x3x64."""
    return "x".join(map(str, shape)) or "one value"
