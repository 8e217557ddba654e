"""EDVR: the middle frame of a window that is made small by bicubic interpolation."""
from functools import partial

import numpy as np

from refvr.degrade import safa
from refvr.train.objective import Objective
from refvr.train.objectives.enlarging import enlarged, smaller, window_needs


def _bicubic(frames: np.ndarray, scale: int) -> np.ndarray:
    return safa.quarter(frames)


EDVR = Objective("sr", window_needs, partial(smaller, _bicubic), enlarged,
                 refuses=lambda config: "hr_in" if config.hr_in else "")
