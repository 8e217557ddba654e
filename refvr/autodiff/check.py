"""gradcheck: is an operation's adjoint the derivative of its forward?

For y = f(x1, x2, ...) and a random weight r on y, L = sum(r * y). With u a random direction over all inputs,

    directional    <dL/dx, u>      against   (L(x + h u) - L(x - h u)) / 2h       one comparison covers every input
    elementwise    dL/dx[index]    against   the same with u = one element         says which element is wrong
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from refvr.autodiff.tape import Tensor, array_of, backward
from refvr.errors import GradientError


def gradcheck(f: Callable[..., Any], inputs: Sequence[np.ndarray], *, step: float = 1e-6, tolerance: float = 1e-7,
              elements: int = 200, seed: int = 0) -> float:
    """Compare the adjoint of `f` with central differences, in float64; return the largest relative error.

    f          takes the inputs (Tensors or arrays) and returns one Tensor or array
    inputs     float64 arrays; every one is differentiated
    step       h of the difference; the check itself errs by about h**2 + 1e-16 / h, relative to the peak gradient
    tolerance  allowed difference, relative to the largest gradient entry (at least 1)
    elements   at most so many entries of each input are checked one by one (drawn if there are more)
    Raises GradientError naming the input, the worst index and both numbers.
    """
    rng = np.random.default_rng(seed)
    inputs = [np.array(x, np.float64) for x in inputs]
    leaves = [Tensor(x.copy(), name=f"input {k}") for k, x in enumerate(inputs)]
    y = f(*leaves)
    r = rng.standard_normal(y.shape)
    backward(y, r)
    grads = [np.zeros(x.shape) if leaf.grad is None else leaf.grad for x, leaf in zip(inputs, leaves)]

    def slope(directions: Sequence[np.ndarray]) -> float:
        ends = [np.sum(r * array_of(f(*[x + sign * step * u for x, u in zip(inputs, directions)]))) for sign in (1, -1)]
        return float(ends[0] - ends[1]) / (2 * step)

    worst = _check_elements(inputs, grads, slope, rng, elements, tolerance)
    directions = [rng.standard_normal(x.shape) for x in inputs]
    got = float(sum(np.sum(g * u) for g, u in zip(grads, directions)))
    norm = max(1.0, float(np.sqrt(sum(np.sum(g * g) for g in grads))))
    return max(worst, _compare("directional derivative over all inputs", got, slope(directions), norm, tolerance))


def _check_elements(inputs: Sequence[np.ndarray], grads: Sequence[np.ndarray], slope: Callable[..., float],
                    rng: np.random.Generator, elements: int, tolerance: float) -> float:
    worst = 0.0
    for k, (x, g) in enumerate(zip(inputs, grads)):
        peak = max(1.0, float(np.abs(g).max(initial=0.0)))
        places = np.arange(x.size) if x.size <= elements else rng.choice(x.size, elements, replace=False)
        errors = []
        for place in places:
            index = np.unravel_index(place, x.shape)
            directions = [np.zeros(z.shape) for z in inputs]
            directions[k][index] = 1.0
            numeric = slope(directions)
            errors.append((abs(g[index] - numeric) / peak, tuple(int(i) for i in index), float(g[index]), numeric))
        if errors:
            _, index, got, numeric = max(errors)
            worst = max(worst, _compare(f"input {k} at index {index}", got, numeric, peak, tolerance))
    return worst


def _compare(where: str, got: float, numeric: float, peak: float, tolerance: float) -> float:
    error = abs(got - numeric) / peak
    if not error <= tolerance:  # a NaN is no agreement
        raise GradientError(f"gradcheck: {where}: adjoint gives {got:.10g}, differences give {numeric:.10g}, "
                            f"relative error {error:.2e}, allowed {tolerance:.0e}")
    return error
