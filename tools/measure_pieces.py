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
            path = path_of(folder, piece)
            store(path, restore_piece(frames_of(frames), net, options, (), piece))
            for _ in stored(path):
                pass
            path.unlink()
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


# Seconds a frame: edvr-s-x4 from 320x180 to H.264 of 1280x720, by `refvr plan`, as shares of half a second to restore.
# As values: stored and read by 6 ms, and encoded by the one process that joins.
PARTS = {"restore": 0.5, "encode": 0.08, "skip": 0.001, "look": 0.003, "end": 0.0005, "store": 0.006}
WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def simulation(workers, parts, as_values=False):
    """(seconds, share of them that the process which joins is busy)."""
    write = {"write": parts["store"] / 2, "join": parts["store"] / 2 + parts["encode"]} if as_values else {
        "write": parts["encode"], "end": parts["end"]}
    return simulated(film(), workers, Times(parts["restore"], parts["skip"], **write, start=5 + FILM * parts["look"],
                                            task=0.05))


def draw(folder):
    """Times faster against workers: pieces that workers encode and values that one process encodes, two networks."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(12, 7), layout="constrained")
    for restore in (0.5, 4.0):
        parts = {**PARTS, "restore": restore}
        alone = FILM * (restore + parts["encode"] + parts["look"])
        for as_values, mark, what in ((False, "o-", "a video, encoded by the workers"),
                                      (True, "s--", "values, encoded by one process")):
            faster = [alone / simulation(n, parts, as_values)[0] for n in WORKERS]
            axes.plot(WORKERS, faster, mark, label=f"{restore:g} s a frame to restore; {what}")
    axes.plot(WORKERS, WORKERS, ":", color="0.6", label="as many times as workers")
    axes.set(xscale="log", yscale="log", xlabel="workers", ylabel="times faster than one run",
             title="A film of two hours in pieces of 48 frames, simulated: where it ends to scale")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(WORKERS, [str(n) for n in WORKERS])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(folder / "scale.png", dpi=110)


def scale(parts):
    """Rows: workers, hours, how many times faster; and the same where one process encodes."""
    alone = FILM * (parts["restore"] + parts["encode"] + parts["look"])
    print("| workers | time, h | times faster | one process encodes, h | times faster |\n|---:|---:|---:|---:|---:|")
    for workers in WORKERS:
        seconds, values = simulation(workers, parts)[0], simulation(workers, parts, True)[0]
        print(f"| {workers} | {seconds / 3600:.2f} | {alone / seconds:.1f} | {values / 3600:.2f} | "
              f"{alone / values:.1f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--draw", metavar="FOLDER", type=Path)
    for part, default in PARTS.items():
        parser.add_argument(f"--{part}", type=float, default=default, help=f"seconds a frame (default: {default})")
    args = parser.parse_args()
    if args.draw:
        draw(args.draw)
    elif args.scale:
        scale({part: getattr(args, part) for part in PARTS})
    else:
        overhead(args.models)
