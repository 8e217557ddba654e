"""SAFA: official tensor name -> ours (how to read the table says names.py), and what has another layout than elsewhere.

The authors read images as OpenCV does, blue first; all of ours are red first. Colours meet weights in two places only,
the first convolution and the last, so these are reordered here and nothing else needs to know.
"""
from __future__ import annotations

import numpy as np

from refvr.checkpoints.names import Layout, Release

SAFA = [
    (".block.convimg.", ".head."),
    (".cnn0.0.", ".stem.conv."), (".cnn0.1.", ".stem.norm."),
    (".cnn1.1.", ".layer1."), (".cnn2.0.", ".layer2."),
    (".conv1.", ".first.conv."), (".bn1.", ".first.norm."),
    (".conv2.", ".second.conv."), (".bn2.", ".second.norm."),
    (".downsample.0.", ".shortcut.conv."), (".downsample.1.", ".shortcut.norm."),
    (".block.shuffle.0.", ".pair.conv."), (".block.shuffle.1.", ".pair.act."),
    (".block.convblock.", ".blocks."),
    (".conv_stem.0.", ".entry.conv."), (".conv_stem.1.", ".entry.act."),
    (".conv_backbone.", ".body."),
    (".conv.0.", ".conv1."), (".conv.1.", ".act1."), (".conv.2.", ".conv2."), (".prelu.", ".act2."),
    (".block.convflow.0.", ".update."),
    (".block.getscale.0.0.", ".selector.squeeze.conv."), (".block.getscale.0.1.", ".selector.squeeze.act."),
    (".block.getscale.1.0.", ".selector.mix.conv."), (".block.getscale.1.1.", ".selector.mix.act."),
    (".block.getscale.4.", ".selector.decide."),
    (".lastconv.0.0.", ".decoder.entry.conv."), (".lastconv.0.1.", ".decoder.entry.act."),
    *[(f".lastconv.{k}.", f".decoder.body.{k - 1}.") for k in range(1, 13)],
    (".lastconv.13.0.", ".decoder.expand.conv."), (".lastconv.13.1.", ".decoder.expand.act."),
    (".lastconv.15.", ".decoder.out."),
]


def _flat(array: np.ndarray) -> np.ndarray:
    """(1, 1, c, 1) -> (c,): one factor a channel."""
    return array.reshape(-1)


def _as_image(array: np.ndarray) -> np.ndarray:
    """(c,) -> (1, 1, c, 1)."""
    return array.reshape(1, 1, -1, 1)


def _other_colours_in(array: np.ndarray) -> np.ndarray:
    """(1, 1, colour, o): blue, green, red <-> red, green, blue."""
    return array[:, :, ::-1]


def _other_colours_out(array: np.ndarray) -> np.ndarray:
    """(..., colour * 4 + place in a square of 2 x 2 pixels): blue, green, red <-> red, green, blue."""
    return array.reshape(*array.shape[:-1], 3, 4)[..., ::-1, :].reshape(array.shape)


LAYOUT: Layout = (
    ("*.beta", _flat, _as_image),
    ("selector.decide.weight", np.transpose, np.transpose),  # (o, c), a linear layer
    ("head.normalize.weight", _other_colours_in, _other_colours_in),
    ("decoder.out.*", _other_colours_out, _other_colours_out),
)
RELEASES = (Release("safa", SAFA, LAYOUT),)
