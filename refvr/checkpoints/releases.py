"""Every way in which official files name the tensors of a network: those of a network, and one by its name.

A network may have several (EDVR of 2019 and of BasicSR, DUF in HDF5 and in BasicSR's .pth); its record names them.
"""
from __future__ import annotations

from collections.abc import Sequence

from refvr.checkpoints.names import Release
from refvr.records import NETWORKS, resolved


def of_network(network: str) -> Sequence[Release]:
    """The releases of a network, the usual one first."""
    return (resolved(NETWORKS[network].releases) if network in NETWORKS else None) or ()


def releases() -> list[Release]:
    """Those of all networks."""
    return [release for network in NETWORKS for release in of_network(network)]


def release(name: str) -> Release:
    """The release of that name. Raises KeyError."""
    for one in releases():
        if one.name == name:
            return one
    raise KeyError(name)
