"""The nearest matrix with orthonormal columns: how FastDVDnet's training keeps its convolution kernels apart.

    weight (kh, kw, c, o)  ->  matrix (kh*kw*c, o) = U S V^T  ->  U V^T  ->  back

Where o > kh*kw*c the rows are orthonormal instead. Applied to every convolution, every ten steps, in the first epochs.
Source: m-tassano/fastdvdnet, utils.py, svd_orthogonalization; our layout needs none of its transposes.
"""
from __future__ import annotations

import numpy as np

from refvr.shapes import check


def orthogonalise(weight: np.ndarray) -> np.ndarray:
    """U V^T of the thin singular value decomposition of a kernel (kh, kw, c, o); same shape and type."""
    check(weight, "i j c o", who="orthogonalise")
    u, _, vt = np.linalg.svd(weight.reshape(-1, weight.shape[-1]), full_matrices=False)
    return (u @ vt).reshape(weight.shape).astype(weight.dtype)
