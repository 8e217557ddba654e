"""Messages of deliberate errors: one line, printable, with what to do."""
import pytest

from refvr import errors


def test_a_message_is_one_printable_line_with_its_fix():
    error = errors.InputError("a\nb\x1b[31m", fix="do that")
    assert str(error) == "a b\\x1b[31m (do that)" and (error.message, error.fix) == ("a b\\x1b[31m", "do that")
    assert errors.printable("naïve text") == "naïve text"
    assert "\u202e" not in errors.printable("a\u202eb")


@pytest.mark.parametrize("kind, builtin", [(errors.ShapeError, ValueError), (errors.InputError, ValueError)])
def test_errors_are_of_refvr_and_of_their_kind(kind, builtin):
    assert issubclass(kind, errors.RefvrError) and issubclass(kind, builtin) and kind("x").exit_status == 2
