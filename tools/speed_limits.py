"""What bounds the time of a frame: multiply-adds after Winograd over a measured product, bytes over a measured copy.

    python tools/speed_limits.py 250 40        GFLOP/s of sgemm and GB/s of a copy, as `refvr bench` prints them

Multiply-adds are those of the plan for a frame in the steady state, what neighbouring windows share counted once; 3x3
convolutions of stride 1 count a quarter, as F(4x4, 3x3) needs, without its transforms. Bytes: operands and results of
every operation of the plan, each moved once. Neither is reached together with the other.
"""
from __future__ import annotations

import sys
from dataclasses import replace

from refvr import zoo
from refvr.pipeline.pieces import Piece, pieces
from refvr.plan import capture
from refvr.plan.cost import multiply_adds
from refvr.plan.folding import folded
from refvr.plan.rules import simplified
from refvr.plan.run import Order, home
from refvr.records import raced


def as_raced(piece: Piece) -> Piece:
    """SAFA in the race: two frames of a pair, every step at half size, so that nobody asks the selector."""
    calls = {"head": 0.5, "fuse": 0.5, "look": 0.0}.get(piece.name, piece.calls)
    return replace(piece, calls=calls, options=piece.options | {"choice": ((0, 1),)} if "choice" in piece.options
                   else piece.options)


def limits(name: str, w: int, h: int) -> tuple[float, float, float, float]:
    """GFLOP direct, after Winograd, its share of 1x1 and others; GB."""
    direct = short = other = moved = 0.0
    found = pieces(zoo.build(name), h, w)
    for piece in map(as_raced, found) if name == "safa" else found:
        for node in Order(simplified(folded(capture(piece.page, *piece.inputs, **piece.options)))).nodes:
            shapes = [() if x is None else x.shape for x in node.operands]
            sums = multiply_adds(node.operation.name, shapes, node.shape) * piece.calls
            square = node.operation.name == "conv2d" and shapes[1][:2] == (3, 3) and node.options["stride"] == 1 \
                and node.options["groups"] == 1 and min(shapes[1][2:]) >= 16
            direct, short = direct + 2e-9 * sums, short + 2e-9 * (sums / 4 if square else sums)
            other += 0.0 if square else 2e-9 * sums
            seen = node.nbytes + sum(x.nbytes for x in node.operands if x is not None)
            moved += 0.0 if home(node) is not node else 1e-9 * seen * piece.calls
    return direct, short, other, moved


def main(sgemm: float, copy: float) -> None:
    """Print the table."""
    print("| network | GFLOP, direct | after Winograd | of that not 3x3 | ms at the product's rate | GB moved | ms at "
          "the copy's rate |\n|---|---:|---:|---:|---:|---:|---:|")
    for name in ("remonet", "stfan", "fastdvdnet", "edvr-m-x4", "safa"):
        direct, short, other, moved = limits(name, *raced()[name])
        print(f"| {name} | {direct:.1f} | {short:.1f} | {other:.1f} | {1e3 * short / sgemm:.0f} | {moved:.2f} | "
              f"{1e3 * moved / copy:.0f} |")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
