"""Convolutions, pools and resizes."""
import math

import numpy as np

from onnx_node_calls.layout import both, same, sides, to_ours, to_theirs, weight
from onnx_node_calls.refuse import floats, lacks
from refvr import ops


def conv(i, a, _):
    """Conv: other than symmetric pads go through `pad`."""
    x, w, bias = [*i, None][:3]
    floats(x, w)
    lines, x_, w_ = x.ndim == 3, to_ours(x), weight(w)
    stride, dilation = same(a, "strides", lines), same(a, "dilations", lines)
    extent = [dilation * (k - 1) + 1 for k in w_.shape[:2]]
    x_ = ops.pad(x_, sides(a, x_.shape[1:3], extent, (stride, stride)))
    return to_theirs(ops.conv2d(x_, w_, bias, stride=stride, dilation=dilation, groups=a.get("group", 1), padding=0), x)


def conv_transpose(i, a, _):
    """ConvTranspose: pads cut the whole result."""
    x, w, bias = [*i, None][:3]
    floats(x, w)
    lines, x_ = x.ndim == 3, to_ours(x)
    w_ = w[:, :, None] if lines else w
    lacks("groups", a.get("group", 1) != 1)
    lacks("dilation", max(both(a, "dilations")) > 1)
    stride = same(a, "strides", lines)
    more = same(a, "output_padding", lines) if "output_padding" in a else 0
    whole = ops.conv_transpose2d(x_, np.ascontiguousarray(w_.transpose(2, 3, 0, 1)), bias, stride=stride, padding=0,
                                 output_padding=more)
    size = [n * stride for n in x_.shape[1:3]]
    if "auto_pad" in a:
        totals = [n - s for n, s in zip(whole.shape[1:3], size)]
        cuts = [(t // 2, t - t // 2) if a["auto_pad"] == "SAME_UPPER" else (t - t // 2, t // 2) for t in totals]
    elif "output_shape" in a:
        totals = [n - s for n, s in zip(whole.shape[1:3], a["output_shape"])]
        cuts = [(t // 2, t - t // 2) for t in totals]
    else:
        cuts = sides(a, size, w_.shape[2:], (stride, stride))
    lacks("dilation", min(min(c) for c in cuts) < 0)
    (top, bottom), (left, right) = cuts
    return to_theirs(whole[:, top:whole.shape[1] - bottom, left:whole.shape[2] - right], x)


def deform_conv(i, a, _):
    """DeformConv: no mask is a mask of ones."""
    x, w, offset, bias, mask = [*i, None, None][:5]
    floats(x, w)
    offset_, w_ = to_ours(offset), weight(w)
    mask_ = np.ones((*offset_.shape[:3], offset_.shape[3] // 2), x.dtype) if mask is None else to_ours(mask)
    (top, bottom), (left, right) = sides(a, x.shape[2:], w.shape[2:], (1, 1))
    lacks("unequal sides", len({top, bottom, left, right}) > 1)
    y = ops.deform_conv2d(to_ours(x), offset_, mask_, w_, bias, stride=same(a, "strides"), padding=top,
                          dilation=same(a, "dilations"), groups=a.get("group", 1))
    return to_theirs(y, x)


def _pool(call, i, a, symmetric):
    """A pool by windows: other than symmetric pads are cut from a wider border, on the same grid."""
    x, = i
    floats(x)
    x_, k_ = to_ours(x), both(a, "kernel_shape")
    lacks("unequal sides", x.ndim == 3 or k_[0] != k_[1])
    lacks("dilation", max(both(a, "dilations")) > 1)
    k, stride = k_[0], same(a, "strides")
    size = x_.shape[1:3]
    pads = sides(a, size, k_, (stride, stride))
    counts = []
    for n, (before, after) in zip(size, pads):
        count = (math.ceil if a.get("ceil_mode") else math.floor)((n + before + after - k) / stride) + 1
        counts.append(count - ((count - 1) * stride >= n + before))  # a window that begins after the image is none
    ends = [(count - 1) * stride + k - n - before for count, n, (before, _) in zip(counts, size, pads)]
    padding = max(0, *ends, *(before for before, _ in pads))
    padding = next(p for p in range(padding, padding + stride) if all((p - before) % stride == 0 for before, _ in pads))
    even = all(before == after == padding for before, after in pads)
    lacks("wide border", symmetric and not even)
    lacks("wide border", padding > k // 2)
    top, left = ((padding - before) // stride for before, _ in pads)
    y = call(x_, k, stride=stride, padding=padding)
    return to_theirs(y[:, top:top + counts[0], left:left + counts[1]], x)


def max_pool(i, a, outputs):
    """MaxPool."""
    lacks("positions", len(outputs) > 1)
    return _pool(ops.max_pool, i, a, symmetric=False)


def avg_pool(i, a, _):
    """AveragePool."""
    count = "all" if a.get("count_include_pad") else "inside"
    return _pool(lambda *x, **o: ops.avg_pool(*x, count=count, **o), i, a, symmetric=count == "all")


def grid_sample(i, a, _):
    """GridSample."""
    x, grid = i
    mode = a.get("mode", "linear")
    lacks("nearest", mode == "nearest")
    lacks("cubic sampling", mode in ("cubic", "bicubic"))
    border = {"zeros": "zero", "border": "replicate", "reflection": "reflection"}[a.get("padding_mode", "zeros")]
    y = ops.grid_sample(to_ours(x), grid, border=border, align_corners=bool(a.get("align_corners", 0)))
    return to_theirs(y, x)


def resize(i, a, _):
    """Resize: linear and cubic, by scales or sizes of rows and columns."""
    x, _, scales, sizes = [*i, None, None][:4]
    mode, places = a.get("mode", "nearest"), a.get("coordinate_transformation_mode", "half_pixel")
    lacks("nearest", mode == "nearest")
    lacks("crop and resize", places == "tf_crop_and_resize")
    lacks("antialias", bool(a.get("antialias")))
    floats(x)
    given = [float(s) for s in scales[-2:]] if scales is not None and scales.size else None
    size = [int(s) for s in sizes[-2:]] if given is None else [int(n * s) for n, s in zip(x.shape[2:], given)]
    whole = given is None or all(n * s == y for n, s, y in zip(x.shape[2:], given, size))
    return (_cubic if mode == "cubic" else _linear)(x, a, places, given, size, whole)


def _linear(x, a, places, scales, size, whole):
    corners = places == "align_corners"
    known = ("half_pixel", "align_corners", "pytorch_half_pixel") + ("half_pixel_symmetric",) * whole
    lacks("uneven scale", places not in known or (not whole and not corners and scales[0] != scales[1]))
    lacks("uneven scale", places == "pytorch_half_pixel" and min(size) == 1 and size != list(x.shape[2:]))
    by = {"size": size} if whole or corners else {"scale": scales[0]}
    return to_theirs(ops.resize_bilinear(to_ours(x), align_corners=corners, **by), x)


def _cubic(x, a, places, scales, size, whole):
    ratios = scales or [y / n for y, n in zip(size, x.shape[2:])]
    lacks("cubic", places != "half_pixel" or bool(a.get("exclude_outside")) or a.get("cubic_coeff_a", -0.75) != -0.75)
    lacks("cubic", ratios[0] != ratios[1] or any(round(n * ratios[0]) != y for n, y in zip(x.shape[2:], size)))
    return to_theirs(ops.resize_cubic(to_ours(x), ratios[0]), x)


def depth_to_space(i, a, _):
    """DepthToSpace."""
    order = {"DCR": "tf", "CRD": "torch"}[a.get("mode", "DCR")]
    return to_theirs(ops.pixel_shuffle(to_ours(i[0]), a["blocksize"], order), i[0])


def space_to_depth(i, a, _):
    """SpaceToDepth."""
    order = {"DCR": "tf", "CRD": "torch"}[a.get("mode", "DCR")]
    return to_theirs(ops.pixel_unshuffle(to_ours(i[0]), a["blocksize"], order), i[0])


def pad(i, a, _):
    """Pad: rows and columns, not below zero."""
    x, pads, value, axes = [*i, None, None][:4]
    mode = a.get("mode", "constant")
    lacks("other pads", mode == "wrap" or (value is not None and mode == "constant" and float(value) != 0))
    axes = range(x.ndim) if axes is None else [int(k) % x.ndim for k in axes]
    by_axis = {k: (int(b), int(e)) for k, b, e in zip(axes, pads, pads[len(pads) // 2:])}
    lacks("other pads", x.ndim != 4 or any(by_axis.get(k, (0, 0)) != (0, 0) for k in (0, 1)))
    image = to_ours(x.astype(np.float32))  # whole numbers of the cases go through float32 unchanged
    y = ops.pad(image, (by_axis.get(2, (0, 0)), by_axis.get(3, (0, 0))), {"constant": "zero"}.get(mode, mode))
    return to_theirs(y, x).astype(x.dtype)


def global_avg_pool(i, a, _):
    """GlobalAveragePool."""
    return to_theirs(ops.global_avg_pool(to_ours(i[0])), i[0])


def batch_norm(i, a, outputs):
    """BatchNormalization; in training, running statistics of the biased variance, as ONNX has them."""
    x, gamma, beta, mean, var = i
    eps = a.get("epsilon", 1e-5)
    if not a.get("training_mode"):
        return to_theirs(ops.batch_norm(to_ours(x), gamma, beta, mean, var, eps), x)
    kept = np.float32(a.get("momentum", 0.9))
    now, _, biased = ops.batch_statistics(to_ours(x))
    running = [(old * kept + new * (1 - kept)).astype(x.dtype) for old, new in ((mean, now), (var, biased))]
    return [to_theirs(ops.batch_norm_train(to_ours(x), gamma, beta, eps), x), *running][:len(outputs)]
