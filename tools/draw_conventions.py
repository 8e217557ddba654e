"""Draw docs/images/conventions_*.png: each convention right and flipped, with the size of the effect in numbers.

    python tools/draw_conventions.py

Right is the operation of refvr.ops, flipped a mistake of the catalogue (refvr/verify/mistakes), on the demo scene. The
numbers are of the whole picture: the largest difference, and the PSNR of the flipped one against the right one, both
limited to 0 .. 1.
"""
from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from draw_stfan import K, shifts
from figure_parts import finish

from refvr import ops
from refvr.explain.figures import panel
from refvr.explain.sight import look
from refvr.metrics import psnr
from refvr.nn.trace import trace
from refvr.scene import Scene, flow, render
from refvr.verify.mistakes import MISTAKES, SUBJECTS, Given

WIDTH, HEIGHT = 256, 144
START, STEP = 1.0, 0.25    # seconds: the reference, and its neighbours before and after
HIGH, WIDE = 26, 44        # pixels of a detail, up and down, left and right of its middle, less a half


@dataclass(frozen=True)
class Convention:
    """What is right, the mistake that flips it, the inputs, and the middle (row, column) of what is shown."""

    right: str
    mistake: str
    given: Given
    at: tuple[int, int]

    def both(self) -> tuple[np.ndarray, np.ndarray]:
        """Right and flipped, (h, w, 3) in 0 .. 1."""
        mistake = MISTAKES[self.mistake]
        right, wrong = SUBJECTS[mistake.operation].call(self.given), mistake.run(self.given)
        right, wrong = (x[0, ..., :3] if x.shape[-1] > 1 else x[0].repeat(3, -1) for x in (right, wrong))
        return np.clip(right, 0, 1), np.clip(wrong, 0, 1)


def scene(time: float, size: tuple[int, int] = (WIDTH, HEIGHT)) -> np.ndarray:
    """(1, h, w, 3)."""
    return render(Scene(), *size, time)[None]


