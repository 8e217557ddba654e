"""Files that are not official weights of a network of ours, and are often taken for some: what they are, in words."""
from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from refvr.checkpoints import h5
from refvr.checkpoints.contents import Contents

# Names that a group has, all of them, after any prefix -> which network it is
NETWORKS = {
    ("block.convimg.0.weight", "lastconv0.0.0.weight", "lastconv1.0.0.weight"):
        "the enhancement network of Practical-RIFE, also called SAFA but another network",
    ("block0.conv0.0.0.weight", "block1.conv0.0.0.weight"): "a network of RIFE, which interpolates frames",
    ("spynet.basic_module.0.basic_module.0.weight",): "a network with SPyNet, such as BasicVSR",
    ("spynet.basic_module.0.basic_module.0.conv.weight",): "a network with SPyNet, such as BasicVSR of MMagic",
    ("body.0.rdb1.conv1.weight", "conv_body.weight"): "a network of ESRGAN, for single pictures",
}


class Own(NamedTuple):
    """A file that refvr itself wrote: what it is, what to do with it."""

    what: str
    fix: str


def stranger(contents: Contents) -> str:
    """Which other network a file is of, if it is one that people take for ours; else ""."""
    for arrays in contents.groups.values():
        if len(arrays) > 20_000:
            continue
        for names, what in NETWORKS.items():
            first = next((name for name in arrays if name == names[0] or name.endswith(f".{names[0]}")), None)
            if first is not None and all(first.removesuffix(names[0]) + name in arrays for name in names):
                return what
    return ""


def own_kind(path: str | Path, contents: Contents) -> Own | None:
    """What a file is that refvr wrote; None for all others."""
    if contents.format != "HDF5":
        return None
    attributes = h5.provenance(path)
    if isinstance(attributes.get("network"), str):
        model = attributes.get("model")
        return Own(f"a weight file of refvr already, of {model if isinstance(model, str) else attributes['network']}",
                   "use it as it is, with --weights; --reverse makes a PyTorch file of it")
    if str(attributes.get("format", "")).startswith("refvr training checkpoint"):
        return Own("a training checkpoint of refvr", "the weights are beside it, in weights.h5; `refvr train --resume` "
                   "goes on")
    if "refvr_trace" in attributes:
        return Own("a trace of refvr", "`refvr compare` reads it")
    if isinstance(attributes.get("meta"), dict) and "family" in attributes["meta"]:
        return Own("a case of refvr", "`refvr verify` runs it")
    return None
