"""What a comparison finds, as plain values: a row for each value and each gradient, and the first guilty layer."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from refvr.verify.compare.isolate import SAFETY
from refvr.verify.compare.mispaired import Mispaired
from refvr.verify.compare.patterns import Finding
from refvr.verify.difference import Difference


class Verdict(Protocol):
    """What a search for the mistake answers."""

    def lines(self) -> Iterator[str]:
        """What was found in words, a line each."""


@dataclass(frozen=True)
class Row:
    """One value: how it was aligned, how far it is from ours, and with isolation what of that is its own.

    total  theirs against a run of ours from the same input; own: against ours computed from their inputs
    """

    name: str
    theirs: tuple[str, ...]
    aligned: str
    axes: str
    shape: tuple[int, ...]
    stage: str
    total: Difference
    own: Difference | None = None
    noise: float | None = None
    explained: float | None = None
    times: float | None = None


@dataclass(frozen=True)
class Guilty:
    """The first layer with an error of its own.

    span      our names between the last value that is right and this one, this one too: where the mistake can be
    after     the name of that last right value, "" if there is none
    where     what can be said about the difference, the most telling first
    grew      (name, difference over peak) there, at its largest, and in the last value
    others    further layers with errors of their own, with `times`
    inherit   of `others`, those that values of `span` lead to which were not given: they may be right
    between   of `others`, those that other values lead to which were not given: the error may be in these
    diagnosis the mistake that makes these numbers, where that was asked for
    map       (h, w): the largest difference over batch and channels, for the picture
    calls     the operations from that last right value to this one, where nothing else of ours lies between them
    inner     of an output: the value of theirs that is right, and to which something is done after the network's end
    """

    name: str
    times: float
    own: Difference
    noise: float
    after: str
    span: tuple[str, ...]
    where: tuple[Finding, ...]
    grew: tuple[tuple[str, float], ...]
    others: tuple[tuple[str, float], ...]
    map: np.ndarray = field(repr=False, compare=False)
    diagnosis: Verdict | None = None
    inner: str = ""
    inherit: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()


@dataclass(frozen=True)
class GradientRow:
    """One gradient of theirs against ours from their own gradients after it.

    kind   of what: a value, an input, a parameter;  noise: of float32 here;  terms: of the sum that it is
    after  the value before in this order, nearer to the output; "" at the output
    """

    name: str
    kind: str
    own: Difference
    noise: float
    after: str = ""
    terms: int = 1

    @property
    def explained(self) -> float:
        """The difference that rounding explains."""
        return SAFETY * max(self.noise, float(np.finfo(np.float32).eps) / 2 * self.own.peak * self.terms ** 0.5)

    @property
    def times(self) -> float:
        """Own error over what rounding explains; above 1 is guilty."""
        if self.explained == 0:
            return 0.0 if self.own.max_abs == 0 else float("inf")
        return self.own.max_abs / self.explained


@dataclass
class Found:
    """What was found of a port.

    healthy    whether all that was given is right, the output too; None where that is not known: nothing was isolated,
               the output was not given, the port stopped, or names belong to other values
    mispaired  pairs that cannot be, and were left out
    precision  of the port, "" for float32
    stopped    where and why a port that was run here stopped before its end, "" if it did not
    last       the last name that was judged, where the output comes after it and was not; "" if it was
    not_finite where NaN or infinity is first, in words, "" if nowhere
    misfit_results  what is given out and has another shape than ours, in words
    digits     which shorter type would explain that most values are off by a little, in words (fewer_digits.py)
    digits_explain_all  they do so for every wrong value: no mistake is looked for besides
    gradients  on the way back, in its order; None where not asked for
    """

    reference: str
    mine: str
    rows: list[Row]
    aligned: dict[str, int]
    names: int
    unknown: list[str]
    misfits: list[str]
    healthy: bool | None = None
    guilty: Guilty | None = None
    mispaired: list[Mispaired] = field(default_factory=list)
    precision: str = ""
    stopped: str = ""
    last: str = ""
    not_finite: str = ""
    misfit_results: list[str] = field(default_factory=list)
    gradients: list[GradientRow] | None = None
    notes: list[str] = field(default_factory=list)
    digits: str = ""
    digits_explain_all: bool = False

    @property
    def names_are_wrong(self) -> bool:
        """Whether arrays were left out that have the names of values they are not, and nothing else is wrong."""
        return self.guilty is None and any(pair.stated for pair in self.mispaired)

    @property
    def isolated(self) -> bool:
        """Whether layers were looked at by themselves."""
        return any(row.times is not None for row in self.rows)

    @property
    def first_nan(self) -> Row | None:
        """The first value that is NaN or infinite somewhere where ours is not."""
        return next((row for row in self.rows if row.total.spoiled), None)

    @property
    def wrong_gradients(self) -> list[GradientRow]:
        """Those with errors of their own, the first on the way back first."""
        return [row for row in self.gradients or () if row.times > 1]
