"""Mistakes that are in no operation: after a value, in what a network is given; and mistakes in any call of a run."""
from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from refvr.verify.diagnose.targets import Variant

SLOPES = {"a relu": 0.0, "a leaky relu of slope 0.01": 0.01, "a leaky relu of slope 0.1": 0.1,
          "a leaky relu of slope 0.2": 0.2, "no activation": 1.0}
NOTHING = "nothing (no sum, no activation)"


class _OfValues:
    """A mistake in no operation: nothing is planted, values are changed."""

    def planted(self) -> AbstractContextManager[None]:
        """Inside, all operations are right."""
        return nullcontext()


class Following(_OfValues):
    """A mistake between a value of theirs that is not ours at its end, and what follows: `what` comes after it."""

    kind, reaches_back = "other activations", False

    def __init__(self, after: str, what: str) -> None:
        self.after, self.what, self.name = after, what, f"after.{what.partition(' (')[0].replace(' ', '_')}"
        self.says = f"{what} after {after}"


class Fed(_OfValues):
    """The network was given something else: `change` of every input picture."""

    kind, reaches_back = "another form of the input", True

    def __init__(self, name: str, says: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
        self.name, self.says, self.change = f"given.{name}", says, change


class Everywhere(Variant):
    """A mistake in all calls up to the guilty value: what was computed before the span may be used first in it."""

    reaches_back = True


PICTURES = [
    Fed("blue_first", "the colours of the input in reverse (BGR for RGB)", lambda x: x[..., ::-1]),
    Fed("of_0_to_255", "an input of 0 to 255 in place of 0 to 1", lambda x: x * 255),
    Fed("of_minus_1_to_1", "an input of -1 to 1 in place of 0 to 1", lambda x: 2 * x - 1),
    Fed("in_8_bits", "an input rounded to 8 bits", lambda x: np.rint(x * 255) / 255),
    Fed("in_float16", "an input rounded to float16", lambda x: x.astype(np.float16)),
    Fed("frames_backwards", "the frames of the window in reverse order", lambda x: x[:, ::-1] if x.ndim == 5 else x),
    Fed("mirrored", "an input mirrored, left to right", lambda x: x[..., ::-1, :]),
    Fed("upside_down", "an input upside down", lambda x: x[..., ::-1, :, :]),
]


def changed(x: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """A picture changed; what has no three colours (a state, a map of the noise) stays."""
    return np.ascontiguousarray(change(x), x.dtype) if x.shape[-1] == 3 else x
