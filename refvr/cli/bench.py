"""`refvr bench`."""
from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refvr.pipeline.bench import Convolution, Network

HELP = "time convolutions (against PyTorch where installed) and whole networks, stage by stage"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr bench`."""
    from refvr.cli.demo import size

    parser.epilog = "example:\n  refvr bench --threads 2\n  refvr bench remonet --size 640x360\n"
    parser.add_argument("models", metavar="NAME", nargs="*",
                        help="networks to time (default: convolutions, then remonet remonet-s fastdvdnet)")
    parser.add_argument("--size", type=size, default=(320, 180), metavar="WxH", help="of the clip (default: 320x180)")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="the best of N runs counts (default: 3)")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all cores")
    parser.add_argument("--precision", choices=("fast", "exact"), default="fast",
                        help="float32, or float32 by direct sums only (default: fast)")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    """Time and print."""
    from refvr import ops
    from refvr.cli.progress import Progress
    from refvr.cli.table import print_json
    from refvr.pipeline.bench import NETWORKS, bench_convolutions, bench_network

    names = args.models or NETWORKS
    with Progress("timing", "networks") as progress, ops.threads(args.threads), ops.precision(args.precision):
        convolutions = [] if args.models else list(bench_convolutions(3 * args.repeats))
        networks, threads = [], ops.thread_count()
        for name in names:
            networks.append(bench_network(name, args.size, repeats=args.repeats))
            progress(len(networks), len(names))
    if args.json:
        print_json({"threads": threads, "precision": args.precision, "convolutions": convolutions,
                    "networks": networks})
    else:
        print(f"threads: {threads}; precision: {args.precision}; "
              "best of several runs; PyTorch, where installed, on as many, in turn with ours")
        _print(convolutions, networks)
    return 0


def _print(convolutions: list[Convolution], networks: list[Network]) -> None:
    from refvr.cli.table import show

    if convolutions:
        show(["convolution", "size", "ms", "GFLOP/s", "torch ms", "ours / torch"],
             [[row.name, row.size, f"{row.ms:.2f}", f"{row.gflops:.0f}", _or_dash(row.torch_ms), _or_dash(row.ratio)]
              for row in convolutions], right={2, 3, 4, 5})
    show(["network", "size", "ms per frame", "GFLOP per frame", "GFLOP/s"],
         [[row.name, row.size, f"{row.ms_per_frame:.1f}", f"{row.gflop_per_frame:.2f}", f"{row.gflops:.0f}"]
          for row in networks], right={2, 3, 4})
    for network in networks:
        show([network.name, "ms per frame", "share", "GFLOP/s"],
             [[stage.name, f"{stage.ms:.2f}", f"{stage.share:.1%}", f"{stage.gflops:.0f}"]
              for stage in network.stages if stage.share >= 0.005], right={1, 2, 3})


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
