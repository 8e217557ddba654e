"""The difference of an answer from the original's, held against a tolerance."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refvr.types import DType
from refvr.verify.difference import Difference, Sums, ulps


@dataclass(frozen=True)
class Checked(Difference):
    """Theirs is `got`, what was computed here; ours is `want`, what the original answered.

    psnr_db    20 log10(peak / root mean square); None: no difference at all
    worst      index of the element that uses up most of its tolerance
    used       |difference| / tolerance there; passed if at most 1
    got, want  the two values there
    """

    psnr_db: float | None
    worst: tuple[int, ...]
    used: float
    got: float
    want: float

    def as_dict(self) -> dict[str, object]:
        """What `verify --json` prints, by the names that other programs read."""
        return {"max_abs": self.max_abs, "max_rel": self.max_rel, "ulp_median": self.ulp_50, "ulp_p99": self.ulp_99,
                "ulp_max": self.ulp_max, "psnr_db": self.psnr_db, "worst": self.worst, "used": self.used,
                "got": self.got, "want": self.want}


def checked(got: np.ndarray, want: np.ndarray, tolerance: np.ndarray, dtype: DType) -> Checked:
    """Compare arrays of one shape; `tolerance` is a number or has the same shape, `dtype` sets the unit of ulps.

    That is the coarser of the types of the run and of the stored values: finer ulps would count its rounding.
    """
    got, want, sums = got.astype(np.float64), want.astype(np.float64), Sums()
    d = sums.add(got, want)
    found = vars(sums.difference(ulps(got, want, dtype)))
    if want.size == 0:
        return Checked(**found, psnr_db=None, worst=(), used=0.0, got=0.0, want=0.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        used = np.where(d > 0, d / tolerance, 0.0)
    worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(used)), used.shape))
    return Checked(**found, psnr_db=sums.decibels(), worst=worst, used=float(used[worst]), got=float(got[worst]),
                   want=float(want[worst]))
