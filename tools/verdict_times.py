"""Processor time of verdicts: whole networks of the zoo, a port of each with a mistake and one without, as users ask.

    python tools/verdict_times.py                     every row, and prints the table of docs/verify.md
    python tools/verdict_times.py --rows edvr duf     rows whose names begin so
    python tools/verdict_times.py --seconds 60        what --seconds of `refvr compare --diagnose` is

Each verdict is one `refvr compare TRACE PORT --diagnose` in a process of its own; its time is user and system time of
all its threads, from the start of Python on. Kernels are compiled before (the network is run first, in both float
types), as they are once on a machine. Weights are drawn; the port is the peer of tools/torch_peers, as a dump of hooks
or as an ONNX graph.
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch_peers

from refvr import ops
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.trace_file import write_trace

SIZE, FRAME = "48x32", 3


class Row(NamedTuple):
    """A network in its official configuration, and a module of the peer that is spoilt."""

    name: str
    model: str
    spoilt: str
    size: str = SIZE


ROWS = [
    Row("edvr-m-x4", "edvr-m-x4", "conv_l2_1"),
    Row("edvr-l-x4", "edvr-l-x4", "conv_l2_1"),
    Row("duf-16-x4", "duf-16-x4", "dense_block1.dense_blocks.0.5"),
    Row("remonet", "remonet", "unetblock.encoder1.0.conv2.convblock.0"),
    Row("stfan", "stfan", "conv2_1.0"),
    Row("safa", "safa", "lastconv.0"),
    Row("fastdvdnet", "fastdvdnet", "temp2.downc0.convblock.0"),
]


def spoil(peer: torch.nn.Module, path: str) -> None:
    """Rows and columns of a layer's kernel exchanged; of a block, of its first convolution."""
    module = dict(peer.named_modules())[path]
    layer = next(each for each in module.modules() if hasattr(each, "weight") and each.weight.ndim >= 4)
    layer.weight.data = layer.weight.data.mT.contiguous()


def arguments(subject: Any) -> list[torch.Tensor]:
    """What the peer is called with: channels first, SAFA's colours blue first."""
    call = subject.record.call
    given = [np.moveaxis(x[..., ::-1] if call.blue_first else x, -1, -3) for x in subject.operands.values()]
    tensors = [torch.from_numpy(np.ascontiguousarray(x)) for x in given]
    return [*tensors, torch.tensor([[0.5]])] if call.times else tensors


def dumped(peer: torch.nn.Module, args: list[torch.Tensor], path: Path) -> Path:
    """The recipe of docs/compare.md."""
    values: dict[str, np.ndarray] = {}

    def hook(name: str) -> Callable[..., None]:
        def keep(module: Any, inputs: Any, output: Any) -> None:
            if torch.is_tensor(output):
                calls = sum(key.split("#")[0] == name for key in values)
                values[f"{name}#{calls}" if calls else name] = output.detach().clone().numpy()
        return keep

    handles = [module.register_forward_hook(hook(name)) for name, module in peer.named_modules() if name]
    with torch.no_grad():
        output = peer(*args)
    for handle in handles:
        handle.remove()
    values["output"] = (output[0] if isinstance(output, tuple) else output).numpy()
    np.savez(path.with_suffix(".npz"), **values)
    return path.with_suffix(".npz")


def exported(peer: torch.nn.Module, args: list[torch.Tensor], path: Path) -> Path:
    """By PyTorch's exporter of ONNX that traces."""
    path = path.with_suffix(".onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(peer, tuple(args), str(path), dynamo=False, opset_version=17)
    return path


def timed(trace: Path, port: Path, seconds: float) -> tuple[float, float, str]:
    """(processor seconds, peak MB, what the verdict says in short) of one command."""
    command = [sys.executable, "-m", "refvr", "compare", str(trace), str(port), "--diagnose", "--brief",
               "--seconds", str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    text = process.stdout.read()
    _, _, usage = os.wait4(process.pid, 0)
    said = next((line for line in text.splitlines() if "guilty" in line), text.strip()[-60:])
    named = next((line.strip() for line in text.splitlines() if "equals the reference with" in line), "not named")
    healthy = "no guilty" in said
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, "healthy" if healthy else \
        f"{said.partition(': ')[2]}: {named.partition('with ')[2].partition(', to ')[0] or named}"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", nargs="*", default=[], help="beginnings of names")
    parser.add_argument("--seconds", type=float, default=25.0, help="of --diagnose (default: 25)")
    parser.add_argument("--kinds", nargs="*", default=["dump", "onnx"], choices=["dump", "onnx"])
    options = parser.parse_args()
    print("| model, whole | input | port | healthy, s | with a mistake, s | found |\n|---|---|---|---:|---:|---|")
    for row in ROWS:
        if options.rows and not row.name.startswith(tuple(options.rows)):
            continue
        subject = subject_of(row.model, f"scene:{row.size}", init=5, sigma=25, frame=FRAME)
        with tempfile.TemporaryDirectory(prefix="refvr-times-") as name, ops.threads(1):
            folder = Path(name)
            write_trace(subject, folder / "trace.h5")
            subject.run(np.float64)
            subject.net.astype(np.float32)
            args = arguments(subject)
            for kind, make in (("dump", dumped), ("onnx", exported)):
                if kind not in options.kinds:
                    continue
                found = []
                for spoilt in (False, True):
                    peer = torch_peers.from_refvr(subject.net)
                    if spoilt:
                        spoil(peer, row.spoilt)
                    found.append(timed(folder / "trace.h5", make(peer, args, folder / "port"), options.seconds))
                says = found[1][2] if found[0][2] == "healthy" else f"healthy one: {found[0][2]}; {found[1][2]}"
                print(f"| {row.name} | {row.size} | {kind} | {found[0][0]:.0f} | {found[1][0]:.0f} | {says} |",
                      flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
