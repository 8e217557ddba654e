"""Random mistakes in random layers of small ports: is the layer found, is a right one accused, is the mistake named?

    python tools/random_plants.py                   forty plants, eight in each of five networks; prints the counts
    python tools/random_plants.py --plants 3 --rows duf safa --onnx

Each plant is a kind of KINDS in a leaf of the peer of tools/torch_peers, dumped by hooks; with --onnx also exported. A
layer may be accused if its array is that of the spoilt module, of a module around it, or the first after it that is
paired. All that `compare --isolate` calls guilty is judged by that, not the first alone.
"""
from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from verdict_times import exported

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))
import compare_ports  # noqa: E402
import torch_peers  # noqa: E402

from refvr import ops  # noqa: E402
from refvr.verify.compare.compare import compare  # noqa: E402
from refvr.verify.compare.report import CompareReport  # noqa: E402
from refvr.verify.diagnose.port import within  # noqa: E402

NETWORKS = ["edvr", "duf", "stfan", "safa", "remonet"]


def weights(change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[Any], None]:
    """A plant in the weights of a module."""
    return lambda m: setattr(m.weight, "data", change(m.weight.data).contiguous())


def result(change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[Any], None]:
    """A plant in the result of a module."""
    return lambda m: m.register_forward_hook(lambda module, inputs, output: change(output)) and None


def has_kernel(m: nn.Module) -> bool:
    """Whether it is a convolution wider than one pixel."""
    return isinstance(m, (nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d)) and m.weight.shape[-1] > 1


# kind -> (which modules it can be planted in, what plants it)
KINDS: dict[str, tuple[Callable[[Any], bool], Callable[[Any], Any]]] = {
    "kernel's rows reversed": (has_kernel, weights(lambda w: w.flip(-2))),
    "rows and columns exchanged": (has_kernel, weights(lambda w: w.mT)),
    "bias left out": (lambda m: getattr(m, "bias", None) is not None, lambda m: m.bias.data.zero_()),
    "border repeated": (lambda m: isinstance(m, nn.Conv2d) and m.padding == (1, 1), compare_ports.replicate_border),
    "another slope": (lambda m: isinstance(m, nn.LeakyReLU), lambda m: setattr(m, "negative_slope", 0.3)),
    "frames exchanged": (lambda m: isinstance(m, nn.Conv3d) and m.weight.shape[2] > 1, weights(lambda w: w.flip(2))),
    "times 1.01": (lambda m: hasattr(m, "weight"), result(lambda y: y * 1.01)),
    "channels rolled by one": (lambda m: hasattr(m, "weight"), result(lambda y: torch.roll(y, 1, 1))),
}


def may_be_accused(report: CompareReport, spoilt: str, order: list[str]) -> set[str]:
    """Our names, of values of theirs that the plant is in."""
    paired = {their: row.name for row in report.rows for their in row.theirs}
    allowed = {ours for their, ours in paired.items()
               if spoilt == their.split("#")[0] or spoilt.startswith(their.split("#")[0] + ".")}
    for k, name in enumerate(order):
        if name.split("#")[0] == spoilt:
            allowed |= {paired[next(other for other in order[k:] if other in paired)]}
    return allowed


def planted(network: str, rng: np.random.Generator, folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """One plant, as a dump and perhaps as an export; what was said of each."""
    given = compare_ports.subject(network)
    peer, args = torch_peers.from_refvr(given.net), compare_ports.arguments(given)
    fit = {kind: [name for name, m in peer.named_modules() if name and not list(m.children()) and can(m)]
           for kind, (can, _) in KINDS.items()}
    kind = str(rng.choice([kind for kind, names in fit.items() if names]))
    spoilt = str(rng.choice(fit[kind]))
    compare_ports.dump(peer, args, folder / "right.npz")
    KINDS[kind][1](peer.get_submodule(spoilt))
    compare_ports.dump(peer, args, folder / "mine.npz")
    right, mine = np.load(folder / "right.npz"), np.load(folder / "mine.npz")
    if all(np.allclose(right[name], mine[name], rtol=1e-5, atol=1e-6) for name in mine.files):
        return []   # not seen in this input: a bias of zero, a module that is not called
    ports, allowed, found = [folder / "mine.npz"], set(), []
    if options.onnx:
        ports.append(exported(peer, args, folder / "port"))
    for port in ports:
        report = compare(given, port, with_isolation=True, search=within(options.seconds))
        guilty = report.guilty
        allowed = allowed or may_be_accused(report, spoilt, mine.files)
        accused = [] if guilty is None else [row.name for row in report.rows if (row.times or 0) > 1]
        inside = set() if guilty is None else {guilty.name, *guilty.span}
        named = [e.says for e in guilty.diagnosis.explained] if guilty and guilty.diagnosis else []
        wrong = [name for name in accused if name not in allowed] if port.suffix == ".npz" else \
            [guilty.name] * (guilty is not None and not inside & allowed)
        found.append({"network": network, "kind": kind, "in": spoilt, "as": port.suffix, "found": bool(
            inside & allowed), "wrongly accused": wrong, "named": named[:1]})
    return found


def main() -> int:
    """Plant and count."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", nargs="*", default=NETWORKS, choices=NETWORKS, help="networks")
    parser.add_argument("--plants", type=int, default=8, help="in each network (default: 8)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of the search for each (default: 10)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--onnx", action="store_true", help="also as PyTorch's exporter writes it")
    options = parser.parse_args()
    torch.set_num_threads(1)
    verdicts: list[dict[str, Any]] = []
    for network in options.rows:
        rng, done = np.random.default_rng(options.seed), 0
        while done < options.plants:
            with tempfile.TemporaryDirectory(prefix="refvr-plants-") as name, ops.threads(1):
                found = planted(network, rng, Path(name), options)
            done += bool(found)
            verdicts += found
            for verdict in found:
                print(", ".join(f"{key}: {value}" for key, value in verdict.items()), flush=True)
    for kind in sorted({verdict["as"] for verdict in verdicts}):
        of = [verdict for verdict in verdicts if verdict["as"] == kind]
        print(f"{kind}: {len(of)} planted, {sum(v['found'] for v in of)} layers found, "
              f"{sum(bool(v['wrongly accused']) for v in of)} with a right layer accused, "
              f"{sum(bool(v['named']) for v in of)} named, {sum(not v['named'] for v in of)} not explained")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
