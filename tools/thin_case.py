"""Make a smaller copy of a case: large outputs and intermediate values keep every second row and column, or kernel.

    python tools/thin_case.py case.h5 tests/golden/case.h5

Everything else is copied. `refvr verify` finds the strides from the sizes; the copy is verified before it is kept.
"""
from __future__ import annotations

import sys
from pathlib import Path

import h5py

from refvr.verify import verify_case
from refvr.verify.cases.case import GROUPS

LARGE = 2000  # values; smaller arrays stay whole
KERNEL = 7  # a last axis up to this long is a kernel's, whose output channels are thinned instead


def thinned(x):
    """x[..., ::2, ::2], or x[::4] for a convolution's weight."""
    if x.ndim < 4 or x.size < LARGE:
        return x
    return x[::4] if x.shape[-1] <= KERNEL else x[..., ::2, ::2]


def main() -> int:
    source, target = map(Path, sys.argv[1:])
    with h5py.File(source) as old, h5py.File(target, "w") as new:
        for name, value in old.attrs.items():
            new.attrs[name] = value
        new["table"] = old["table"][()]
        for group in GROUPS:
            made = new.create_group(group)
            for name, item in old.get(group, {}).items():
                x = item[()] if group == "inputs" else thinned(item[()])
                made.create_dataset(name, data=x, compression="gzip" if x.size > 64 else None)
    report = verify_case(target, backend="plain", dtype="float64")
    print(f"{target}: {source.stat().st_size} -> {target.stat().st_size} bytes, {'pass' if report.passed else 'FAIL'}")
    if not report.passed:
        target.unlink()
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
