"""What samples images: resizes, warps, and filters that every pixel has of its own."""
from __future__ import annotations

from math import isqrt

import numpy as np

from refvr import ops
from refvr.errors import InputError
from refvr.ops.kernels.borders import check_border
from refvr.plan.onnx.places import bordered
from refvr.plan.onnx.writer import Value, Writer, second
from refvr.types import Shape

_PADDING = {"zero": "zeros", "replicate": "border", "reflection": "reflection"}  # a border: padding_mode of GridSample


def resize_bilinear(w: Writer, x: Value, *, y_shape: Shape, size: tuple[int, int], ratios: tuple[float, float],
                    align_corners: bool) -> Value:
    """Resize to the size where that gives the spacing of the positions, otherwise by the scale that was asked for."""
    x = w.image(x)
    by_size = align_corners or all(abs(side / wanted - ratio) < 1e-7 * ratio
                                   for side, wanted, ratio in zip(x.shape[1:3], size, ratios))
    if by_size:
        inputs = ["", "", w.numbers(*x.sizes[:2], *size)]
    else:
        inputs = ["", w.constant(np.array([1, 1, *(1 / ratio for ratio in ratios)], np.float32), "scales")]
    how = "align_corners" if align_corners else "half_pixel"
    name = w.add("Resize", x.name, *inputs, mode="linear", coordinate_transformation_mode=how)
    return Value(name, second(4), y_shape)


def resize_cubic(w: Writer, x: Value, *, y_shape: Shape, scale: float) -> Value:
    """Resize, cubic, which repeats borders as OpenCV does."""
    factors = w.constant(np.array([1, 1, scale, scale], np.float32), "scales")
    return Value(w.add("Resize", w.image(x).name, "", factors, mode="cubic", cubic_coeff_a=-0.75), second(4), y_shape)


def imresize(w: Writer, x: Value, *, y_shape: Shape, scale: float, antialias: bool) -> Value:
    """MatMul with the weights of rows, then of columns: Resize repeats borders, and these are mirrored."""
    x = w.image(x)
    rows, columns = (_weights(side, scale, antialias) for side in x.shape[1:3])
    y = w.add("MatMul", w.real(rows), x.name)
    return Value(w.add("MatMul", y, w.real(columns.T)), second(4), y_shape)


def _weights(side: int, scale: float, antialias: bool) -> np.ndarray:
    """(rows, side): what each input counts for each output; a resize of all unit vectors at once."""
    units = np.eye(side)[None, :, None, :]                                      # (1, side, 1, side)
    return ops.imresize(units, scale, antialias=antialias)[0, :, 0]


def grid_sample(w: Writer, x: Value, grid: Value, *, y_shape: Shape, border: str, align_corners: bool) -> Value:
    """GridSample; its grid has the two coordinates last, as ours."""
    points = w.cast(w.ordered(grid, (0, 1, 2, 3)).name, np.float64)
    return Value(_sampled(w, x, points, border, align_corners), second(4), y_shape)


def _sampled(w: Writer, x: Value, points: str, border: str, align_corners: bool) -> str:
    """GridSample in float64: in float32 a grid from -1 to 1 is off by 1e-4 pixels at 1280 columns, which shows."""
    check_border(border, _PADDING, "GridSample")
    image = w.cast(w.image(x).name, np.float64)
    y = w.add("GridSample", image, points, mode="linear", padding_mode=_PADDING[border],
              align_corners=int(align_corners))
    return w.cast(y, w.dtype)


def warp(w: Writer, x: Value, flow: Value, *, y_shape: Shape, border: str, coordinates: str) -> Value:
    """GridSample at base + flow / ((side - 1) / 2). Of coordinates "round_trip" the rounding is not imitated."""
    _, h, width, _ = x.shape
    if min(h, width) < 2:
        raise InputError(f"GridSample cannot warp an image of {h} x {width} pixels: a side of one has no coordinates")
    base = np.stack(np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, h)), axis=-1)
    half = np.array([(width - 1) / 2, (h - 1) / 2])
    moved = w.add("Div", w.cast(w.ordered(flow, (0, 1, 2, 3)).name, np.float64), w.constant(half))
    return Value(_sampled(w, x, w.add("Add", moved, w.constant(base)), border, True), second(4), y_shape)


def _patches(w: Writer, x: Value, k: int, border: str) -> list[str]:
    """The image moved under each of k x k taps, row-major, channels second."""
    _, h, width, _ = x.shape
    r = k // 2
    wide = bordered(w, w.image(x), ((r, r), (r, r)), border)
    return [w.add("Slice", wide, w.numbers(i, j), w.numbers(i + h, j + width), w.numbers(2, 3))
            for i in range(k) for j in range(k)]


def fac(w: Writer, x: Value, kernel: Value, *, y_shape: Shape, border: str, top: int) -> Value:
    """All moved images at once, times the filters; a sum over the taps."""
    n, rows, width, taps, c = kernel.shape
    if (top, rows) != (0, x.shape[1]):
        raise InputError("filters of some rows of an image alone cannot be exported")
    filters = w.ordered(kernel, (0, 3, 4, 1, 2))                                 # (n, taps, c, h, w)
    patches = w.add("Concat", *_patches(w, x, isqrt(taps), border), axis=1)
    patches = w.add("Reshape", patches, w.numbers(n, taps, c, rows, width))
    product = w.add("Mul", patches, filters.name)
    return Value(w.add("ReduceSum", product, w.numbers(1), keepdims=0), second(4), y_shape)


def dynamic_filters(w: Writer, logits: Value, *, y_shape: Shape, s: int) -> Value:
    """Softmax over the taps."""
    n, h, width, taps, cells = y_shape
    split = w.add("Reshape", w.image(logits).name, w.numbers(n, taps, cells, h, width))
    return Value(w.add("Softmax", split, axis=1), (0, 3, 4, 1, 2), y_shape)


def dynamic_upsample(w: Writer, x: Value, logits: Value, residual: Value | None, *, y_shape: Shape, s: int) -> Value:
    """Tap by tap: the moved image times its filter for every pixel of a cell; residual; DepthToSpace, colours last."""
    n, h, width, c = x.shape
    cells, k = s * s, isqrt(logits.shape[3] // (s * s))
    filters = dynamic_filters(w, logits, y_shape=(n, h, width, k * k, cells), s=s)
    parts = w.add("Split", filters.name, axis=1, num_outputs=k * k, outputs=k * k) if k > 1 else [filters.name]
    y = ""
    for part, patch in zip(parts, _patches(w, x, k, "zero")):
        factor = w.add("Reshape", part, w.numbers(n, cells, 1, h, width))
        moved = w.add("Unsqueeze", patch, w.numbers(1))                          # (n, 1, c, h, w)
        term = w.add("Mul", factor, moved)                                       # (n, cells, c, h, w)
        y = w.add("Add", y, term) if y else term
    y = w.add("Reshape", y, w.numbers(n, cells * c, h, width))
    if residual is not None:
        y = w.add("Add", y, w.image(residual).name)
    return Value(w.add("DepthToSpace", y, blocksize=s, mode="DCR"), second(4), y_shape)
