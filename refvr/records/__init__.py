"""Records of networks: one file each, which says all that the rest of refvr must know about it; record.py says what.

To add a network: its page in networks/, its record here, with a line below (docs/developing.md).
"""
from __future__ import annotations

from refvr.records.duf import DUF
from refvr.records.edvr import EDVR
from refvr.records.fastdvdnet import FASTDVDNET
from refvr.records.record import Call, Model, Network, Page, Race, resolved
from refvr.records.remonet import REMONET
from refvr.records.safa import SAFA
from refvr.records.stfan import STFAN
from refvr.records.stfan_seed import STFAN_SEED

NETWORKS: dict[str, Network] = {}   # name -> record
MODELS: dict[str, Model] = {}       # name of a configuration -> its row


def register(record: Network) -> None:
    """Make a network known under its name, and its models under theirs."""
    NETWORKS[record.name] = record
    MODELS.update(record.models)


for _record in (REMONET, FASTDVDNET, DUF, EDVR, STFAN, STFAN_SEED, SAFA):
    register(_record)


def record_of(net: object) -> Network:
    """The record of a network, by its class. Raises KeyError for anything else."""
    title = type(net).__name__
    for record in NETWORKS.values():
        if record.title == title:
            return record
    raise KeyError(title)


__all__ = ["MODELS", "NETWORKS", "Call", "Model", "Network", "Page", "Race", "record_of", "register", "resolved"]
