"""What a recurrent network carries from frame to frame, in the hands of whoever wants to stop and go on later."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass
class Carry:
    """Given to a driver, which begins with `given` and sets `take`.

    given  arrays by name that `take` gave after some frame; None at the beginning of a clip
    take   gives them for the frame whose result was given out last; None for networks that carry nothing
    """

    given: dict[str, np.ndarray] | None = None
    take: Callable[[], Mapping[str, np.ndarray]] | None = None
