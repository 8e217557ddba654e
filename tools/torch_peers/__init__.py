"""Every network of the zoo in PyTorch, with the official tensor names: to race against, to compare with, to train.

Written from the specifications, like the networks of refvr, and with the same `Config`, options included.

    peer = build("edvr-m-x4")                    parameters as PyTorch draws them; any option of the Config may follow
    peer = from_refvr(net)                       the same configuration and the same weights as a network of refvr
    load_ours(peer, net.state())                 weights from ours to theirs;  net.load(peer_state(peer)) the way back
    for frame in clips.restore(peer, frames)     a clip as the authors' programs go through it: clips.py

An official file drives both: its names are those of `peer.state_dict()`, except for DUF, whose release is HDF5: there
the names are those of BasicSR's conversion. Images are channels first, windows (n, t, 3, h, w); SAFA's are blue first,
as its authors'. `ready(peer)` prepares for inference as well as plain PyTorch can: batch norms merged into
convolutions, and memory channels last; a race (race.py) tries both layouts.
"""
from __future__ import annotations

import copy
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from refvr import zoo
from refvr.checkpoints.names import Release
from refvr.checkpoints.releases import of_network
from refvr.records import Network, record_of


def build(name: str, **options: Any) -> nn.Module:
    """The peer of a model of the zoo."""
    return of_config(zoo.NETWORKS[zoo.row_of(name).network], zoo.config(name, **options))


def of_config(record: Network, config: Any) -> nn.Module:
    """The peer of a network of ours with its Config, of the same name as ours; in evaluation mode."""
    peer = getattr(module_of(record), record.title)(config)
    peer.config, peer.record = config, record
    return peer.eval()


def module_of(record: Network) -> Any:
    """The file here: its class, and `restore`, how its authors' program goes through a clip."""
    return import_module(f"{__name__}.{record.name}")


def channels_last_of(peer: nn.Module) -> Any:
    """The layout of memory with channels last."""
    return torch.channels_last_3d if peer.record.call.volumes else torch.channels_last


def from_refvr(net: Any) -> nn.Module:
    """The peer of a network of refvr, with its weights."""
    first = torch.from_numpy(next(iter(net.state().values())))
    peer = of_config(record_of(net), net.config).to(first.dtype)
    load_ours(peer, net.state())
    return peer


def load_ours(peer: nn.Module, state: dict[str, np.ndarray]) -> None:
    """Give `peer` the weights `state` (our names and layout); every tensor must be there, and nothing else."""
    load_official(peer, _release(peer).back(state))


def load_official(peer: nn.Module, state: dict[str, np.ndarray]) -> None:
    """The same for a state with official names and layout, as read from a file of the authors."""
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in state.items()}
    missing, unknown = peer.load_state_dict(tensors, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unknown:
        raise ValueError(f"weights do not fit: missing {missing[:3]}, unknown {unknown[:3]}")


def peer_state(peer: nn.Module) -> dict[str, np.ndarray]:
    """The weights of `peer` under our names and in our layout, for `net.load`."""
    return _release(peer).forth({name: tensor.detach().cpu().numpy() for name, tensor in peer.state_dict().items()})


def _release(peer: nn.Module) -> Release:
    return next(release for release in of_network(peer.record.name) if release.file == ".pth")


def ready(peer: nn.Module, *, channels_last: bool = True) -> nn.Module:
    """A copy for inference: batch norms merged, channels last in memory unless `channels_last` is False."""
    peer = copy.deepcopy(peer).eval().requires_grad_(False)
    for module in list(peer.modules()):
        _merge(module)
    peer.layout = channels_last_of(peer) if channels_last else torch.contiguous_format
    return peer.to(memory_format=peer.layout)


def keep_statistics(peer: nn.Module) -> None:
    """In training, batch norms of a peer that says so (SAFA) keep to their stored statistics."""
    for module in peer.modules() if getattr(peer, "keeps_statistics", False) else ():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def _merge(module: nn.Module) -> None:
    """Batch norms that follow a convolution: next to it in a Sequential, or convN and bnN of a residual block."""
    names = list(module._modules)
    pairs = list(zip(names, names[1:])) if isinstance(module, nn.Sequential) else [("conv1", "bn1"), ("conv2", "bn2")]
    for first, second in pairs:
        conv, norm = module._modules.get(first), module._modules.get(second)
        if isinstance(conv, (nn.Conv2d, nn.Conv3d)) and isinstance(norm, (nn.BatchNorm2d, nn.BatchNorm3d)):
            setattr(module, first, fuse_conv_bn_eval(conv, norm))
            setattr(module, second, nn.Identity())
