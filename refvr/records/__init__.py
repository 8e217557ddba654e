"""Records of networks: one file each, which says all that the rest of refvr must know about it; record.py says what.

To add a network: its page in networks/, its record here, with a line below (docs/developing.md).
"""
from __future__ import annotations

from refvr.records.duf import DUF
from refvr.records.edvr import EDVR
from refvr.records.fastdvdnet import FASTDVDNET
from refvr.records.record import Call, Model, Network, Page, Race, Vector, resolved
from refvr.records.remonet import REMONET
from refvr.records.safa import SAFA
from refvr.records.stfan import STFAN
from refvr.records.stfan_seed import STFAN_SEED

ALL = (REMONET, FASTDVDNET, DUF, EDVR, STFAN, STFAN_SEED, SAFA)
NETWORKS: dict[str, Network] = {record.name: record for record in ALL}
MODELS: dict[str, Model] = {name: row for record in ALL for name, row in record.models.items()}   # configurations


def register(record: Network) -> None:
    """Make a network known under its name, and its models under theirs."""
    NETWORKS[record.name] = record
    MODELS.update(record.models)


def record_of(net: object) -> Network:
    """The record of a network, by its class. Raises KeyError for anything else."""
    title = type(net).__name__
    for record in NETWORKS.values():
        if record.title == title:
            return record
    raise KeyError(title)


def raced(job: str = "clip") -> dict[str, tuple[int, int]]:
    """Models that are raced where none is named -> size of their clips; those whose training steps are, for "train"."""
    return {name: size for record in NETWORKS.values() for name, size in record.race.models.items()
            if job != "train" or name in record.race.trained}


__all__ = ["MODELS", "NETWORKS", "Call", "Model", "Network", "Page", "Race", "Vector", "raced", "record_of", "register",
           "resolved"]
