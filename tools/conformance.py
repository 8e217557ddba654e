"""Run our conformance vectors against installed peers and write docs/conformance.md.

    python tools/conformance.py [--vectors DIR] [--ops NAMES] [-o docs/conformance.md]

Peers: PyTorch, ONNX Runtime and ONNX's reference evaluator, each where it is installed (tools/conformance_peers). A
peer's operator gets the inputs of a vector in its own layout. The page says for each mistake of the catalogue that the
vectors catch whether the peer makes it, and for each vector how much of the tolerance the answer uses.
"""
from __future__ import annotations

import argparse
import datetime
import platform
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from conformance_peers import NotThereError
from conformance_peers.onnx_operators import onnx_peer, onnxruntime_peer
from conformance_peers.torch_operators import torch_peer

from refvr.cli.table import markdown
from refvr.verify.vectors.export import VERSION, chosen, export
from refvr.verify.vectors.run import Card, cards, judge

HEAD = """# Who gets what right

The [conformance vectors](vectors.md) of single operations, run against what is installed beside us. Everything is
float32 on the CPU, one thread. Where a peer has no such operator, it is written in the way in which ports write it:
PyTorch's filter-adaptive convolution and dynamic upsampling by `unfold`, its deformable convolution and every warp by
`grid_sample` and `GridSample` (`tools/conformance_peers`).

"""
FLAGS = """## Operation, peer, mistake

One line for each mistake that the vectors catch: `right`, the peer passes all vectors that would show it; **made**, it
fails and its numbers are those of the mistake; `?`, it fails a vector that would show it and its numbers are those of
another mistake or of none, so nothing is known; `-`, the peer has no such operator, or this table does not know how to
call it.

"""
SHARES = """## Vector, peer

The share of the tolerance that the answer uses (1 or less passes); **a number in bold fails**.

"""
PEERS = {"PyTorch": torch_peer, "ONNX Runtime": onnxruntime_peer, "ONNX reference": onnx_peer}


def answer_of(calls):
    """How `refvr.verify.vectors.run` asks a peer."""
    def answer(card: Card):
        call = calls.get(card.data["operation"])
        if call is None:
            raise NotThereError
        return {"y": np.asarray(call(card.inputs(), card.data["options"]))}
    return answer


def installed():
    """Peers that are there: name -> (version, calls)."""
    peers = {}
    for name, make in PEERS.items():
        try:
            peers[name] = make()
        except ImportError:
            print(f"{name} is not installed", file=sys.stderr)
    return peers


def run(folder, names, peers):
    """[(card, {peer: result})] of the vectors called `names`."""
    return [(card, {peer: judge(card, answer_of(calls)) for peer, (_, calls) in peers.items()})
            for card in cards(folder) if card.data["name"] in names]


def verdict(name, results):
    """What the vectors that would show a mistake say of it."""
    told = [result for result in results if result.status != "skip"]
    if not told:
        return "-"
    if all(result.status == "pass" for result in told):
        return "right"
    return "**made**" if any([name] in result.mistakes for result in told) else "?"


def matrix(found, peers):
    """Rows (operation, mistake, a verdict a peer) and, by peer, how many verdicts there are of each kind."""
    shown = defaultdict(list)   # (operation, mistake, what it says) -> vectors
    for card, results in found:
        for flag in card.data["mistakes"]:
            shown[card.data["operation"], flag["name"], flag["says"]].append(results)
    rows, counts = [], {peer: defaultdict(int) for peer in peers}
    for (operation, name, says), vectors in sorted(shown.items(), key=lambda item: item[0][0]):
        verdicts = [verdict(name, [results[peer] for results in vectors]) for peer in peers]
        for peer, word in zip(peers, verdicts):
            counts[peer][word.strip("*")] += 1
        if set(verdicts) != {"-"}:
            rows.append([operation, says, *verdicts])
    return rows, counts


def share(result):
    """Share of the tolerance, bold where it is too much."""
    if result.status == "skip":
        return "-"
    used = result.used.get("y")
    return f"{used:.2f}" if result.status == "pass" else f"**{'error' if used is None else f'{used:.3g}'}**"


def page(found, peers, total=None):
    """The text of the page."""
    rows, counts = matrix(found, peers)
    versions = ", ".join(f"{name} {version}" for name, (version, _) in peers.items())
    made = (f"Made by `python tools/conformance.py` on {datetime.date.today()}, {versions}, NumPy {np.__version__}, "
            f"Python {platform.python_version()}; vectors of version {VERSION}"
            f"{f', hash {total[:16]}' if total else ''}.")
    summary = markdown(["peer", "mistakes ruled out", "made", "not known", "no operator"],
                       [[peer, *(str(c[word]) for word in ("right", "made", "?", "-"))] for peer, c in counts.items()],
                       right={1, 2, 3, 4})
    flags = markdown(["operation", "mistake", *peers], rows)
    shares = markdown(["vector", *peers, "mistakes it catches"],
                      [[card.data["name"], *map(share, results.values()), str(len(card.data["mistakes"]))]
                       for card, results in found if any(r.status != "skip" for r in results.values())],
                      right=set(range(1, len(peers) + 2)))
    return "\n\n".join([HEAD + made, summary, *failures(found), FLAGS + flags, SHARES + shares]) + "\n"


def failures(found):
    """A section on what fails, if anything does."""
    lines = []
    for card, results in found:
        for peer, result in results.items():
            if result.status == "fail":
                lead = "equals the reference with " if result.mistakes else ""
                lines.append(f"- {peer}, `{card.data['name']}`, {share(result)}: {result.problem}{lead}{result.says}")
    return ["What fails, and what it looks like:\n\n" + "\n".join(lines)] if lines else []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", help="an export of single operations; without it one is made")
    parser.add_argument("--ops", default="ops", help="which operations or vectors, with commas (default: all)")
    parser.add_argument("-o", "--output", default="docs/conformance.md")
    args = parser.parse_args()
    patterns, peers = args.ops.split(","), installed()
    with tempfile.TemporaryDirectory() as made:
        folder = args.vectors or f"{made}/vectors"
        total = None if args.vectors else export(folder, patterns)
        found = run(folder, {vector.name for vector in chosen(patterns)}, peers)
    Path(args.output).write_text(page(found, peers, total))
    print(f"{args.output}: {len(found)} vectors, "
          f"{sum(result.status == 'fail' for _, results in found for result in results.values())} failures")


if __name__ == "__main__":
    main()
