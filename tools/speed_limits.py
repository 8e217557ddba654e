"""What bounds the time of a frame: multiply-adds after Winograd over a measured product, bytes over a measured copy.

    python tools/speed_limits.py               measures both first, on a quiet machine
    python tools/speed_limits.py 450 42        GFLOP/s of the product and GB/s of the copy, measured before

The product is the best of this project's own micro-kernel (a 1x1 convolution of 256 to 256 channels whose operands fit
the caches) and NumPy's matrix product; which of them is faster depends on the processor. Multiply-adds are those of the
plan for a frame in the steady state, what neighbouring windows share counted once; 3x3 convolutions of stride 1 count a
quarter, as F(4x4, 3x3) needs, without its transforms. Bytes: operands and results of every operation of the plan, each
moved once. Neither is reached together with the other, and what stays in a cache need not be moved.
"""
from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np

from refvr import ops, zoo
from refvr.pipeline.pieces import Piece, pieces
from refvr.plan import capture
from refvr.plan.cost import multiply_adds
from refvr.plan.folding import folded
from refvr.plan.graph import Node
from refvr.plan.rules import simplified
from refvr.plan.run import Order, home
from refvr.records import raced


def as_raced(piece: Piece) -> Piece:
    """SAFA in the race: two frames of a pair, every step at half size, so that nobody asks the selector."""
    calls = {"head": 0.5, "fuse": 0.5, "look": 0.0}.get(piece.name, piece.calls)
    return replace(piece, calls=calls, options=piece.options | {"choice": ((0, 1),)} if "choice" in piece.options
                   else piece.options)


def squares(node: Node) -> float:
    """Multiply-adds of a node in 3x3 convolutions that the Winograd algorithm takes."""
    if node.operation.name == "dense_block":
        return float(prod(node.shape) * prod(node.operands[-2].shape[:-1]))
    weight = node.operands[1] if len(node.operands) > 1 and node.operands[1] is not None else None
    if node.operation.name not in ("conv2d", "conv3d") or weight.shape[-4:-2] != (3, 3) or min(weight.shape[-2:]) < 16:
        return 0.0
    if node.options.get("stride", 1) > 1 or node.options.get("groups", 1) > 1:
        return 0.0
    return float(prod(node.shape) * prod(weight.shape[:-1]))


def limits(name: str, w: int, h: int) -> tuple[float, float, float, float]:
    """GFLOP direct, after Winograd, its share of 1x1 and others; GB."""
    direct = short = other = moved = 0.0
    found = pieces(zoo.build(name), h, w)
    for piece in map(as_raced, found) if name == "safa" else found:
        for node in Order(simplified(folded(capture(piece.page, *piece.inputs, **piece.options)))).nodes:
            shapes = [() if x is None else x.shape for x in node.operands]
            sums = multiply_adds(node.operation.name, shapes, node.shape) * piece.calls
            square = squares(node) * piece.calls
            direct, short = direct + 2e-9 * sums, short + 2e-9 * (sums - 0.75 * square)
            other += 2e-9 * (sums - square)
            seen = node.nbytes + sum(x.nbytes for x in node.operands if x is not None)
            moved += 0.0 if home(node) is not node else 1e-9 * seen * piece.calls
    return direct, short, other, moved


def best(call: Callable[[], object], repeats: int = 30) -> float:
    """Seconds of the fastest of several calls."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def measured() -> tuple[float, float]:
    """GFLOP/s of a product and GB/s of a copy, read and written, on all threads."""
    rng = np.random.default_rng(0)
    x, weight, square = (rng.random(shape, np.float32) for shape in ((1, 90, 160, 256), (1, 1, 256, 256), (2048, 2048)))
    large = np.ones(32 << 20, np.float32)
    other = np.empty_like(large)
    own = 2e-9 * x.size * 256 / best(lambda: ops.conv2d(x, weight))
    blas = 2e-9 * 2048 ** 3 / best(lambda: square @ square)
    copy = 2e-9 * large.nbytes / best(lambda: np.copyto(other, large), 10)
    print(f"{ops.thread_count()} threads: 1x1 convolutions {own:.0f} GFLOP/s, NumPy's product {blas:.0f}, "
          f"copy {copy:.0f} GB/s")
    return max(own, blas), copy


def main(product: float, copy: float) -> None:
    """Print the table."""
    print("| network | GFLOP, direct | after Winograd | of that not 3x3 | ms at the product's rate | GB moved | ms at "
          "the copy's rate |\n|---|---:|---:|---:|---:|---:|---:|")
    for name in ("remonet", "stfan", "fastdvdnet", "edvr-m-x4", "safa", "duf-16-x4"):
        direct, short, other, moved = limits(name, *raced()[name])
        print(f"| {name} | {direct:.1f} | {short:.1f} | {other:.1f} | {1e3 * short / product:.0f} | {moved:.2f} | "
              f"{1e3 * moved / copy:.0f} |")


if __name__ == "__main__":
    main(*(map(float, sys.argv[1:]) if len(sys.argv) > 1 else measured()))
