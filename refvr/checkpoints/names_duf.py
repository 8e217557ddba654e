"""DUF: names of the authors' HDF5 files and of BasicSR's conversion, and ours. Kernels come in our layout already.

A key of the authors' files is a TensorFlow variable's name in disguise: "_" is doubled, then "/" becomes "_".

    G/Rbn1a/moving_variance:0   <->   G_Rbn1a_moving__variance:0   <->   blocks.0.norm_a.running_var
"""
from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from refvr.checkpoints.names import Release
from refvr.errors import WeightsError

_LEAVES = {"W": "weight", "b": "bias", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean",
           "moving_variance": "running_var"}
_LAYERS = {"conv1": "conv1", "fbn1": "norm", "conv2": "conv2", "rconv1": "residual1", "rconv2": "residual2",
           "fconv1": "filters1", "fconv2": "filters2"}
_PARTS = {"bn": "norm", "conv": "conv"}  # Rbn3a is norm_a of block 2
_IGNORED = re.compile(r"G/(filter_localexpand|.*(biased|local_step):0$)")  # constants; what only training needs
IGNORED = re.compile(r"G_(filter__localexpand|.*(biased|local__step):0$)")  # the same as keys of the file
_ONLY_OURS = re.compile(r".*\.(biased_mean|biased_var|steps)$")
_BUFFERS = {"biased_mean": "running_mean", "biased_var": "running_var"}

# BasicSR's layers, within dense_block1.dense_blocks.K or dense_block2.temporal_reduceK, and outside of blocks
_BASICSR_BLOCK = {"0": "norm_a", "2": "conv_a", "3": "norm_b", "5": "conv_b"}
_BASICSR = {"conv3d1": "conv1", "bn3d2": "norm", "conv3d2": "conv2", "conv3d_r1": "residual1", "conv3d_r2": "residual2",
            "conv3d_f1": "filters1", "conv3d_f2": "filters2"}


def variable_name(key: str) -> str:
    """Key of the authors' files -> TensorFlow name: a "_" without a "_" beside it was a "/"."""
    return re.sub(r"(?<=[^_])_(?=[^_])", "/", key).replace("__", "_")


def key_of(variable: str) -> str:
    """The inverse of `variable_name`."""
    return variable.replace("_", "__").replace("/", "_")


def our_name(key: str) -> str:
    """Key of the authors' files -> our name. Raises WeightsError for a name that DUF has not."""
    found = re.fullmatch(r"G/(?:R(bn|conv)(\d+)([ab])|(\w+))/(\w+):0", variable_name(key))
    part, number, letter, layer, leaf = found.groups() if found else ("",) * 5
    if not found or leaf not in _LEAVES or (layer and layer not in _LAYERS):
        raise WeightsError(f"DUF has no tensor {key!r}", fix="expected the names of yhjo09/VSR-DUF, G_Rconv1a_W:0 ...")
    return f"{_LAYERS[layer] if layer else f'blocks.{int(number) - 1}.{_PARTS[part]}_{letter}'}.{_LEAVES[leaf]}"


def official_name(ours: str) -> str:
    """The inverse of `our_name`."""
    *path, leaf = ours.split(".")
    norm = path[-1].startswith("norm")
    leaf = next(theirs for theirs, mine in _LEAVES.items() if mine == leaf and (len(theirs) > 1) == norm)
    if path[0] == "blocks":
        kind, letter = path[2].split("_")
        layer = f"R{next(k for k, mine in _PARTS.items() if mine == kind)}{int(path[1]) + 1}{letter}"
    else:
        layer = next(k for k, mine in _LAYERS.items() if mine == path[0])
    return key_of(f"G/{layer}/{leaf}:0")


def from_official(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The authors' tensors under our names; the start of the running statistics, which no file has to hold, is 0."""
    return _complete({our_name(key): array for key, array in state.items()
                      if not _IGNORED.match(variable_name(key))})


def from_basicsr(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A state dict of BasicSR's `duf_arch` (weights converted from the authors') under our names, in our layout.

    Its residual has all pixels of a colour together, ours, as TensorFlow's, all colours of a pixel.
    """
    blocks = len({name.split(".")[2] for name in state if ".dense_blocks." in name})
    ours = {_basicsr_name(name, blocks): array for name, array in state.items() if "num_batches_tracked" not in name}
    for name, array in ours.items():
        ours[name] = np.ascontiguousarray(array.transpose(2, 3, 4, 1, 0)) if array.ndim == 5 else array
    for name in ("residual2.weight", "residual2.bias"):
        colours = ours[name].reshape(*ours[name].shape[:-1], 3, -1)
        ours[name] = np.ascontiguousarray(colours.swapaxes(-1, -2)).reshape(ours[name].shape)
    return _complete(ours)


def to_official(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The inverse of `from_official`."""
    return {official_name(name): array for name, array in state.items() if not _ONLY_OURS.match(name)}


def to_basicsr(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The inverse of `from_basicsr`."""
    blocks = len({name.split(".")[1] for name in state if name.startswith("blocks.")}) - 3
    places = {ours: theirs for theirs, ours in (_BASICSR_BLOCK | _BASICSR).items()}
    theirs = {}
    for name, array in state.items():
        if _ONLY_OURS.match(name):
            continue
        if name.startswith("residual2."):
            pixels = array.reshape(*array.shape[:-1], -1, 3)
            array = pixels.swapaxes(-1, -2).reshape(array.shape)
        *path, layer, leaf = name.split(".")
        number = int(path[1]) if path else 0
        block = f"dense_block1.dense_blocks.{number}." if number < blocks else \
            f"dense_block2.temporal_reduce{number - blocks + 1}."
        array = np.ascontiguousarray(array.transpose(4, 3, 0, 1, 2)) if array.ndim == 5 else array
        theirs[f"{block if path else ''}{places[layer]}.{leaf}"] = array
    return theirs


def _basicsr_name(name: str, blocks: int) -> str:
    found = re.fullmatch(r"(?:module\.)?(?:dense_block1\.dense_blocks\.(\d+)\.|dense_block2\.temporal_reduce(\d)\.)?"
                         r"(\w+)\.(weight|bias|running_mean|running_var)", name)
    kept, reduced, layer, leaf = found.groups() if found else (None, None, "", "")
    if kept is None and reduced is None and layer in _BASICSR:
        return f"{_BASICSR[layer]}.{leaf}"
    if layer not in _BASICSR_BLOCK:
        raise WeightsError(f"BasicSR's DUF has no tensor {name!r}", fix="expected conv3d1.weight and its kin")
    number = int(kept) if kept is not None else blocks + int(reduced or 0) - 1
    return f"blocks.{number}.{_BASICSR_BLOCK[layer]}.{leaf}"


def _complete(ours: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    for norm in [name.rpartition(".")[0] for name in ours if name.endswith(".running_mean")]:
        ours |= {f"{norm}.{mine}": np.zeros_like(ours[f"{norm}.{like}"]) for mine, like in _BUFFERS.items()}
        ours[f"{norm}.steps"] = np.zeros((), np.int64)
    return ours


RELEASES = (
    Release("duf", whole=(from_official, to_official), file=".h5", ignored=IGNORED),
    Release("duf-basicsr", whole=(from_basicsr, to_basicsr)),
)
