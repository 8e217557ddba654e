"""Official tensor name -> ours, and framework layout -> ours. The tables are the only place that knows official names.

A table is a list of (official fragment, our fragment), applied in order to the whole dotted name, which is matched
as ".name". Reading it backwards gives the official name again; tests/checkpoints/test_names.py checks both directions.
"""
from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

import numpy as np

from refvr.checkpoints import names_edvr, names_safa, names_stfan

_SEPARABLE = [(".convblock.0.weight", ".spatial.weight"), (".convblock.1.weight", ".pointwise.weight")]

REMONET = [
    (".conv_fusion.", ".fusion."),
    (".unetblock.", ".unet."),
    (".encoder1.0.conv1.0.", ".down1.narrow."),
    (".encoder1.0.conv1.2.", ".down1.widen."),
    (".encoder1.0.conv2.", ".down1.skip."),
    (".encoder1.1.convblock.0.", ".enc1.narrow."),
    (".encoder1.1.convblock.2.", ".enc1.widen."),
    (".encoder2.0.conv1.0.", ".down2.narrow."),
    (".encoder2.0.conv1.2.", ".down2.widen."),
    (".encoder2.0.conv2.", ".down2.skip."),
    (".encoder2.1.convblock.0.", ".enc2.narrow."),
    (".encoder2.1.convblock.2.", ".enc2.widen."),
    (".decoder3.0.convblock.0.", ".dec2.first."),
    (".decoder3.0.convblock.2.", ".dec2.second."),
    (".decoder4.0.convblock.0.", ".dec1.first."),
    (".decoder4.0.convblock.2.", ".dec1.second."),
    *_SEPARABLE,
]

FASTDVDNET = [
    (".inc.convblock.0.", ".inc.each.conv."),
    (".inc.convblock.1.", ".inc.each.norm."),
    (".inc.convblock.3.", ".inc.merge.conv."),
    (".inc.convblock.4.", ".inc.merge.norm."),
    (".upc2.convblock.0.convblock.", ".upc2.pair."),
    (".upc1.convblock.0.convblock.", ".upc1.pair."),
    (".upc2.convblock.1.", ".upc2.expand."),
    (".upc1.convblock.1.", ".upc1.expand."),
    (".downc0.convblock.3.convblock.", ".downc0.pair."),
    (".downc1.convblock.3.convblock.", ".downc1.pair."),
    (".pair.0.", ".pair.first.conv."),
    (".pair.1.", ".pair.first.norm."),
    (".pair.3.", ".pair.second.conv."),
    (".pair.4.", ".pair.second.norm."),
    (".downc0.convblock.0.", ".downc0.stride.conv."),
    (".downc0.convblock.1.", ".downc0.stride.norm."),
    (".downc1.convblock.0.", ".downc1.stride.conv."),
    (".downc1.convblock.1.", ".downc1.stride.norm."),
    (".outc.convblock.0.", ".outc.first.conv."),
    (".outc.convblock.1.", ".outc.first.norm."),
    (".outc.convblock.3.", ".outc.last."),
]

TABLES = {"remonet": REMONET, "fastdvdnet": FASTDVDNET, "edvr": names_edvr.EDVR, "edvr-2019": names_edvr.EDVR_2019,
          "edvr-2019-hr": names_edvr.EDVR_2019_HR, "edvr-mmagic": names_edvr.EDVR_MMAGIC, "stfan": names_stfan.STFAN,
          "stfan_seed": names_stfan.STFAN_SEED, "vgg19": names_stfan.VGG19,
          "safa": names_safa.SAFA}
# What tensors need beyond `our_layout`: (pattern of our names, from that layout, back to it).
LAYOUTS = {"stfan": names_stfan.LAYOUT, "stfan_seed": names_stfan.LAYOUT, "safa": names_safa.LAYOUT}


def our_name(network: str, official: str) -> str:
    """The name that `official` has in our module tree."""
    name = "." + official.removeprefix("module.")
    for theirs, ours in TABLES[network]:
        name = name.replace(theirs, ours)
    return name[1:]


def official_name(network: str, ours: str) -> str:
    """The inverse of `our_name`."""
    name = "." + ours
    for theirs, mine in reversed(TABLES[network]):
        name = name.replace(mine, theirs)
    return name[1:]


def our_layout(array: np.ndarray) -> np.ndarray:
    """PyTorch convolution weight (o, c, i, j) -> (i, j, c, o); everything else unchanged."""
    return np.ascontiguousarray(array.transpose(2, 3, 1, 0)) if array.ndim == 4 else array


def official_layout(array: np.ndarray) -> np.ndarray:
    """(i, j, c, o) -> PyTorch's (o, c, i, j); everything else unchanged."""
    return np.ascontiguousarray(array.transpose(3, 2, 0, 1)) if array.ndim == 4 else array


def to_ours(network: str, ours: str, array: np.ndarray) -> np.ndarray:
    """The official tensor that we call `ours`, in our layout."""
    array = our_layout(array)
    for pattern, forth, _ in LAYOUTS.get(network, ()):
        array = np.ascontiguousarray(forth(array)) if fnmatchcase(ours, pattern) else array
    return array


def to_official(network: str, ours: str, array: np.ndarray) -> np.ndarray:
    """The inverse of `to_ours`."""
    for pattern, _, back in LAYOUTS.get(network, ()):
        array = back(array) if fnmatchcase(ours, pattern) else array
    return official_layout(array)


def from_official(network: str, state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A whole state dict in our names and layout."""
    ours = {our_name(network, name): array for name, array in state.items()}
    return {name: to_ours(network, name, array) for name, array in ours.items()}