def deform_conv2d() -> list[Convention]:
    """Two neighbours side by side in the channels, an offset group for each; the answer is the mean of both, aligned.

    Taps stand `i` and `j` pixels from the centre, and their offsets bring them another pixel out; weights are 1 2 1
    along the rows, so that a tap with another's offset shows.
    """
    neighbours = np.concatenate([scene(START - STEP), scene(START + STEP)], -1)
    to = [flow(Scene(), WIDTH, HEIGHT, START, START + s)[0] for s in (-STEP, STEP)]
    out = [np.array([i, j], np.float32) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    offset = np.concatenate([f + tap for f in to for tap in out], -1)[None].astype(np.float32)
    mask, weight = np.full((1, HEIGHT, WIDTH, 18), 0.9, np.float32), np.zeros((3, 3, 6, 3), np.float32)
    for i, share in enumerate((0.25, 0.5, 0.25)):
        weight[i, 1, :3] = weight[i, 1, 3:] = share / 2 / 0.9 * np.eye(3)
    given = SUBJECTS["deform_conv2d"].bind(neighbours, offset, mask, weight)
    ball, corner, wheel = (86, 145), (HEIGHT - HIGH, WIDTH - WIDE), (40, 200)
    return [Convention("offsets are (y, x)", "deform_conv2d.offsets_x_y", given, ball),
            Convention("group after group", "deform_conv2d.offsets_point_major", given, ball),
            Convention("taps row by row", "deform_conv2d.offset_taps_column_by_column", given, wheel),
            Convention("groups are halves of the channels", "deform_conv2d.offset_groups_interleaved", given, ball),
            Convention("nothing outside: zeros", "deform_conv2d.samples_outside_repeat_the_edge", given, corner),
            Convention("mask once through its sigmoid", "deform_conv2d.mask_through_sigmoid_twice", given, ball)]


def fac() -> list[Convention]:
    """A neighbour through the filters of its exact motion; at the border, a mean over 7 x 7 pixels."""
    x, motion = scene(START + 0.05), flow(Scene(), WIDTH, HEIGHT, START, START + 0.05)[0]
    kernel = np.repeat(shifts(motion)[None, ..., None], 3, -1).astype(np.float32)
    mean = np.full_like(kernel, 1 / K ** 2)
    given, border = (SUBJECTS["fac"].bind(x, k) for k in (kernel, mean))
    ball, corner = (86, 145), (HEIGHT - HIGH, WIDE)
    return [Convention("tap i K + j is row i, column j", "fac.taps_transposed", given, ball),
            Convention("not flipped", "fac.taps_flipped", given, ball),
            Convention("tap after tap, channels together", "fac.kernel_channels_tap_by_tap", given, ball),
            Convention("outside: the nearest pixel", "fac.border_of_zeros", border, corner)]


def dynamic_upsample() -> list[Convention]:
    """Filters and residual that duf-s-x4 makes of frame 4 of the demo scene, 448x256."""
    subject = look("scene", "duf-s-x4", 4).subject
    with trace() as values:
        subject.run()
    x = np.ascontiguousarray(subject.operands["x"][:, 3])
    filters, residual = (np.ascontiguousarray(values[name][:, 0]) for name in ("filters2", "residual2"))
    given = SUBJECTS["dynamic_upsample"].bind(x, filters, residual, s=4)
    edge, corner = (106, 290), (4 * 64 - HIGH, 4 * 112 - WIDE)
    name = "dynamic_upsample."
    return [Convention("channel t s s + u", name + "filter_channels_pixel_after_pixel", given, edge),
            Convention("tap 5 i + j is row i, column j", name + "filters_transposed", given, edge),
            Convention("pixel a s + b of a cell is row a", name + "pixels_of_a_cell_transposed", given, edge),
            Convention("residual 3 u + c", name + "residual_in_the_order_of_pytorch", given, edge),
            Convention("softmax over the taps", name + "softmax_over_the_cell", given, edge),
            Convention("outside: zeros", name + "border_repeats_the_nearest_pixel", given, corner)]


def warp() -> list[Convention]:
    """The later frame by the exact flow; the border by a flow that steps back; a grid that turns."""
    x = scene(START + STEP)
    flow_px = np.ascontiguousarray(flow(Scene(), WIDTH, HEIGHT, START, START + STEP)[0][..., ::-1])[None]
    rows, columns = np.meshgrid(np.linspace(-1, 1, HEIGHT), np.linspace(-1, 1, WIDTH), indexing="ij")
    grid = np.stack([0.97 * columns - 0.1 * rows, 0.1 * columns + 0.97 * rows], -1)[None].astype(np.float32)
    away = np.stack([0.12 * columns * WIDTH, 0.12 * rows * HEIGHT], -1)[None].astype(np.float32)
    moved, out = (SUBJECTS["warp"].bind(x, f) for f in (flow_px, away))
    turned = SUBJECTS["grid_sample"].bind(x, grid)
    ball, corner, wheel = (86, 145), (HIGH, WIDE), (40, 200)
    return [Convention("flow is (right, down)", "warp.flow_down_then_right", moved, ball),
            Convention("flow points at what is fetched", "warp.flow_the_other_way", moved, ball),
            Convention("places in pixels: corners aligned", "warp.corners_not_aligned", moved, wheel),
            Convention("outside: the nearest pixel", "warp.zeros_outside", out, corner),
            Convention("outside: not mirrored", "warp.mirrored_outside", out, corner),
            Convention("grid_sample: grid is (x, y)", "grid_sample.grid_y_x", turned, ball),
            Convention("grid_sample: edges at -1 and 1", "grid_sample.align_corners_exchanged", turned, wheel)]


def resize_bilinear() -> list[Convention]:
    """A frame of 64x36 pixels, four times as large."""
    given = SUBJECTS["resize_bilinear"].bind(scene(START, (WIDTH // 4, HEIGHT // 4)), scale=4)
    edge = (100, 160)
    return [Convention("edges meet", "resize_bilinear.corners_exchanged", given, edge),
            Convention("half a pixel at both ends", "resize_bilinear.half_pixels_missing", given, edge)]


def pixel_shuffle() -> list[Convention]:
    """A frame folded 2 x 2 into 12 channels, and unfolded."""
    given = SUBJECTS["pixel_shuffle"].bind(ops.pixel_unshuffle(scene(START), 2), 2)
    wheel = (40, 200)
    return [Convention("channel c s s + u (PyTorch)", "pixel_shuffle.order_of_the_other_framework", given, wheel),
            Convention("u = a s + b is row a, column b", "pixel_shuffle.rows_and_columns_of_the_block_exchanged", given,
                       wheel)]


def conv2d() -> list[Convention]:
    """A slanted difference of pixels on grey; a mean of 3 x 3 pixels, also at stride 2; colours by groups."""
    x, slant = scene(START), np.zeros((3, 3, 3, 3), np.float32)
    slant[0, 1] = slant[1, 0] = np.eye(3)
    slant[1, 2] = -1.6 * np.eye(3)
    mean = np.full((3, 3, 1, 1), 1 / 9, np.float32) * np.eye(3, dtype=np.float32)
    six = np.concatenate([x, 1 - x], -1)
    pick = np.zeros((1, 1, 3, 6), np.float32)
    pick[0, 0, [0, 1, 2, 0, 1, 2], range(6)] = 1
    bind = SUBJECTS["conv2d"].bind
    relief, blurred = bind(x, slant, np.full(3, 0.3, np.float32)), bind(x, mean)
    wheel, corner = (40, 200), (HEIGHT - HIGH, WIDE)
    return [Convention("a correlation: not flipped", "conv2d.kernel_flipped", relief, wheel),
            Convention("kernel (i, j): row, column", "conv2d.kernel_transposed", relief, wheel),
            Convention("outside: zeros", "conv2d.border_repeats_the_edge", blurred, corner),
            Convention("stride 2 pads alike on all sides", "conv2d.border_as_tensorflow", bind(x, mean, stride=2),
                       (40, 127 - WIDE)),
            Convention("groups are runs of channels", "conv2d.inputs_of_groups_interleaved",
                       bind(six, pick, groups=2, padding=0), wheel)]


PICTURES: dict[str, Callable[[], list[Convention]]] = {
    f.__name__: f for f in (conv2d, deform_conv2d, dynamic_upsample, fac, pixel_shuffle, resize_bilinear, warp)}


def draw(name: str, conventions: list[Convention]) -> None:
    """A row for each: right, flipped, difference."""
    figure, axes = panel.sheet(len(conventions), 3, panel=(4.0, 2.72), title=f"{name}: conventions, right and flipped")
    for row, one in zip(axes, conventions):
        right, wrong = one.both()
        off = np.abs(right - wrong)
        short = one.mistake.partition(".")[2].replace("_", " ")
        titles = f"right: {one.right}", f"flipped: {short}\n{psnr(wrong, right):.1f} dB, largest {off.max():.2f}"
        for axis, picture, title in zip(row, (right, wrong), titles):
            panel.frame(axis, picture, title)
        image = panel.heat(row[2], off.mean(-1), "difference", limits=(0, max(float(off.mean(-1).max()), 1e-6)),
                           colours="magma")
        panel.scale(row[2], image, "of 1 = white")
        for axis in row:
            axis.set(xlim=(one.at[1] - WIDE - 0.5, one.at[1] + WIDE - 0.5),
                     ylim=(one.at[0] + HIGH - 0.5, one.at[0] - HIGH - 0.5))
    finish(f"conventions_{name}.png", figure)


def main() -> int:
    for name in sys.argv[1:] or PICTURES:
        draw(name, PICTURES[name]())
    return 0


if __name__ == "__main__":
    sys.exit(main())
