"""`refvr bench`."""
from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from refvr.precision_names import MODES, present_name
from refvr.records import NETWORKS, raced

if TYPE_CHECKING:
    from refvr.bench.growth import Point
    from refvr.bench.race import Row

HELP = "race whole networks against PyTorch on this machine; where the time goes; how time and memory grow"

EPILOG = """\
example:
  refvr bench
  refvr bench remonet fastdvdnet --threads 1,2 --png race.png
  refvr bench --train
  refvr bench --growth remonet --png growth.png
  refvr bench --stages remonet --size 640x360

Races need PyTorch and a checkout, where tools/torch_peers is; without them ours is timed alone.
"""
HEADER = ("network", "size", "threads", "runs", "ms", "best", "torch ms", "best", "speed", "onnx ms", "speed", "MB",
          "torch MB", "memory", "GFLOP", "GFLOP/s", "torch's", "sgemm", "copy GB/s")
WIDTHS = (16, 9, 7, 4, 9, 9, 9, 9, 6, 9, 6, 7, 8, 6, 7, 7, 7, 6, 9)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `refvr bench`."""
    parser.epilog, sizes_of = EPILOG, raced()
    parser.add_argument("networks", metavar="NETWORK", nargs="*",
                        help=f"default: {' '.join(sizes_of)}; --train: without "
                             f"{' '.join(name for name in sizes_of if name not in raced('train'))}")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--train", action="store_true", help="race a training step: forward, loss, backward, update")
    what.add_argument("--growth", metavar="NETWORK", help="time and memory against frames, pixels and threads")
    what.add_argument("--stages", action="store_true", help="ours alone, stage by stage, and single convolutions")
    parser.add_argument("--size", type=sizes, default=[], metavar="WxH[,WxH]",
                        help=f"of the clips (default: 640x360 for "
                             f"{' '.join(name for name, size in sizes_of.items() if size == (640, 360))}, otherwise "
                             "320x180); with --growth the largest (default: 1920x1080)")
    parser.add_argument("--threads", type=numbers, default=[], metavar="N[,N]", help="default: all cores")
    parser.add_argument("--precision", choices=MODES, default=MODES[0], type=present_name,
                        help="winograd: 3x3 convolutions by its sums (default); direct: by direct sums")
    parser.add_argument("--repeats", type=int, metavar="N",
                        help="rounds that count (default: 5, or 3 or 2 where a network is slow; growth 2, stages 3)")
    parser.add_argument("--no-peers", action="store_true", help="time ours alone")
    parser.add_argument("--png", metavar="FILE", help="draw a picture (extra plot)")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def sizes(text: str) -> list[tuple[int, int]]:
    """`320x180,640x360` -> [(320, 180), (640, 360)]."""
    from refvr.cli.demo import size

    return [size(part) for part in text.split(",")]


def numbers(text: str) -> list[int]:
    """`1,2` -> [1, 2]."""
    if not all(part.strip().lstrip("-").isdigit() for part in text.split(",")):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected numbers such as 2 or 1,2")
    return [int(part) for part in text.split(",")]


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    if args.stages:
        return _stages(args)
    return _growth(args) if args.growth else _races(args)


def _check_png(args: argparse.Namespace) -> None:
    """Before anything runs, and after what no installed package would help."""
    if args.png:
        from refvr.drawing.plots import check_picture

        check_picture(args.png)


def _races(args: argparse.Namespace) -> int:
    from refvr.bench.race import check_repeats, races, specs
    from refvr.bench.sides import why_no_peer

    wanted = specs(args.networks, args.size, args.threads, job="train" if args.train else "clip",
                   precision=args.precision)
    check_repeats(args.repeats)
    _check_png(args)
    why = "" if args.no_peers else why_no_peer()
    live = not args.json and not args.markdown
    if live:
        print(f"milliseconds per {'training step' if args.train else 'frame, steady state'}; speed: PyTorch / refvr, "
              f"memory: refvr / PyTorch; precision {args.precision}{f'; {why}' if why else ''}")
        _line(HEADER)
    rows, stopped = _collect(lambda tell: races(wanted, repeats=args.repeats, peers=not args.no_peers, tell=tell),
                             len(wanted), (lambda row: _line(cells(row))) if live else None)
    return _finish(args, rows, stopped, {"rows": rows}, (HEADER, [cells(row) for row in rows]), "draw_races")


def _growth(args: argparse.Namespace) -> int:
    import os

    from refvr.bench.growth import SIZES, measured, points, power

    threads = args.threads[-1] if args.threads else os.cpu_count() or 1
    wanted = points(args.growth, threads=threads, largest=args.size[-1] if args.size else SIZES[-1],
                    repeats=args.repeats or 2, precision=args.precision)
    _check_png(args)
    header = ("along", "count", "size", "threads", "seconds", "peak MB")
    live = not args.json and not args.markdown
    if live:
        _line(header)

    def values(point: Point) -> tuple[str, ...]:
        return (point.axis, str(point.count), point.size, str(point.threads), f"{point.seconds:.3f}",
                f"{point.peak_mb:.0f}")

    found, stopped = _collect(lambda tell: measured(wanted), len(wanted),
                              (lambda point: _line(values(point))) if live else None)
    powers = {f"{what} against {axis}": power(found, axis, what) for axis in ("frames", "pixels", "threads")
              for what in ("seconds", "peak_mb")}
    if live:
        print("\n".join(f"{name}: power {value:.2f}" for name, value in powers.items() if value is not None))
    return _finish(args, found, stopped, {"points": found, "powers": powers}, (header, [values(p) for p in found]),
                   "draw_growth")


def _collect(measuring: Callable[[Callable[[str], None]], Iterable[Any]], count: int,
             show: Callable[[Any], None] | None) -> tuple[list[Any], bool]:
    """What was measured, and whether Ctrl-C ended it early. `measuring` is given a place to tell what it does."""
    from refvr.cli.progress import Progress

    found: list[Any] = []
    try:
        with Progress("measuring", "rows") as progress:
            progress(0, count)
            for one in measuring(lambda what: progress.say(what, len(found), count)):
                found.append(one)
                if show:
                    show(one)
                progress(len(found), count)
    except KeyboardInterrupt:
        return found, True
    return found, False


def _finish(args: argparse.Namespace, found: list[Any], stopped: bool, plain: dict[str, Any],
            table: tuple[Any, list[Any]], draw: str) -> int:
    from refvr.cli.table import markdown, print_json

    if args.json:
        print_json(plain | {"complete": not stopped})
    elif args.markdown:
        print(markdown(*table, right=set(range(1, len(table[0])))))
    if args.png and found:
        from refvr.bench import plot

        getattr(plot, draw)(found, args.png)
    if stopped:
        raise KeyboardInterrupt(f"{len(found)} rows were measured")
    return 0


def cells(row: Row) -> tuple[str, ...]:
    """A row of the table."""
    peer = row.peer
    return (row.network, row.size, str(row.threads), str(len(row.ours.runs_ms)),
            f"{row.ours.ms:.1f}", f"{row.ours.best_ms:.1f}",
            f"{peer.ms:.1f}" if peer else "-", f"{peer.best_ms:.1f}" if peer else "-",
            f"{row.speed:.2f}" if peer else "-", f"{row.onnx.ms:.1f}" if row.onnx else "-",
            f"{row.speed_onnx:.2f}" if row.onnx else "-", f"{row.ours.peak_mb:.0f}",
            f"{peer.peak_mb:.0f}" if peer else "-", f"{row.memory:.2f}" if peer else "-",
            f"{row.gflop:.1f}", f"{row.ours.gflops:.0f}",
            f"{peer.gflops:.0f}" if peer else "-", f"{row.sgemm_gflops:.0f}", f"{row.copy_gb_s:.1f}")


def _line(values: Iterable[str]) -> None:
    """One row at once, as soon as it is there."""
    print("  ".join(value.ljust(width) if k < 2 else value.rjust(width)
                    for k, (value, width) in enumerate(zip(values, WIDTHS))), flush=True)


def _stages(args: argparse.Namespace) -> int:
    """Ours alone: single convolutions, then networks by stage."""
    _check_png(args)
    from refvr import ops
    from refvr.bench.sides import deform_peer
    from refvr.bench.stages import bench_convolutions, bench_network
    from refvr.cli.progress import Progress
    from refvr.cli.table import print_json

    usual = [name for record in NETWORKS.values() for name in record.race.stages]
    names, repeats = args.networks or usual, 3 if args.repeats is None else args.repeats
    size = args.size[0] if args.size else (320, 180)
    with Progress("timing", "networks") as progress, ops.threads(args.threads[0] if args.threads else None), \
            ops.precision(args.precision):
        convolutions = [] if args.networks else list(
            bench_convolutions(3 * repeats, None if args.no_peers else deform_peer()))
        networks, threads = [], ops.thread_count()
        for name in names:
            networks.append(bench_network(name, size, repeats=repeats))
            progress(len(networks), len(names))
    if args.json:
        print_json({"threads": threads, "precision": args.precision, "convolutions": convolutions,
                    "networks": networks})
    else:
        print(f"threads: {threads}; precision: {args.precision}; "
              "best of several runs; PyTorch, where installed, on as many, in turn with ours")
        _print_stages(convolutions, networks)
    return 0


def _print_stages(convolutions: list[Any], networks: list[Any]) -> None:
    from refvr.cli.table import show

    if convolutions:
        show(["convolution", "size", "ms", "GFLOP/s", "torch ms", "onnxruntime ms", "ours / theirs"],
             [[row.name, row.size, f"{row.ms:.2f}", f"{row.gflops:.0f}", _or_dash(row.torch_ms),
               _or_dash(row.onnx_ms), _or_dash(row.ratio)] for row in convolutions], right={2, 3, 4, 5, 6})
    show(["network", "size", "ms per frame", "GFLOP per frame", "GFLOP/s"],
         [[row.name, row.size, f"{row.ms_per_frame:.1f}", f"{row.gflop_per_frame:.2f}", f"{row.gflops:.0f}"]
          for row in networks], right={2, 3, 4})
    for network in networks:
        show([network.name, "ms per frame", "share", "GFLOP/s"],
             [[stage.name, f"{stage.ms:.2f}", f"{stage.share:.1%}", f"{stage.gflops:.0f}"]
              for stage in network.stages if stage.share >= 0.005], right={1, 2, 3})


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
