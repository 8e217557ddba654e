"""The weights of a subject in a file, so that a port can be run with the same: .pth, .npz, .h5."""
from __future__ import annotations

import io
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from refvr.checkpoints import h5, pth_write
from refvr.checkpoints.releases import of_network
from refvr.errors import InputError
from refvr.media.atomic import write_bytes
from refvr.nn import Module
from refvr.verify.runs.network_call import network_of


def save_weights(net: Module, path: str | Path) -> None:
    """Write every parameter: official names and layout for .pth and .npz, ours for .h5."""
    path, network = Path(path), network_of(net)
    if path.suffix == ".h5":
        h5.save(path, net.state(), {"network": network, "config": asdict(net.config), "source": "refvr trace"})
        return
    if path.suffix not in (".pth", ".npz"):
        raise InputError(f"got the output {path} for weights, expected a name that ends in .pth, .npz or .h5")
    ways = [way for way in of_network(network) if way.file == ".pth"]
    if not ways:
        raise InputError(f"{network} has no release in PyTorch's layout", fix="write the weights as .h5")
    official: dict[str, Any] = {name: np.ascontiguousarray(array) for name, array in ways[0].back(net.state()).items()}
    if path.suffix == ".pth":
        pth_write.save(path, official)
        return
    data = io.BytesIO()
    np.savez(data, **official)
    write_bytes(path, data.getvalue())
