"""Draw the pictures of deform_conv2d.md, edvr.md and resize_bilinear.md in docs, from the demo scene.

    python tools/draw_edvr.py

What an operation can do is shown with the scene's exact motion; what a network does with it, by `refvr explain`.
"""
from __future__ import annotations

import sys

import numpy as np
from figure_parts import explain, finish, strip

from refvr import ops
from refvr.explain.figures import panel
from refvr.scene import Scene, flow, render

WIDTH, HEIGHT = 256, 144
TIMES = (1.0, 1.25)  # of the reference and of its neighbour, in seconds
BALL = "160,204"     # a pixel of the demo scene's ball in a result of 448x256, frame 4
DILATION = 2


def main() -> int:
    reference, neighbour = (render(Scene(), WIDTH, HEIGHT, time) for time in TIMES)
    flow_px, visible = flow(Scene(), WIDTH, HEIGHT, *TIMES)
    found, ball = sampled(neighbour, flow_px), middle_of_the_ball(flow_px)
    strip("deform_conv2d.png", [
        ("reference", reference), ("neighbour", neighbour), ("neighbour, sampled by offsets", found),
        ("left to do", np.abs(found - reference).mean(-1))], at=ball, unit="of 1 = white")
    taps(reference, neighbour, flow_px, ball)
    explain("edvr-s-x4", "offsets", "edvr_offsets.png", "--at", BALL)
    explain("edvr-s-x4", "attention", "edvr_attention.png")
    explain("edvr-s-x4", "provenance", "edvr_provenance.png", "--at", BALL)
    strip("edvr_likeness.png", [
        ("likeness to the neighbour", likeness(reference, neighbour)),
        ("likeness once aligned", likeness(reference, found)),
        ("what can be seen in both", visible.astype(np.float32)), ("reference", reference)],
        at=ball, unit="likeness, 0 to 1; seen: 1", colours="gray", limits=(0, 1))
    small = render(Scene(), 40, 24, TIMES[0])
    edges, corners = (ops.resize_bilinear(small[None], scale=8, align_corners=on)[0] for on in (False, True))
    strip("resize_bilinear.png", [("edges meet", edges), ("corner pixels meet", corners),
                                  ("difference", np.abs(edges - corners).mean(-1))], at=(160, 150), unit="of 1 = white")
    return 0


def sampled(frame: np.ndarray, flow_px: np.ndarray) -> np.ndarray:
    """One tap at each pixel, moved by the exact flow: deform_conv2d with the identity as its weight."""
    mask, identity = np.ones((1, *frame.shape[:2], 1), np.float32), np.eye(3, dtype=np.float32)[None, None]
    return ops.deform_conv2d(frame[None], flow_px[None], mask, identity)[0]


def middle_of_the_ball(flow_px: np.ndarray) -> tuple[int, int]:
    """What moves furthest to the right, at the time that the flow starts from."""
    rows, columns = np.nonzero(flow_px[..., 1] > 0.5 * flow_px[..., 1].max())
    return int(np.median(rows)), int(np.median(columns))


def likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """TSA's measure: sigmoid of the product of features; here the features are 5x5 patches without their mean."""
    return ops.sigmoid(4 * ops.channel_dot(patches(a), patches(b)))[0, ..., 0]


def patches(frame: np.ndarray) -> np.ndarray:
    """(1, h, w, 75): the pixels around each, of length 1 without their mean."""
    x = np.pad(frame, ((2, 2), (2, 2), (0, 0)), mode="edge")
    h, w, _ = frame.shape
    found = np.concatenate([x[i:i + h, j:j + w] for i in range(5) for j in range(5)], -1)
    found -= found.mean(-1, keepdims=True)
    return (found / (np.linalg.norm(found, axis=-1, keepdims=True) + np.float32(0.05)))[None]


def taps(reference: np.ndarray, neighbour: np.ndarray, flow_px: np.ndarray, ball: tuple[int, int]) -> None:
    """Three output positions on the reference, and their nine taps each on the neighbour: regular, and moved."""
    row, column = ball
    moving = np.hypot(*flow_px[row].T) > 0.5 * np.hypot(*flow_px[row, column])
    edge = next(c for c in range(column, -1, -1) if not moving[c])
    figure, axes = panel.sheet(1, 2, panel=(6.0, 3.6), title="nine taps of three output positions (dilation 2), moved "
                                                             "by the exact motion of the demo scene")
    for axis, picture, title in zip(axes[0], (reference, neighbour),
                                    ("reference: output positions", "neighbour: what is read")):
        panel.frame(axis, picture, title, dim=0.75)
        axis.set(xlim=(column - 28.5, column + 28.5), ylim=(row + 18.5, row - 15.5))
        axis.set_xlabel("column, in pixels", fontsize=7)
    for colour, (y, x) in zip(panel.GROUPS, ((row - 11, column - 22), (row, edge), (row + 12, column + 14))):
        grid = np.array([(y + DILATION * i, x + DILATION * j) for i in (-1, 0, 1) for j in (-1, 0, 1)])
        panel.output(axes[0, 0], y, x, size=7)
        panel.regular(axes[0, 1], grid[:, 0], grid[:, 1], size=4)
        panel.read(axes[0, 1], grid, grid + np.array([flow_px[r, c] for r, c in grid]), np.ones(9), colour, area=40)
        panel.output(axes[0, 1], y, x, size=7)
    panel.legend(figure, [("output", "output position"), ("regular", "regular tap"),
                          *zip(panel.GROUPS, ("read for a place on the paper", "for the edge of the ball",
                                              "for the shadow"))])
    finish("deform_taps.png", figure)


if __name__ == "__main__":
    sys.exit(main())
