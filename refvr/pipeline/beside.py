"""What goes with a frame beside its picture, alpha and light beyond [0, 1]: enlarged and blended as the picture is."""
from __future__ import annotations

import numpy as np

from refvr import ops


def enlarged(x: np.ndarray | None, scale: int) -> np.ndarray | None:
    """(h, w) or (h, w, c) -> `scale` times larger each way, bilinear, as what stands below the networks' pictures."""
    if x is None or scale == 1:
        return x
    flat = np.ascontiguousarray(x[..., None] if x.ndim == 2 else x, np.float32)
    return ops.resize_bilinear(flat[None], scale=scale)[0].reshape(x.shape[0] * scale, x.shape[1] * scale, *x.shape[2:])


def blended(a: np.ndarray | None, b: np.ndarray | None, t: float, nothing: float | None = None) -> np.ndarray | None:
    """(1 - t) a + t b. One of them missing counts as `nothing` everywhere; both, or no `nothing`, give None."""
    if a is None and b is None:
        return None
    first, second = (nothing if x is None else x for x in (a, b))
    if first is None or second is None:
        return None
    return np.asarray((1 - t) * first + t * second, np.float32)
