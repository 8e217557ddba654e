"""Lower precision, emulated layer by layer: what each layer costs, and which few must stay in float32.

A layer in lower precision has its parameters rounded, and its output. Sums inside are float32, as tensor cores and
integer units accumulate in wider types too. Rounding is to nearest, ties to even.

    fp16   11 bits, overflow to infinity, subnormals       bf16   8 bits, range of float32
    tf32   11 bits, range of float32                       int8   -127 .. 127 times a scale: the largest magnitude of
                                                                  the value, for parameters of each output channel
A layer is a module with parameters of its own; values noted inside of others are left alone.
"""
from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase

import numpy as np

from refvr.errors import InputError
from refvr.nn import Module
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.sweep import EmulateReport, Progress, decibels, swept
from refvr.verify.runs.tracing import Named, listen


def _bits(x: np.ndarray, kept: int) -> np.ndarray:
    """Round float32 to `kept` of its 24 bits."""
    drop = 24 - kept
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    half = ((bits >> np.uint32(drop)) & np.uint32(1)) + np.uint32((1 << (drop - 1)) - 1)
    rounded = ((bits + half) & ~np.uint32((1 << drop) - 1)).view(np.float32)
    return np.where(np.isfinite(x), rounded, x)


def _int8(x: np.ndarray, axes: tuple[int, ...] | None) -> np.ndarray:
    scale = np.abs(x).max(axis=axes, keepdims=True) / np.float32(127)
    scale = np.where(scale > 0, scale, np.float32(1))
    return (np.rint(x / scale) * scale).astype(np.float32)


def _half(x: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return x.astype(np.float16).astype(np.float32)


PRECISIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "fp16": _half, "bf16": lambda x: _bits(x, 8), "tf32": lambda x: _bits(x, 11), "int8": lambda x: _int8(x, None)}


def rounded(x: np.ndarray, precision: str, *, parameter: bool = False) -> np.ndarray:
    """`x` in a precision, as float32. Parameters of int8 have one scale for each output channel, the last axis."""
    if precision not in PRECISIONS:
        raise InputError(f"precision: got {precision!r}, expected one of {', '.join(PRECISIONS)}")
    if precision == "int8" and parameter:
        return _int8(x, tuple(range(x.ndim - 1))) if x.ndim > 1 else x
    return PRECISIONS[precision](x)


def layers_of(net: Module, patterns: Sequence[str] = ()) -> list[str]:
    """Modules with parameters of their own whose path fits a glob."""
    paths = dict.fromkeys(name.rpartition(".")[0] for name in net.parameters())
    found = [path for path in paths if path and (not patterns or any(fnmatchcase(path, glob) for glob in patterns))]
    if not found:
        raise InputError(f"no layer fits {', '.join(patterns)}", fix="layers are modules, such as 'pcd_align.*'")
    return found


def run_rounded(subject: Subject, layers: Collection[str], precision: str) -> np.ndarray:
    """The result with these layers in lower precision."""
    chosen = set(layers)

    def heard(named: Named, value: np.ndarray) -> np.ndarray | None:
        return rounded(value, precision) if named.base in chosen and value.dtype == np.float32 else None

    subject.net.astype(np.float32)
    with _rounded_parameters(subject.net, chosen, precision), listen(heard):
        return subject.run(np.float32)


@contextmanager
def _rounded_parameters(net: Module, layers: set[str], precision: str) -> Iterator[None]:
    """Their parameters rounded, and afterwards as they were."""
    modules, kept = dict(net.modules()), []
    for name, value in net.parameters().items():
        path, _, leaf = name.rpartition(".")
        if path in layers:
            kept.append((modules[path], leaf, value))
            setattr(modules[path], leaf, rounded(value, precision, parameter=True))
    try:
        yield
    finally:
        for module, leaf, value in kept:
            setattr(module, leaf, value)


def emulate(subject: Subject, precision: str, *, layers: Sequence[str] = (), sweep: bool = False, quality: float = 30,
            budget: float = 0.1, progress: Progress = lambda done, total: None) -> EmulateReport:
    """Run with `layers` (globs; all without) in lower precision; the rest is `swept`'s."""
    names = layers_of(subject.net, layers)
    right = subject.run(np.float32).astype(np.float64)

    def psnr(chosen: Collection[str]) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            return decibels(run_rounded(subject, chosen, precision), right)

    return swept(subject.title, precision, names, psnr, sweep=sweep, quality=quality, budget=budget, progress=progress)
