"""How two arrays differ, in the figures a report has."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refvr.types import DType


@dataclass(frozen=True)
class Difference:
    """Figures of |got - want|; everything infinite where `got` is not finite and `want` is.

    max_abs, max_rel   the largest, and that over the peak of `want`
    ulp_*              in units of the last place of `want` at each element: median, 99th percentile, largest
    psnr_db            20 log10(peak / root mean square); None: no difference at all
    worst              index of the element that uses up most of its tolerance
    used               |difference| / tolerance there; passed if at most 1
    got, want          the two values there
    """

    max_abs: float
    max_rel: float
    ulp_median: float
    ulp_p99: float
    ulp_max: float
    psnr_db: float | None
    worst: tuple[int, ...]
    used: float
    got: float
    want: float


def difference(got: np.ndarray, want: np.ndarray, tolerance: np.ndarray, dtype: DType) -> Difference:
    """Compare arrays of one shape; `tolerance` is a number or has the same shape, `dtype` sets the unit of ulps.

    That is the coarser of the types of the run and of the stored values: finer ulps would count its rounding.
    """
    if want.size == 0:
        return Difference(0.0, 0.0, 0.0, 0.0, 0.0, None, (), 0.0, 0.0, 0.0)
    got, want = got.astype(np.float64), want.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        same = (got == want) | (np.isnan(got) & np.isnan(want))  # equal infinities are equal
        d = np.where(same, 0.0, np.nan_to_num(np.abs(got - want), nan=np.inf, posinf=np.inf))
        used = np.where(d > 0, d / tolerance, 0.0)
        ulps = d / np.spacing(np.abs(np.nan_to_num(want)).astype(dtype)).astype(np.float64)
        peak, rms = float(np.abs(np.nan_to_num(want)).max()), float(np.sqrt(np.mean(d * d)))
        psnr = float(20 * np.log10(peak / rms)) if rms > 0 else None
        worst = np.unravel_index(int(np.argmax(used)), used.shape)
        max_abs = float(d.max())
        middle, high, most = (float(np.percentile(ulps, q, method="lower")) for q in (50, 99, 100))
        return Difference(max_abs, max_abs / peak if peak else (0.0 if max_abs == 0 else float("inf")),
                          middle, high, most, psnr,
                          tuple(int(i) for i in worst), float(used[worst]), float(got[worst]), float(want[worst]))
