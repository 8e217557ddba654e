"""Draw docs/images/line_buffers.png: the rows that a stream holds, at four moments, from a network's own schedule.

    python tools/draw_plan.py docs/images

FastDVDnet's first stage in bands of 32 rows; needs Matplotlib. Every column is the line buffer of one value.
"""
from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.patches import Patch

from refvr import zoo
from refvr.plan import Like, Node, capture
from refvr.plan.rules import simplified
from refvr.plan.stream import Step, Stream

HEIGHT, WIDTH, ROWS = 384, 320, 32
MOMENTS = (0, 1, 6, 10)  # which bands
SHOWN = {  # value in the trace -> what it is called in the picture
    "temp1.inc.each": "each frame\nalone", "temp1.inc": "together", "temp1.downc0.stride": "halved",
    "temp1.downc0": "refined", "temp1.downc1.stride": "a quarter", "temp1.downc1": "refined",
    "temp1.upc2": "a half again", "temp1.upc1": "full again", "temp1.outc.first": "skip and\nconvolution"}
NOT_YET, HELD, NEW, GONE = "#ffffff", "#7fa8d9", "#e8833a", "#d9d9d9"
Rows = tuple[int, int, int]  # gone above, there before the band, computed


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    net, image = zoo.build("fastdvdnet"), Like((1, HEIGHT, WIDTH, 3))
    graph = simplified(capture(net.stage1, image, image, image, Like((1, HEIGHT, WIDTH, 1))))
    stream = Stream(graph, ROWS)
    values = {next(x for x in graph.nodes if f"triplet0.{name}" in x.names): title for name, title in SHOWN.items()}
    values[graph.outputs[0]] = "result"
    bands = moments(stream, list(values))
    picture(folder / "line_buffers.png", values, [bands[k] for k in MOMENTS])
    return 0


def moments(stream: Stream, values: list[Node]) -> list[dict[Node, Rows]]:
    """For every band, the rows of each value: let go before it ends, there when it begins, there when it ends."""
    end, found, done, gone = stream.graph.outputs[0], [], dict.fromkeys(values, 0), dict.fromkeys(values, 0)
    before = dict(done)
    for step in stream.steps:
        if step.node in done:
            done[step.node] = step.stop
        released(step, gone, done)
        if step.node is end:
            found.append({x: (gone[x], before[x], done[x]) for x in values})
            before = dict(done)
    return found


def released(step: Step, gone: dict[Node, int], done: dict[Node, int]) -> None:
    """Take in which rows a step lets go."""
    for value, row in step.release:
        if value in gone:
            gone[value] = done[value] if row is None else min(row, done[value])


def picture(path: Path, values: dict[Node, str], bands: list[dict[Node, Rows]]) -> None:
    """One panel a band."""
    figure, panels = plt.subplots(len(bands), 1, figsize=(9, 2.3 * len(bands)), sharex=True, dpi=110)
    for number, (panel, rows) in enumerate(zip(panels, bands)):
        for k, value in enumerate(values):
            height, (gone, before, done) = value.shape[1], rows[value]
            parts = ((0, gone, GONE), (gone, max(gone, before), HELD), (max(gone, before), done, NEW),
                     (done, height, NOT_YET))
            for start, stop, colour in parts:
                panel.bar(k, (stop - start) / height, 0.7, start / height, color=colour, edgecolor="none")
            panel.bar(k, 1, 0.7, color="none", edgecolor="#444444", linewidth=0.8)
            panel.text(k, 1.02, f"{done - gone} of {height}", ha="center", va="top",
                       fontsize=8)
        panel.set_ylim(1.12, 0)
        panel.set_yticks([0, 1], ["top", "bottom"])
        panel.set_ylabel(f"band {MOMENTS[number] + 1}", fontsize=10)
        panel.spines[["top", "right", "bottom", "left"]].set_visible(False)
        panel.tick_params(length=0)
    panels[-1].set_xticks(range(len(values)), values.values(), fontsize=8.5)
    figure.legend(handles=[Patch(facecolor=NEW, label="computed in this band"),
                           Patch(facecolor=HELD, label="kept from bands above, still read"),
                           Patch(facecolor=GONE, label="let go"),
                           Patch(facecolor=NOT_YET, edgecolor="#444444", label="not yet computed")],
                  loc="upper center", ncols=4, frameon=False, fontsize=9)
    figure.tight_layout(rect=(0, 0, 1, 0.96))
    figure.savefig(path)


if __name__ == "__main__":
    sys.exit(main())
