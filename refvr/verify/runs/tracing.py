"""Names of everything that a run computes, each once, and which of them are wanted."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np

from refvr.nn.trace import here, trace
from refvr.ops.core.operation import Operation, watch
from refvr.verify.runs.axes import reordered


class Named(NamedTuple):
    """A place in a run.

    name    unique, "frame2.pcd_align.l1.dcn", "head#1": "#k" is the k-th repetition
    base    without the scope and the count, "pcd_align.l1.dcn": the path of a module, or of a value noted in it
    scope   "frame2.", the step of a recurrence or the frame; "" outside of any
    call    how many values of this base came before: frames and repetitions counted together
    """

    name: str
    base: str
    scope: str
    call: int


Heard = Callable[[Named, Any], Any]


@contextmanager
def listen(heard: Heard, *, operations: bool = False, tensors: bool = False) -> Iterator[None]:
    """Inside, `heard(named, value)` hears of every named value and may answer with another to go on with.

    operations  also of the result of every single operation: "PATH:conv2d", ":conv2d#1" ...; answers are ignored
    tensors     values on the tape come as Tensors
    """
    names, bases = Counter[str](), Counter[str]()

    def named(full: str) -> Named:
        scope = here()[0]
        base = full.removeprefix(scope)
        repeats, calls = names[full], bases[base]
        names[full] += 1
        bases[base] += 1
        return Named(f"{full}#{repeats}" if repeats else full, base, scope, calls)

    def operation(op: Operation, operands: tuple[Any, ...], options: dict[str, Any], y: np.ndarray) -> None:
        scope, inside = here()
        heard(named(f"{scope}{inside}:{op.name}"), y)

    with trace(lambda name, value: heard(named(name), value), tensors=tensors):
        if not operations:
            yield
            return
        with watch(operation):
            yield


def wanted(named: Named, patterns: Sequence[str]) -> bool:
    """Whether a name is asked for: one of the globs fits it, with or without its scope; all are without patterns."""
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns for name in (named.name, named.base))


def axes_of(shape: tuple[int, ...]) -> str:
    """The letters of our axes: "n h w c"."""
    letters = {5: "n t h w c", 4: "n h w c", 2: "n c", 1: "c"}
    return letters.get(len(shape)) or " ".join(f"a{k}" for k in range(len(shape)))


def in_layout(value: np.ndarray, layout: str, volume: bool) -> tuple[np.ndarray, str]:
    """A view with axes as in `layout` ("nhwc" or "nchw"), and their letters.

    volume  of five axes in "nchw": channels before time, as Conv3d has them, instead of after it
    """
    axes = axes_of(value.shape).split()
    if layout == "nhwc" or len(axes) not in (4, 5):
        return value, " ".join(axes)
    order = "n c t h w" if len(axes) == 5 and volume else "n t c h w" if len(axes) == 5 else "n c h w"
    return reordered(value, " ".join(axes), order), order


def repeats(name: str) -> tuple[str, int]:
    """"head#1" -> ("head", 1)."""
    found = re.fullmatch(r"(.*)#(\d+)", name)
    return (found[1], int(found[2])) if found else (name, 0)
