"""One axis contract for arrays: `check(x, "n h w c", c=64)` returns the sizes or says what came and what was expected.

Letters, the same everywhere: `n` batch, `t` time, `h w` rows, columns of the input, `y x` of the output,
`i j` kernel row, column, `c o` in, out channels, `g` group, `s` scale. Rows before columns, channels last.
"""
from __future__ import annotations

from typing import Any

from refvr.errors import ShapeError


def check(x: Any, pattern: str, /, *, who: str = "", **sizes: int) -> tuple[int, ...]:
    """Check that `x` has the axes of `pattern` and return their sizes.

    x        anything with `.shape`
    pattern  axis names apart by blanks, "n h w c"; a number stands for that size, "..." (once) for any axes
    who      operation or argument named in the error, "conv2d input"
    sizes    required size of named axes, c=64
    Raises ShapeError naming pattern, required sizes and the shape that came.

    >>> import numpy as np
    >>> check(np.zeros((2, 5, 7, 3)), "n h w c", c=3)
    (2, 5, 7, 3)
    """
    shape, axes = tuple(x.shape), pattern.split()
    if "..." in axes:
        at = axes.index("...")
        axes[at:at + 1] = [f"_{k}" for k in range(len(shape) - len(axes) + 1)]
    fits = len(shape) == len(axes)
    known = dict(sizes)
    for axis, size in zip(axes, shape) if fits else ():
        want = int(axis) if axis.isdigit() else known.setdefault(axis, size)
        fits = fits and want == size
    if not fits:
        need = ", ".join(f"{name} = {size}" for name, size in sizes.items())
        raise ShapeError(f"{who or 'array'}: got shape {shape}, expected ({', '.join(pattern.split())})"
                         + (f" with {need}" if need else ""))
    return shape
