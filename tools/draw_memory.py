"""Draw how much memory a clip takes against the size of its frames, for every embedded network, and print the table.

    python tools/draw_memory.py docs/images        memory.png, and the table of docs/plan.md

Laid out, not measured: `plenty` is what `refvr restore` takes where there is room, `least` below which it refuses;
written as images of 8 bits. tests/pipeline/test_memory.py holds runs against what is laid out.
"""
from __future__ import annotations

import sys
from pathlib import Path

from refvr import zoo
from refvr.pipeline.memory import laid_out
from refvr.plan.memory import TooLarge

MODELS = ("remonet-s-told", "fastdvdnet", "stfan-s", "duf-s-x4", "edvr-s-x4", "safa-s-moved", "edvr-m-x4", "edvr-l-x4",
          "duf-52-x4")
SIZES = ((640, 360), (960, 540), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160), (5120, 2880), (7680, 4320))


def needs(net: object, w: int, h: int) -> tuple[float, float]:
    """GB of 2^30 bytes: plenty, least."""
    try:
        laid_out(net, h, w, 1 << 20)
    except TooLarge as error:
        return laid_out(net, h, w, 1 << 60).peak / (1 << 30), error.needs / (1 << 30)
    raise AssertionError("nothing fits in a megabyte")


def main(folder: str) -> None:
    """Print the table and draw."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(12, 7), layout="constrained")
    print("| network | " + " | ".join(f"{w}x{h}" for w, h in SIZES) + " |")
    print("|---|" + "---:|" * len(SIZES))
    for k, name in enumerate(MODELS):
        net = zoo.build(name)
        found = [needs(net, *size) for size in SIZES]
        print(f"| {name} | " + " | ".join(f"{plenty:.1f} / {least:.1f}" for plenty, least in found) + " |", flush=True)
        pixels = [w * h / 1e6 for w, h in SIZES]
        axes.plot(pixels, [least for _, least in found], "o-", color=f"C{k}", label=name)
        axes.plot(pixels, [plenty for plenty, _ in found], ":", color=f"C{k}")
    axes.axhline(4, color="0.5", linewidth=1)
    axes.set(xscale="log", yscale="log", xlabel="pixels of an input frame, millions", ylabel="memory, GB",
             title="lines: the least that is possible; dots: what is taken where there is room")
    ticks = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([w * h / 1e6 for w, h in SIZES], [f"{w}x{h}\n{w * h / 1e6:.2g}" for w, h in SIZES], fontsize=8)
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(Path(folder) / "memory.png", dpi=120)


if __name__ == "__main__":
    main(sys.argv[1])
