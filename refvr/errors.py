"""The exceptions refvr raises on purpose. Each message says what came, what was expected and what to do.

The command line prints such a message as one line and exits with `exit_status`; anything else that escapes is a bug
in refvr, shows its traceback and exits with 70.
"""
from __future__ import annotations

from collections.abc import Iterable
from unicodedata import category


def printable(text: str) -> str:
    """`text` with whatever a terminal would act upon as escapes: control characters, line breaks, changes of the
    writing direction, and bytes of names that are no text.
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or category(sign) == "Zs" else sign.encode("unicode_escape").decode()
                   for sign in text)


def nearest(word: str, names: Iterable[str], otherwise: str = "") -> str:
    """What to do about a name that nobody knows: "did you mean 'remonet' or 'remonet-s'?", or `otherwise`."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(names), n=3)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else otherwise


class RefvrError(Exception):
    """Base of every deliberate error. `RefvrError("what came; what was expected", fix="what to do")`.

    Names and values of strangers' files are part of messages: they are made printable.
    """

    exit_status = 2

    def __init__(self, message: str, *, fix: str = "") -> None:
        message, fix = printable(" ".join(message.splitlines())), printable(fix)
        self.message, self.fix = message, fix
        super().__init__(f"{message} ({fix})" if fix else message)


class ShapeError(RefvrError, ValueError):
    """An array has the wrong axes, sizes or type."""


class InputError(RefvrError, ValueError):
    """A file or a value from outside is not usable."""


class TooShortError(InputError):
    """A clip has fewer frames than what is asked for needs."""


class OutputError(RefvrError, OSError):
    """A result cannot be written."""


class WeightsError(RefvrError, ValueError):
    """Parameters do not fit the network, or cannot be found."""


class MissingGradientError(RefvrError, NotImplementedError):
    """Backward reached an operation that has no gradient."""


class GradientError(RefvrError, AssertionError):
    """An adjoint is not the derivative of its forward."""


class TruncatedError(InputError):
    """The input ended early; everything that could be read was used."""

    exit_status = 3
