"""Verify: a case (what was given, what the original answered) against this engine, output by output."""
from __future__ import annotations

from importlib import import_module
from typing import Any

# name -> module that defines it; loaded when first used
_PUBLIC = {
    "Case": "refvr.verify.cases.case",
    "CaseReport": "refvr.verify.cases.report",
    "load_case": "refvr.verify.cases.case",
    "verify_case": "refvr.verify.cases.run",
    "verify_files": "refvr.verify.cases.run",
}
__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'refvr.verify' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
