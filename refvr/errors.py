"""The exceptions refvr raises on purpose. Each message says what came, what was expected and what to do.

The command line prints such a message as one line and exits with `exit_status`; anything else that escapes is a bug
in refvr and shows its traceback.
"""
from __future__ import annotations


class RefvrError(Exception):
    """Base of every deliberate error. `RefvrError("what came; what was expected", fix="what to do")`."""

    exit_status = 2

    def __init__(self, message: str, *, fix: str = "") -> None:
        self.message, self.fix = message, fix
        super().__init__(f"{message} ({fix})" if fix else message)


class ShapeError(RefvrError, ValueError):
    """An array has the wrong axes, sizes or type."""


class InputError(RefvrError, ValueError):
    """A file or a value from outside is not usable."""


class OutputError(RefvrError, OSError):
    """A result cannot be written."""


class WeightsError(RefvrError, ValueError):
    """Parameters do not fit the network, or cannot be found."""


class MissingGradientError(RefvrError, NotImplementedError):
    """Backward reached an operation that has no gradient."""


class TruncatedError(InputError):
    """The input ended early; everything that could be read was used."""

    exit_status = 3
