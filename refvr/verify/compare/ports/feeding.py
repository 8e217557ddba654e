"""What a program is fed: the inputs of a network of ours, by its names, in its layout and its types.

Inputs are matched by name, ours or official, then by their order. A layout follows from the shape that the program
asks for. Where several fit, or its sizes are free, there are several ways to feed it, the most usual first: channels
first, blue first where the official code has it so. chosen_way.py tells them apart by what the program then computes.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from refvr.errors import InputError
from refvr.records import NETWORKS
from refvr.types import Options
from refvr.verify.runs.input_names import our_name

NO_STATE_YET = ("the first frame of a clip has no state yet: take one of two frames or more, and trace or compare "
                "with --frame 1; or write the call of the first frame with `refvr export --first`")

# axes of ours -> layouts in which programs take them, the most usual first
LAYOUTS = {5: ("n t c h w", "n t h w c", "n c t h w", "n tc h w", "nt c h w", "nt h w c"),
           4: ("n c h w", "n h w c", "c h w", "h w c", "n h w", "h w"), 2: ("n c", "c")}
OURS = {5: "n t h w c", 4: "n h w c", 2: "n c"}


class Wanted(NamedTuple):
    """An input of a program. shape: None where a size is free, or all of it; dtype: a name of NumPy."""

    name: str
    shape: tuple[int | None, ...] | None
    dtype: str = "float32"

    def __str__(self) -> str:
        if self.shape is None:
            return f"{self.name} of any shape"
        return f"{self.name} of {'x'.join('?' if size is None else str(size) for size in self.shape) or 'one value'}"


@dataclass
class Given:
    """What a network of ours is given: operands by name, channels last; the numbers beside them, SAFA's time."""

    network: str
    operands: dict[str, np.ndarray]
    options: Options = field(default_factory=dict)

    def numbers(self) -> list[float]:
        """Options that are numbers, in order."""
        return [float(x) for value in self.options.values() if not isinstance(value, str)
                for x in (value if isinstance(value, (list, tuple)) else [value])]


class Way(NamedTuple):
    """One way to feed a program: name -> array, and in words what stands in which layout."""

    feeds: dict[str, np.ndarray]
    says: str


def ways(given: Given, wanted: Sequence[Wanted], title: str) -> list[Way]:
    """Every way to feed the program, at least one, no two the same. Raises InputError where an input is left over."""
    if not wanted:
        raise InputError(f"{title} takes no input, expected those of {given.network}: {', '.join(given.operands)}",
                         fix="give a port that is called with them, or a dictionary of its values")
    matched = _matched(given, wanted, title)
    found: list[Way] = []
    for blue in ((True, False) if NETWORKS[given.network].call.blue_first else (False,)):
        options = [list(_laid_out(matched[want.name], want, blue)) for want in wanted]
        for want, variants in zip(wanted, options):
            if not variants:
                raise InputError(f"{title} takes {want}, and what it is given is {_shape_of(matched[want.name])}",
                                 fix="choose an input of that size (`scene` alone has it), or one by --inputs FILE; "
                                     f"another number of frames or channels: is it a port of {given.network}?")
        for k in range(max(map(len, options))):
            chosen = {want.name: variants[min(k, len(variants) - 1)] for want, variants in zip(wanted, options)}
            feeds = {name: x for name, (_, x) in chosen.items()}
            if not any(_same(feeds, other.feeds) for other in found):
                layouts = [f"{name} as {layout}" for name, (layout, _) in chosen.items() if layout]
                found.append(Way(feeds, ", ".join(layouts) + ", blue first" * blue))
    return found


def _matched(given: Given, wanted: Sequence[Wanted], title: str) -> dict[str, np.ndarray]:
    """Name of an input of theirs -> our operand or number, channels last."""
    known = {our_name(given.network, want.name): want.name for want in wanted}
    found = {known[name]: x for name, x in given.operands.items() if name in known}
    rest = [x for name, x in given.operands.items() if name not in known]
    rest += [np.array(number) for number in given.numbers()]
    for want in wanted:
        if want.name in found:
            continue
        at = next((k for k, x in enumerate(rest) if any(True for _ in _laid_out(x, want, False))), None)
        if at is None and not rest:
            first = NETWORKS[given.network].call.state and "state" not in given.operands
            raise InputError(f"{title} takes {want} too, which our {given.network} is not given: "
                             f"{', '.join(given.operands)}", fix=NO_STATE_YET if first else
                             "give it a value of its own in the program")
        found[want.name] = rest.pop(at or 0)
    return found


def _laid_out(x: np.ndarray, want: Wanted, blue: bool) -> Iterator[tuple[str, np.ndarray]]:
    """(layout, `x` in it) for every layout that has the shape asked for."""
    if x.ndim == 0:
        if want.shape is None or all(size in (1, None) for size in want.shape):
            yield "", np.full([1] * (2 if want.shape is None else len(want.shape)), x, want.dtype)
        return
    x = x[..., ::-1] if blue and x.shape[-1] == 3 else x
    for layout in LAYOUTS.get(x.ndim, ()):
        value = _in(x, layout)
        if value is not None and (want.shape is None or len(value.shape) == len(want.shape) and all(
                size in (None, found) for size, found in zip(want.shape, value.shape))):
            yield layout, _typed(value, want.dtype)


def _in(x: np.ndarray, layout: str) -> np.ndarray | None:
    """Ours with these axes; None where an axis that is left out is longer than one."""
    ours, groups = OURS[x.ndim].split(), layout.split()
    letters = [letter for group in groups for letter in group]
    dropped = [k for k, letter in enumerate(ours) if letter not in letters]
    if any(x.shape[k] != 1 for k in dropped):
        return None
    x = x.transpose([ours.index(letter) for letter in letters] + dropped)
    sizes, at = [], 0
    for group in groups:
        sizes.append(int(np.prod(x.shape[at:at + len(group)])))
        at += len(group)
    return x.reshape(sizes)


def _typed(x: np.ndarray, dtype: str) -> np.ndarray:
    """In the type of the program; whole numbers are levels, 0 to 255 or 65535."""
    if np.dtype(dtype).kind in "iu":
        levels = 65535 if np.dtype(dtype).itemsize == 2 else 255
        return np.clip(np.rint(x * levels), 0, levels).astype(dtype)
    return np.ascontiguousarray(x.astype(dtype))


def _same(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> bool:
    return all(x.shape == other[name].shape and np.array_equal(x, other[name]) for name, x in one.items())


def _shape_of(x: np.ndarray) -> str:
    return "a number" if x.ndim == 0 else f"{'x'.join(map(str, x.shape))} ({OURS.get(x.ndim, '')})"
