"""ReMoNet: official tensor name -> ours; how to read a table says names.py."""
from __future__ import annotations

from refvr.checkpoints.names import Release

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

RELEASES = (Release("remonet", REMONET),)
