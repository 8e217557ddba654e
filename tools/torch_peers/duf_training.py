"""Fresh training cases of DUF: one step by PyTorch's own gradients, with weights, frames and targets from a seed.

    python -m torch_peers.duf_training OUT.h5 --scale 2 --seed 5      in tools/

The case has the form of the stored one (family duf.train), and its large kernels keep every eighth element along their
last two axes: of the 12 outputs that x2 has for the residual, that leaves two. `state_in_words` leaves that in a
sentence, as the stored case has it; otherwise "sampling" in meta states it.
"""
from __future__ import annotations

import argparse
import json
import math
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import nn
from torch.nn.functional import huber_loss

import torch_peers
from refvr.checkpoints import names_duf
from refvr.networks.duf import DECAY, DUF, Config
from refvr.verify.cases.case import draw

DELTA = 0.01
_FAN_IN = {"G_conv1_W:0": 6, "G_rconv2_W:0": 4096, "G_fconv2_W:0": 85}  # as in the stored case; others have He's
_KINDS = {"b": "bias", "beta": "beta", "gamma": "gamma", "mean": "mean", "variance": "var", "W": "conv"}
_KEPT, _RULE = (..., slice(None, None, 8), slice(None, None, 8)), "[..., ::8, ::8]"


def make(path: str | Path, *, scale: int = 2, seed: int = 0, size: tuple[int, int] = (7, 8), batch: int = 2,
         state_in_words: bool = False) -> None:
    """Write a case of DUF-16L on frames of `size` (h, w)."""
    config = Config(scale=scale)
    table = [_row(name, array.shape) for name, array in names_duf.to_official(DUF(config).state()).items()]
    state = {row["name"]: draw(row["name"], tuple(row["shape"]), row["kind"], row["fan_in"], seed) for row in table}
    rng, (h, w) = np.random.default_rng(seed), size
    inputs = {"lr": rng.random((batch, 7, h, w, 3), np.float32),
              "target": rng.random((batch, 1, scale * h, scale * w, 3), np.float32)}
    outputs, outputs64 = (_step(config, state, inputs, dtype) for dtype in (torch.float32, torch.float64))
    order = [name.removeprefix("grad.") for name in outputs if name.startswith("grad.")]
    kernels = [f"grad.{name}" for name in order if name.endswith("_W:0") and name != "G_conv1_W:0"]
    meta = {"family": "duf.train", "seed": seed, "source": "tools/torch_peers/duf_training.py", "grad_order": order,
            "config": {"layers": 16, "scale": scale, "mode": "train", "huber_delta": DELTA}}
    meta |= {"outputs": f"grad.*: kernels other than conv1 sampled {_RULE} on the last two axes"} if state_in_words \
        else {"sampling": dict.fromkeys(kernels, _RULE)}
    for found in (outputs, outputs64):
        found["grad_norms"] = np.array([np.linalg.norm(found[f"grad.{name}"].astype(np.float64)) for name in order])
        found.update({name: found[name][_KEPT] for name in kernels})
    with h5py.File(path, "w") as file:
        file.attrs["meta"] = json.dumps(meta)
        file["table"] = json.dumps([{**row, "crc": zlib.crc32(state[row["name"]].tobytes())} for row in table])
        for group, arrays in (("inputs", inputs), ("outputs", outputs), ("outputs64", outputs64)):
            for name, array in arrays.items():
                file.create_dataset(f"{group}/{name}", data=array)


def _row(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    kind = _KINDS[name.removesuffix(":0").rpartition("_")[2]]
    fan_in = _FAN_IN.get(name, math.prod(shape[:-1]) // 2) if kind == "conv" else 1
    return {"name": name, "shape": list(shape), "kind": kind, "fan_in": fan_in}


def _step(config: Config, state: dict[str, np.ndarray], inputs: dict[str, np.ndarray], dtype: torch.dtype
          ) -> dict[str, np.ndarray]:
    """Loss, answer, all gradients and the statistics of the batch, under official names."""
    peer = torch_peers.of_config("DUF", config)
    torch_peers.load_ours(peer, names_duf.from_official(state))
    peer = peer.to(dtype).train()
    statistics: dict[str, torch.Tensor] = {}
    for path, module in peer.named_modules():
        if isinstance(module, nn.BatchNorm3d):
            module.register_forward_pre_hook(_listen(statistics, path))
    lr, target = (torch.from_numpy(inputs[name]).to(dtype) for name in ("lr", "target"))
    y = peer(lr.permute(0, 1, 4, 2, 3))                                         # (n, 3, s h, s w)
    loss = huber_loss(y, target[:, 0].permute(0, 3, 1, 2), delta=DELTA)
    loss.backward()
    gradients = _official({name: p.grad for name, p in peer.named_parameters()} | statistics)
    return {"loss": loss.detach().numpy(), "sr": np.ascontiguousarray(y.detach().permute(0, 2, 3, 1).numpy())[:, None],
            **{f"{'after' if '_moving__' in name else 'grad'}.{name}": array for name, array in gradients.items()}}


def _listen(statistics: dict[str, torch.Tensor], path: str) -> Any:
    """A hook that keeps mean and biased variance of what a batch norm is given, as the first step leaves them.

    TensorFlow divides (1 - d) batch value by 1 - d^1: 1.3e-5 from 1 in float32, which is noise that the case has.
    """
    def hook(module: nn.Module, operands: tuple[torch.Tensor, ...]) -> None:
        x = operands[0].detach()
        d = torch.tensor(DECAY, dtype=x.dtype)
        kept = torch.tensor(1 - DECAY, dtype=x.dtype) / (1 - d)
        statistics[f"{path}.running_mean"] = x.mean((0, 2, 3, 4)) * kept
        statistics[f"{path}.running_var"] = x.var((0, 2, 3, 4), unbiased=False) * kept
    return hook


def _official(tensors: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Tensors with the peer's names and layout -> the official ones."""
    ours = names_duf.from_basicsr({name: tensor.numpy() for name, tensor in tensors.items()})
    return names_duf.to_official(ours)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--scale", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    make(args.out, scale=args.scale, seed=args.seed)


if __name__ == "__main__":
    main()
