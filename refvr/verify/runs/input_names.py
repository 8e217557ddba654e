"""What the official code calls the inputs of a network."""
from __future__ import annotations

from refvr.records import NETWORKS


def our_name(network: str, name: str) -> str:
    """Our name of an input that a port calls `name`; as it is where it is not known."""
    plain = name.rpartition("/")[2]
    record = NETWORKS.get(network)
    return next((ours for ours, theirs in (record.call.official if record else {}).items() if theirs == plain), plain)
