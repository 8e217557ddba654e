"""The precision of a port, layer by layer: of its weights, of the values it keeps, of its sums; and files that say so.

    {"*": "fp16", "fusion": {"weights": "int8", "values": "fp16", "sums": "fp32"}, "*.norm": "fp32"}

or the same in lines `layer, weights, values, sums`. A layer is the path of a module, with everything below it, or a
pattern; the last line that fits counts, and a layer that none fits is float32. One word is of weights and values.
"""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from refvr.errors import InputError

KINDS = ("fp32", "fp16", "bf16", "tf32", "int8")
SUMS = ("fp32", "fp16", "bf16")
UNITS = {"fp16": 2.0 ** -10, "tf32": 2.0 ** -10, "bf16": 2.0 ** -7, "int8": 2.0 ** -7}   # of the peak
PARTS = ("weights", "values", "sums")


class Digits(NamedTuple):
    """The precisions of one layer: of its weights, of the values it gives, of its sums."""

    weights: str = "fp32"
    values: str = "fp32"
    sums: str = "fp32"


@dataclass(frozen=True)
class LayerPrecisions:
    """Rules in order, (pattern, digits); `source`: the file they came from."""

    rules: tuple[tuple[str, Digits], ...]
    source: str = ""

    def of(self, layer: str) -> Digits:
        """The digits of a layer."""
        found = Digits()
        for pattern, digits in self.rules:
            if fnmatchcase(layer, pattern) or layer.startswith(f"{pattern}."):
                found = digits
        return found

    def __str__(self) -> str:
        return self.source


Precision = str | LayerPrecisions   # "" is float32


def digits_of(precision: Precision, layer: str) -> Digits:
    """The digits of a layer of a port that computes in one precision, or in several by layer."""
    if isinstance(precision, LayerPrecisions):
        return precision.of(layer)
    return Digits(precision, precision) if precision else Digits()


def unit_of(precision: Precision) -> float:
    """The coarsest rounding of a value, over its peak; 0 for float32."""
    kinds = [digits.values for _, digits in precision.rules] if isinstance(precision, LayerPrecisions) else [precision]
    return max(UNITS.get(kind, 0.0) for kind in kinds)


def stated_precision(text: str) -> Precision:
    """What --precision says: a word, or a file. Raises InputError."""
    if text in ("", *KINDS):
        return text
    try:
        written = Path(text).read_text()
    except (OSError, UnicodeDecodeError, ValueError):
        raise InputError(f"--precision: got {text!r}, expected one of {', '.join(KINDS)}, or a file that names layers",
                         fix="docs/compare.md shows one") from None
    rows = _of_json(written, text) if written.lstrip().startswith("{") else _of_lines(written, text)
    if not rows:
        raise InputError(f"{text} names no layer", fix='for example {"*": "fp16"}')
    return LayerPrecisions(tuple((layer, _digits(layer, parts, text)) for layer, parts in rows), text)


def _of_json(written: str, path: str) -> list[tuple[str, Any]]:
    try:
        return list(json.loads(written).items())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON: {error}") from None


def _of_lines(written: str, path: str) -> list[tuple[str, Any]]:
    rows = []
    for number, line in enumerate(written.splitlines(), 1):
        words = [word.strip() for word in line.partition("#")[0].split(",")]
        if words == [""] or words == ["layer", *PARTS]:
            continue
        if len(words) not in (2, 4) or not words[0]:
            raise InputError(f"{path}, line {number}: got {len(words)} words, expected layer, weights, values, sums")
        rows.append((words[0], words[1] if len(words) == 2 else dict(zip(PARTS, words[1:]))))
    return rows


def _digits(layer: str, parts: object, path: str) -> Digits:
    """What was written of one layer."""
    found = {"weights": parts, "values": parts} if isinstance(parts, str) else parts
    if not isinstance(found, Mapping) or not set(found) <= set(PARTS):
        raise InputError(f"{path}: {layer} has {parts!r}, expected a precision, or {', '.join(PARTS)} with one each")
    for part, kind in found.items():
        known = SUMS if part == "sums" else KINDS
        if kind not in known:
            raise InputError(f"{path}: {layer} has {kind!r} for its {part}, expected one of {', '.join(known)}")
    return Digits(**found)
