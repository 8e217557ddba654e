"""Random mistakes in random layers of small ports: is the layer found, is a right one accused, is the mistake named?

    python tools/random_plants.py                   48 plants, eight in each of six networks; prints the counts
    python tools/random_plants.py --plants 3 --rows duf safa --onnx

Each plant is a kind of KINDS in a layer of the peer of tools/torch_peers, dumped by hooks; with --onnx also exported. A
layer may be accused if its array is that of the spoilt module, of a module around it, or the first after it that is
paired. All that `compare --isolate` calls guilty is judged by that, not the first alone. Of the exports the same layers
may be accused as of the dump.
"""
from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from verdict_times import exported

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))
import compare_ports  # noqa: E402
import torch_peers  # noqa: E402
from torch_peers import sampling  # noqa: E402

from refvr import ops  # noqa: E402
from refvr.verify.compare.compare import compare  # noqa: E402
from refvr.verify.compare.report import CompareReport  # noqa: E402
from refvr.verify.diagnose.port import within  # noqa: E402

NETWORKS = ["edvr", "duf", "stfan", "safa", "remonet", "fastdvdnet"]


def weights(change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[Any], None]:
    """A plant in the weights of a module."""
    return lambda m: setattr(m.weight, "data", change(m.weight.data).contiguous())


def times(m: Any) -> None:
    """The result times 1.01."""
    for parameter in m.parameters(recurse=False):
        parameter.data *= 1.01


def rolled(m: Any) -> None:
    """The channels of the result in another order."""
    along = 1 if isinstance(m, nn.ConvTranspose2d) else 0
    for parameter in m.parameters(recurse=False):
        parameter.data = torch.roll(parameter.data, 1, along if parameter.ndim > 1 else 0)


def offsets_exchanged(m: sampling.DeformConv) -> None:
    """Offsets read as (x, y)."""
    def forward(x: torch.Tensor, guide: torch.Tensor) -> torch.Tensor:
        both = m.conv_offset(guide)
        cut = 2 * both.shape[1] // 3
        turned = both[:, :cut].unflatten(1, (-1, 2)).flip(2).flatten(1, 2)
        return sampling.deform(x.contiguous(), turned, both[:, cut:].sigmoid(), m.weight, m.bias)

    m.forward = forward


def is_layer(m: nn.Module) -> bool:
    """Whether it has nothing inside, or nothing that one would call a layer of its own."""
    return isinstance(m, sampling.DeformConv) or not list(m.children())


def has_kernel(m: nn.Module) -> bool:
    """Whether it is a convolution wider than one pixel."""
    return isinstance(m, (nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d)) and m.weight.shape[-1] > 1


# kind -> (which modules it can be planted in, what plants it)
KINDS: dict[str, tuple[Callable[[Any], bool], Callable[[Any], Any]]] = {
    "kernel's rows reversed": (has_kernel, weights(lambda w: w.flip(-2))),
    "kernel's columns reversed": (has_kernel, weights(lambda w: w.flip(-1))),
    "rows and columns exchanged": (has_kernel, weights(lambda w: w.mT)),
    "bias left out": (lambda m: getattr(m, "bias", None) is not None, lambda m: m.bias.data.zero_()),
    "border repeated": (lambda m: isinstance(m, nn.Conv2d) and m.padding == (1, 1), compare_ports.replicate_border),
    "another slope": (lambda m: isinstance(m, nn.LeakyReLU), lambda m: setattr(m, "negative_slope", 0.3)),
    "activation left out": (lambda m: isinstance(m, (nn.ReLU, nn.LeakyReLU, nn.PReLU)),
                            lambda m: setattr(m, "forward", lambda x: x)),
    "frames exchanged": (lambda m: isinstance(m, nn.Conv3d) and m.weight.shape[2] > 1, weights(lambda w: w.flip(2))),
    "times 1.01": (lambda m: hasattr(m, "weight"), times),
    "channels rolled by one": (lambda m: hasattr(m, "weight"), rolled),
    "x and y of offsets exchanged": (lambda m: isinstance(m, sampling.DeformConv), offsets_exchanged),
}


ACTIVATIONS = ("another slope", "activation left out")


def may_be_accused(report: CompareReport, spoilt: str, mine: Mapping[str, np.ndarray], activation: bool) -> set[str]:
    """Our names, of values of theirs that the plant is in; an activation is a part of the layer before it."""
    order = list(mine)
    paired = {their: row.name for row in report.rows for their in row.theirs}
    allowed = {ours for their, ours in paired.items()
               if spoilt == their.split("#")[0] or spoilt.startswith(their.split("#")[0] + ".")}
    for k, name in enumerate(order):
        if name.split("#")[0] == spoilt and activation:   # and so are containers that end before it
            before = next(other for other in reversed(order[:k]) if other in paired)
            allowed |= {paired[other] for other in order[:k]
                        if other in paired and np.array_equal(mine[other], mine[before])}
        if name.split("#")[0] == spoilt:
            allowed |= {paired[next(other for other in order[k:] if other in paired)]}
    return allowed


def planted(network: str, rng: np.random.Generator, folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """One plant, as a dump and perhaps as an export; what was said of each."""
    given = compare_ports.subject(network)
    peer, args = torch_peers.from_refvr(given.net), compare_ports.arguments(given)
    fit = {kind: [name for name, m in peer.named_modules() if name and is_layer(m) and can(m)]
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
        allowed = allowed or may_be_accused(report, spoilt, mine, kind in ACTIVATIONS)
        guilty = report.guilty
        named = [e.says for e in guilty.diagnosis.explained] if guilty and guilty.diagnosis else []
        inside = {guilty.name, *guilty.span} & allowed if guilty else set()
        found.append({"network": network, "kind": kind, "in": spoilt, "as": port.suffix, "found": bool(inside),
                      "wrongly accused": wrongly_accused(report, allowed), "named": named[:1],
                      "mispaired": [str(pair) for pair in report.mispaired if pair.stated]})
    return found


def wrongly_accused(report: CompareReport, allowed: set[str]) -> list[str]:
    """Our names that are called guilty and are not the plant: of another module, also in other frames or steps.

    A layer that a graph has no value of is accused by the one after it, whose span it is in.
    """
    guilty = report.guilty
    if guilty is None:
        return []
    modules = {module_of(name) for name in allowed}
    if {guilty.name, *guilty.span} & allowed:
        modules.add(module_of(guilty.name))
    return [row.name for row in report.rows if (row.times or 0) > 1 and module_of(row.name) not in modules]


def module_of(name: str) -> str:
    """A name of ours without its frame, step or call."""
    return re.sub(r"^((frame|step|triplet|t)\d+\.)+|#\d+$", "", name)


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
