"""What pieces cost beside one run, and where many workers end to scale: the tables of docs/scale.md.

python tools/measure_pieces.py             CPU seconds of pieces over those of one run, alternated, one thread
python tools/measure_pieces.py --scale     a film of two hours on 1 to 512 workers, simulated
python tools/measure_pieces.py --draw docs/images     the same with slower networks and quicker encoders, scale.png
"""
import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from refvr import ops, zoo
from refvr.media.clip import Frame
from refvr.pipeline.by_shots import frames_of
from refvr.pipeline.film.pieces import Piece, pieces_of, restore_piece
from refvr.pipeline.film.simulate import Times, simulated
from refvr.pipeline.film.stored import path_of, store, stored

MODELS = ("remonet-s", "remonet-s-told", "duf-s-x2", "edvr-s-x4", "safa-s")
FRAMES, SIZE, ROUNDS = 144, (64, 96), 3
FILM, SHOT = 172_800, 120    # two hours at 24 frames a second; five seconds a shot


def in_pieces(net, options, frames, pieces, folder):
    began = time.process_time()
    for piece in pieces:
        if folder:
            store(folder, piece, restore_piece(frames_of(frames), net, options, (), piece))
            for _ in stored(folder, piece):
                pass
            path_of(folder, piece).unlink()
        else:
            for _ in restore_piece(frames_of(frames), net, options, (), piece):
                pass
    return time.process_time() - began


def overhead(models):
    """Rows: least CPU seconds of some rounds, both sides in turn."""
    clip = np.random.default_rng(0).random((FRAMES, *SIZE, 3), np.float32)
    frames = [Frame(x) for x in clip]
    print("| network | one run, s | 16 frames | 48 frames | 48 frames, stored |\n|---|---:|---:|---:|---:|")
    for name in models:
        net = zoo.load(name)
        options = {"rate": 1, "routing": "threshold", "official": False, "ensemble": False,
                   "sigma": 20 if name == "remonet-s-told" else None}
        ways = [([Piece(0, FRAMES)], False), *((pieces_of(net, options, FRAMES, (), length), False)
                                               for length in (16, 48)), (pieces_of(net, options, FRAMES, ()), True)]
        with ops.threads(1), tempfile.TemporaryDirectory() as folder:
            in_pieces(net, options, frames[:16], [Piece(0, 16)], None)
            times = [[in_pieces(net, options, frames, pieces, Path(folder) if saves else None)
                      for pieces, saves in ways] for _ in range(ROUNDS)]
        least = np.min(times, axis=0)
        print(f"| {name} | {least[0]:.2f} | " + " | ".join(f"{x / least[0] - 1:+.1%}" for x in least[1:]) + " |")


def film():
    """Its pieces."""
    return [Piece(at, min(at + 48, first + SHOT)) for first in range(0, FILM, SHOT)
            for at in range(first, first + SHOT, 48)]


def draw(folder):
    """Times faster against workers, for seconds a frame to restore and to encode."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    workers = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
    figure, axes = pyplot.subplots(figsize=(12, 7), layout="constrained")
    for restore in (0.5, 2.0, 8.0):
        for join, mark in ((0.03, "o-"), (0.005, "s--")):
            times = Times(restore, 0.002, 0.006, join, start=5.0, task=0.05)
            faster = [FILM * (restore + join) / simulated(film(), n, times)[0] for n in workers]
            axes.plot(workers, faster, mark, label=f"{restore:g} s a frame to restore, {1000 * join:g} ms to encode")
    axes.plot(workers, workers, ":", color="0.6", label="as many times as workers")
    axes.set(xscale="log", yscale="log", xlabel="workers", ylabel="times faster than one run",
             title="A film of two hours in pieces of 48 frames, simulated: where it ends to scale")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(workers, [str(n) for n in workers])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(folder / "scale.png", dpi=110)


def scale(times):
    """Rows: workers, hours, how many times faster, share of the time that the encoder is busy."""
    shots = film()
    alone = FILM * (times.restore + times.join)
    print("| workers | time, h | times faster | encoder busy |\n|---:|---:|---:|---:|")
    for workers in (1, 4, 8, 16, 32, 64, 128, 256, 512):
        seconds, busy = simulated(shots, workers, times)
        print(f"| {workers} | {seconds / 3600:.2f} | {alone / seconds:.1f} | {busy:.0%} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--draw", metavar="FOLDER", type=Path)
    for part, default in (("restore", 0.5), ("skip", 0.002), ("store", 0.006), ("join", 0.03)):
        parser.add_argument(f"--{part}", type=float, default=default, help=f"seconds a frame (default: {default})")
    args = parser.parse_args()
    if args.draw:
        draw(args.draw)
    elif args.scale:
        scale(Times(args.restore, args.skip, args.store, args.join, start=5.0, task=0.05))
    else:
        overhead(args.models)
