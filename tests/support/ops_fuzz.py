"""Calls of every public operation with operands that do not fit: an error of refvr's own, or what the definition says.

    python tests/support/ops_fuzz.py [CALLS] [SEED]

Operands lie inside larger arrays full of NaN, so that a kernel that reads beside them answers NaN where the plain
definition does not; what it writes beside them is seen too.
"""
from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from operation_cases import CASES as COMMON

from refvr import ops
from refvr.errors import RefvrError

CASES = COMMON | {
    "conv2d": (ops.conv2d, [(2, 9, 11, 16), (3, 3, 16, 32), (32,)]),
    "conv2d residual": (partial(ops.conv2d, activation="relu"), [(1, 9, 11, 8), (3, 3, 8, 8), (8,), (1, 9, 11, 8)]),
    "conv2d 1x1": (ops.conv2d, [(1, 9, 11, 16), (1, 1, 16, 16)]),
    "conv2d stride": (partial(ops.conv2d, stride=2, groups=2), [(1, 9, 11, 16), (3, 3, 8, 16)]),
    "conv2d dilation": (partial(ops.conv2d, dilation=2), [(1, 9, 11, 3), (3, 3, 3, 5)]),
    "conv3d": (partial(ops.conv3d, padding=1), [(1, 5, 7, 9, 16), (3, 3, 3, 16, 16), (16,)]),
    "conv_transpose2d": (ops.conv_transpose2d, [(1, 5, 7, 16), (4, 4, 16, 16), (16,)]),
    "separable_conv2d": (partial(ops.separable_conv2d, groups=16),
                         [(1, 9, 11, 16), (3, 3, 1, 16), (1, 1, 16, 16), (1, 9, 11, 16)]),
    "deform_conv2d": (ops.deform_conv2d, [(1, 5, 7, 8), (1, 5, 7, 36), (1, 5, 7, 18), (3, 3, 8, 16), (16,)]),
    "dynamic_filters": (partial(ops.dynamic_filters, s=2), [(1, 3, 5, 100)]),
    "dynamic_upsample": (partial(ops.dynamic_upsample, s=2), [(1, 3, 5, 3), (1, 3, 5, 100), (1, 3, 5, 12)]),
    "fac": (ops.fac, [(1, 5, 7, 4), (1, 5, 7, 9, 4)]),
    "fac zero": (partial(ops.fac, border="zero"), [(1, 5, 7, 4), (1, 5, 7, 9, 4)]),
}
FAR = (1e30, -1e10, 2.0**31, -2.0**63)  # as offsets, flows or places: far outside
OPTIONS = {"stride": (0, -1, 3), "dilation": (0, 2, 99), "groups": (0, 2, 3), "padding": (-1, 0, 5),
           "s": (0, -2, 3), "scale": (0, -1.0, 0.01, 5), "size": ((0, 3), (7, -1), (2, 2)), "k": (0, 3, 99),
           "axis": (0, 5, -9), "output_padding": (-1, 1, 5), "top": (-1, 1, 4), "slope": (-1.0, 2.0),
           "activation": ("relu", "swish"), "border": ("zero", "mirror"), "mode": ("edge", "wrap"),
           "order": ("tf", "other"), "count": ("all", "none"), "pads": (((-1, 0), (0, 0)), ((99, 99), (1, 0)))}
MARGIN = 4096  # elements before and after


