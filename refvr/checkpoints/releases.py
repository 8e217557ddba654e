"""Every way in which official files name and lay out the tensors of a network: from it to ours, and back.

A release belongs to a network of the zoo; a network may have several (EDVR of 2019 and of BasicSR, DUF in HDF5 and
in BasicSR's .pth). A table of names.py makes one by itself; its key is the network's name, with "-YEAR" or the like
after it where there are more.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from refvr.checkpoints import names, names_duf

State = Mapping[str, np.ndarray]
COUNTER = re.compile(r"(.*\.)?num_batches_tracked$")  # nothing depends on it
NO_NETWORK = ("vgg19",)  # a table for a loss


@dataclass(frozen=True)
class Release:
    """One way.

    forth   official state -> ours; back: ours -> official
    file    ending of a file that holds it; ignored: official names that a file may hold and that are not needed
    """

    name: str
    network: str
    forth: Callable[[State], dict[str, np.ndarray]]
    back: Callable[[State], dict[str, np.ndarray]]
    file: str = ".pth"
    ignored: re.Pattern[str] = COUNTER


def _back(table: str, state: State) -> dict[str, np.ndarray]:
    return {names.official_name(table, ours): names.to_official(table, ours, array) for ours, array in state.items()}


RELEASES = (
    *[Release(table, table.split("-")[0], partial(names.from_official, table), partial(_back, table))
      for table in names.TABLES if table not in NO_NETWORK],
    Release("duf", "duf", names_duf.from_official, names_duf.to_official, ".h5", names_duf.IGNORED),
    Release("duf-basicsr", "duf", names_duf.from_basicsr, names_duf.to_basicsr),
)


def of_network(network: str) -> list[Release]:
    """The releases of a network."""
    return [release for release in RELEASES if release.network == network]
