"""FastDVDnet: official tensor name -> ours; how to read a table says names.py."""
from __future__ import annotations

from refvr.checkpoints.names import Release

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

RELEASES = (Release("fastdvdnet", FASTDVDNET),)
