"""For pytest, wherever refvr is installed: the fixture `refvr_compare` (docs/compare.md)."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

SECONDS = 60.0


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long a failing port is searched for its mistake."""
    parser.getgroup("refvr").addoption("--refvr-seconds", type=float, default=SECONDS, metavar="S",
                                       help=f"refvr_compare: how long to look for the mistake in a guilty layer "
                                            f"(default: {SECONDS:g}; 0: not at all)")


@pytest.fixture
def refvr_compare(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`refvr.compare` that fails with its report unless the port is healthy; returns the report."""
    import refvr

    def compare(reference: Any, port: Any, *inputs: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        report = refvr.compare(reference, port, *inputs,
                               **{"seconds": request.config.getoption("--refvr-seconds")} | options)
        wrong = None
        try:
            report.assert_healthy()
        except AssertionError as error:
            wrong = str(error)
        if wrong is not None:   # outside of the handler: pytest would print the report as its cause once more
            pytest.fail(wrong, pytrace=False)
        return report

    return compare
