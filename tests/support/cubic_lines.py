"""Cubic resizes of one line, by their formulas."""
import numpy as np


def keys_of(a, t):
    """Keys' kernel with parameter a."""
    t = abs(t)
    if t >= 2:
        return 0.0
    return (a + 2) * t**3 - (a + 3) * t**2 + 1 if t <= 1 else a * (t**3 - 5 * t**2 + 8 * t - 4)


def line(x, scale, outputs, weight, fetch):
    """Each output as the weighted sum over everything within reach."""
    y = []
    for d in range(outputs):
        u = (d + 0.5) / scale - 0.5
        near = range(int(np.floor(u)) - 20, int(np.floor(u)) + 21)
        weights = [weight(u - k) for k in near]
        y.append(sum(w * x[fetch(k, len(x))] for w, k in zip(weights, near)) / sum(weights))
    return np.array(y)
