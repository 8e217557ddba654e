"""Where official code has its channels in another order than we have: both orders are tried, the one that fits stays.

Which values of a network may have which is in its record.
"""
from __future__ import annotations

from fnmatch import fnmatchcase

import numpy as np

from refvr.records import NETWORKS, resolved

Order = tuple[int, ...] | None


def taps_of_a_channel(c: int) -> np.ndarray:
    """Filters of 25 taps: ours, tap * C + channel, reads theirs, channel * 25 + tap."""
    return np.arange(c).reshape(-1, 25).T.ravel()


def blue_first(c: int) -> np.ndarray:
    """The other way round."""
    return np.arange(c)[::-1]


def blue_first_of_four(c: int) -> np.ndarray:
    """colour * 4 + place, blue first."""
    return np.arange(c).reshape(3, 4)[::-1].ravel()


def places_of_a_colour(c: int) -> np.ndarray:
    """Ours, place * 3 + colour, reads theirs, colour * s * s + place."""
    return np.arange(c).reshape(3, -1).T.ravel()


def orders_of(network: str, base: str, channels: int) -> list[Order]:
    """The orders that the channels of a port's value of this name may have; None is ours."""
    orders = NETWORKS[network].orders if network in NETWORKS else ()
    known = [resolved(order) for pattern, order in orders if fnmatchcase(base, pattern)]
    return [None, *(tuple(int(k) for k in order(channels)) for order in known)]