def embedded(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`values` inside an array of NaN, and that array."""
    around = np.full(values.size + 2 * MARGIN, np.nan, values.dtype)
    inside = around[MARGIN:MARGIN + values.size].reshape(values.shape)
    inside[...] = values
    return inside, around


def mutated(rng: np.random.Generator, shapes: list[tuple[int, ...]]) -> Iterator[np.ndarray]:
    """Operands of `shapes`, some of them changed; all finite, since fast convolutions spread what is not."""
    chosen = rng.integers(len(shapes), size=rng.integers(1, 3))
    for k, shape in enumerate(shapes):
        sizes, dtype, extreme = list(shape), np.float32, False
        if k in chosen:
            kind = rng.choice(["axis", "axis", "axis", "drop", "add", "dtype", "extreme", "swap"])
            at = int(rng.integers(len(sizes)))
            if kind == "axis":
                sizes[at] = max(0, int(rng.choice([0, 1, sizes[at] - 1, sizes[at] + 1, 2 * sizes[at], 3])))
            elif kind == "drop":
                del sizes[at]
            elif kind == "add":
                sizes.insert(at, int(rng.choice([0, 1, 2])))
            elif kind == "dtype":
                dtype = rng.choice([np.float64, np.float16, np.int64, np.complex64])
            elif kind == "swap":
                rng.shuffle(sizes)
            extreme = kind == "extreme"
        values = rng.standard_normal(sizes)
        if extreme and values.size:
            values.reshape(-1)[rng.integers(values.size)] = rng.choice(FAR)
        yield values.astype(dtype)


def viewed(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """The same values with other strides."""
    way = rng.integers(5)
    if way == 1 and x.ndim:
        return x[::-1].copy()[::-1]
    if way == 2:
        return np.asfortranarray(x)
    if way == 3 and x.ndim:
        return np.repeat(x, 2, axis=-1)[..., ::2]
    return x


def optioned(rng: np.random.Generator, function: Any) -> Any:
    """The same call, sometimes with an option that its function knows set to something else."""
    inner = function.func if isinstance(function, partial) else function
    known = [name for name in OPTIONS if name in inspect.signature(inner).parameters]
    if not known or rng.random() < 0.6:
        return function
    name = known[rng.integers(len(known))]
    return partial(function, **{name: OPTIONS[name][rng.integers(len(OPTIONS[name]))]})


def outcome(function: Any, operands: list[np.ndarray], backend: str, precision: str) -> Any:
    """The array that comes, or the exception."""
    try:
        with ops.backend(backend), ops.precision(precision), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            y = function(*operands)
            return y[0] if isinstance(y, tuple) else y
    except Exception as error:
        return error


def judged(plain: Any, fast: Any) -> str:
    """What is wrong with `fast`, beside `plain`; "" nothing."""
    if isinstance(fast, Exception):
        if not isinstance(fast, RefvrError):
            return f"a foreign error: {type(fast).__name__}: {str(fast)[:100]}"
        return ""
    if isinstance(plain, Exception):
        known = isinstance(plain, RefvrError)
        return "" if known else f"plain: {type(plain).__name__}: {str(plain)[:100]}, fast answers"
    if plain.shape != fast.shape:
        return f"shape {fast.shape}, plain {plain.shape}"
    finite = np.isfinite(plain) & (np.abs(plain) < 1e6)
    if not np.isfinite(fast[finite]).all():
        return "NaN where the definition has none"
    scale = max(1.0, float(np.abs(plain[finite]).max(initial=0)))
    worst = float(np.abs(plain[finite].astype(np.float64) - fast[finite]).max(initial=0))
    return f"off by {worst:g}" if worst > 1e-3 * scale else ""


def findings(calls: int, seed: int) -> Iterator[str]:
    """Run so many calls; what is wrong, one line each."""
    rng = np.random.default_rng(seed)
    names = list(CASES)
    for number in range(calls):
        name = names[number % len(names)]
        function, shapes = CASES[name]
        with np.errstate(all="ignore"):
            values = [viewed(rng, x) for x in mutated(rng, shapes)]
        inside = [embedded(x) for x in values]
        operands = [view if x.flags.c_contiguous else x for x, (view, _) in zip(values, inside)]
        kept = [around.copy() for _, around in inside]
        call = optioned(rng, function)
        far = any(x.size and np.abs(x).max() > 100 for x in values)  # where Winograd's sums lose what is near 1
        if far and name == "batch_norm_train":
            continue  # so do means of squares
        wrong = judged(outcome(call, operands, "plain", "direct"),
                       outcome(call, operands, "fast", "direct" if far or rng.random() < 0.3 else "winograd"))
        if any(not np.array_equal(a, b, equal_nan=True) for a, (_, b) in zip(kept, inside)):
            wrong = f"{wrong} writes beside its operands"
        if wrong:
            options = call.keywords if isinstance(call, partial) else {}
            yield f"{name} {options} {[(x.shape, str(x.dtype)) for x in values]}: {wrong}"


if __name__ == "__main__":
    import faulthandler

    faulthandler.enable()
    calls, seed = [*map(int, sys.argv[1:]), 0, 0][:2]
    for line in findings(calls or 5000, seed):
        print(line, flush=True)
