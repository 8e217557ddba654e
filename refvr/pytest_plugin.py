"""For pytest, wherever refvr is installed: the fixture `refvr_compare` (docs/compare.md)."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # pytest loads this file everywhere: nothing of refvr before it is asked for
    from refvr.nn import Module
    from refvr.verify.compare.report import CompareReport
    from refvr.verify.in_process import Port
    from refvr.verify.runs.network_call import Subject

SECONDS = 60.0


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long a failing port is searched for its mistake."""
    parser.getgroup("refvr").addoption("--refvr-seconds", type=float, default=SECONDS, metavar="S",
                                       help=f"refvr_compare: how long to look for the mistake in a guilty layer "
                                            f"(default: {SECONDS:g}; 0: not at all)")


@pytest.fixture
def refvr_compare(request: pytest.FixtureRequest) -> Callable[..., CompareReport]:
    """`refvr.compare` that fails with its report unless the port is healthy; returns the report."""
    import refvr

    def compare(reference: str | Path | Module | Subject, port: Port, *inputs: object, **options: Any) -> CompareReport:
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
