"""Precisions by name, for ops, drivers and the command line; light, so that help comes at once.

winograd  float32; 3x3 convolutions by fewer products where that pays (ops/kernels/winograd.py): the default
direct    float32 by the definition's sums alone
float64   everything in double precision
"""
from __future__ import annotations

MODES = ("winograd", "direct")
PRECISIONS = (*MODES, "float64")
FORMER = {"fast": "winograd", "exact": "direct"}   # what they were called before; still taken


def present_name(name: str) -> str:
    """The name of a precision today, where its former one is given too."""
    return FORMER.get(name, name)
