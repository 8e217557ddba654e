"""The vectors of single operations: shapes of distinct primes, so that no two axes can be confused unnoticed."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from refvr.types import Array
from refvr.verify.mistakes import SUBJECTS, Given
from refvr.verify.vectors.recipe import Recipe, draw

MARGIN = 8.0  # a tolerance over the noise that was measured


@dataclass(frozen=True)
class Vector:
    """One call of an operation.

    arrays     operand -> recipe; an operand with several arrays (concat) has names xs0, xs1 ...
    options    everything else, as JSON has it
    gradients  whether the adjoint is part of it
    floor      float32 noise over the peak that a right implementation may have where ours, which places samples in
               float64, has less
    """

    name: str
    operation: str
    arrays: dict[str, Recipe]
    options: dict[str, Any] = field(default_factory=dict)
    gradients: bool = True
    floor: float = 0.0

    def inputs(self) -> dict[str, np.ndarray]:
        """The operands, float32."""
        return {name: draw(f"{self.name}/{name}", recipe) for name, recipe in self.arrays.items()}


    def given(self, inputs: Mapping[str, Array]) -> Given:
        """The call with these operands."""
        listed = [array for name, array in inputs.items() if name[:-1] == "xs"]
        named = {name: array for name, array in inputs.items() if name[:-1] != "xs"}
        return SUBJECTS[self.operation].bind(*listed, **named, **_tuples(self.options))


def _tuples(options: dict[str, Any]) -> dict[str, Any]:
    """Lists of JSON as the tuples that operations take."""
    def as_tuples(value: object) -> Any:
        return tuple(as_tuples(part) for part in value) if isinstance(value, list) else value
    return {name: as_tuples(value) for name, value in options.items()}


def _r(*shape: int, scale: float = 1.0, shift: float = 0.0, levels: int = 0) -> Recipe:
    return Recipe(shape, scale, shift, levels)


def _place_floor(rows: int, columns: int, scale: float) -> float:
    """Floor of a resize whose places (y + 1/2) / scale - 1/2 are computed in float32 by the port.

    1 / scale, the product and the difference are rounded by half an ulp each: with r the last place, it is off by less
    than (r + 1/2) eps + r eps / 2. Values change by at most twice the peak in a pixel, and rows and columns add up.
    One eps is for the blend; the margin, which is for noise that was measured, does not apply to a bound.
    """
    eps = float(np.finfo(np.float32).eps)
    last = [(int(side * scale) - 0.5) / scale - 0.5 for side in (rows, columns)]
    return sum(2 * (1.5 * r + 0.5) * eps for r in last) / MARGIN + eps


IMAGE: dict[str, Any] = {"scale": 0.5, "shift": 0.5}   # [0, 1)
SMALL: dict[str, Any] = {"scale": 0.25}

VECTORS = [
    Vector("conv2d", "conv2d", {"x": _r(2, 7, 11, 5), "weight": _r(3, 3, 5, 13, **SMALL), "bias": _r(13)},
           {"activation": "leaky_relu", "slope": 0.1}),
    Vector("conv2d_square", "conv2d", {"x": _r(1, 11, 7, 5), "weight": _r(3, 3, 5, 5, **SMALL), "bias": _r(5)}),
    Vector("conv2d_stride", "conv2d", {"x": _r(1, 14, 22, 3), "weight": _r(3, 3, 3, 7, **SMALL), "bias": _r(7)},
           {"stride": 2}),
    Vector("conv2d_dilated", "conv2d", {"x": _r(1, 13, 17, 3), "weight": _r(3, 3, 3, 5, **SMALL), "bias": _r(5)},
           {"dilation": 2}),
    Vector("conv2d_groups", "conv2d", {"x": _r(1, 7, 11, 6), "weight": _r(3, 3, 2, 15, **SMALL), "bias": _r(15)},
           {"groups": 3}),
    Vector("conv2d_depthwise", "conv2d", {"x": _r(1, 11, 13, 5), "weight": _r(5, 5, 1, 10, **SMALL), "bias": _r(10)},
           {"groups": 5}),
    Vector("conv2d_residual", "conv2d", {"x": _r(1, 7, 11, 5), "weight": _r(3, 3, 5, 3, **SMALL), "bias": _r(3),
                                         "residual": _r(1, 7, 11, 3)}, {"activation": "relu"}),
    Vector("conv3d", "conv3d", {"x": _r(1, 5, 7, 11, 3), "weight": _r(3, 3, 3, 3, 13, **SMALL), "bias": _r(13)},
           {"padding": [1, 1, 1], "activation": "relu"}),
    Vector("conv3d_square", "conv3d", {"x": _r(1, 3, 7, 5, 3), "weight": _r(3, 3, 3, 3, 3, **SMALL), "bias": _r(3)},
           {"padding": [1, 1, 1], "activation": "leaky_relu", "slope": 0.2}),
    Vector("conv_transpose2d_4", "conv_transpose2d",
           {"x": _r(1, 5, 7, 3), "weight": _r(4, 4, 3, 11, **SMALL), "bias": _r(11)},
           {"stride": 2, "padding": 1, "activation": "leaky_relu"}),
    Vector("conv_transpose2d_3", "conv_transpose2d",
           {"x": _r(1, 5, 7, 3), "weight": _r(3, 3, 3, 3, **SMALL), "bias": _r(3)},
           {"stride": 2, "padding": 1, "output_padding": 1}),
    Vector("linear", "linear", {"x": _r(3, 7), "weight": _r(7, 11), "bias": _r(11)}),
    Vector("linear_square", "linear", {"x": _r(3, 7), "weight": _r(7, 7), "bias": _r(7)}),
    Vector("deform_conv2d", "deform_conv2d",
           {"x": _r(1, 7, 11, 6), "offset_px": _r(1, 7, 11, 3 * 9 * 2, scale=2.5),
            "mask": _r(1, 7, 11, 3 * 9, scale=0.46875, shift=0.5), "weight": _r(3, 3, 6, 5, **SMALL), "bias": _r(5)}),
    Vector("deform_conv2d_square", "deform_conv2d",
           {"x": _r(1, 11, 7, 5), "offset_px": _r(1, 11, 7, 9 * 2, scale=1.5),
            "mask": _r(1, 11, 7, 9, scale=0.46875, shift=0.5), "weight": _r(3, 3, 5, 5, **SMALL), "bias": _r(5)}),
    Vector("deform_conv2d_stride", "deform_conv2d",
           {"x": _r(1, 13, 17, 4), "offset_px": _r(1, 7, 9, 2 * 9 * 2, scale=2.0),
            "mask": _r(1, 7, 9, 2 * 9, scale=0.46875, shift=0.5), "weight": _r(3, 3, 2, 6, **SMALL), "bias": _r(6)},
           {"stride": 2, "dilation": 2, "padding": 2, "groups": 2}),
    Vector("fac", "fac", {"x": _r(1, 7, 11, 3), "kernel": _r(1, 7, 11, 25, 3, **SMALL)}, {"border": "replicate"}),
    Vector("fac_zero", "fac", {"x": _r(2, 5, 7, 3), "kernel": _r(2, 5, 7, 9, 3, **SMALL)}, {"border": "zero"}),
    Vector("dynamic_upsample", "dynamic_upsample",
           {"x": _r(1, 5, 7, 3, **IMAGE), "logits": _r(1, 5, 7, 25 * 4, scale=2.0), "residual": _r(1, 5, 7, 12)},
           {"s": 2}),
    Vector("dynamic_upsample_3", "dynamic_upsample",
           {"x": _r(1, 5, 7, 2, **IMAGE), "logits": _r(1, 5, 7, 25 * 9, scale=2.0), "residual": _r(1, 5, 7, 18)},
           {"s": 3}),
    Vector("dynamic_filters", "dynamic_filters", {"logits": _r(1, 5, 7, 25 * 4, scale=2.0)}, {"s": 2}),
    Vector("warp", "warp", {"x": _r(2, 7, 11, 3, **IMAGE), "flow_px": _r(2, 7, 11, 2, scale=3.0)}),
    Vector("warp_zero", "warp", {"x": _r(1, 5, 13, 3, **IMAGE), "flow_px": _r(1, 5, 13, 2, scale=3.0)},
           {"border": "zero"}),
    Vector("grid_sample", "grid_sample", {"x": _r(1, 7, 11, 3), "grid_unit": _r(1, 5, 13, 2, scale=1.25)}),
    Vector("grid_sample_corners", "grid_sample", {"x": _r(1, 7, 11, 3), "grid_unit": _r(1, 5, 13, 2, scale=1.25)},
           {"border": "replicate", "align_corners": True}),
    Vector("grid_sample_reflection", "grid_sample", {"x": _r(1, 5, 7, 3), "grid_unit": _r(1, 11, 13, 2, scale=2.5)},
           {"border": "reflection"}),
    Vector("resize_bilinear_up", "resize_bilinear", {"x": _r(1, 5, 7, 3)}, {"scale": 2}),
    Vector("resize_bilinear_down", "resize_bilinear", {"x": _r(1, 14, 22, 3)}, {"scale": 0.5}),
    Vector("resize_bilinear_odd", "resize_bilinear", {"x": _r(1, 7, 11, 3)}, {"scale": 1.7},
           floor=_place_floor(7, 11, scale=1.7)),
    Vector("resize_bilinear_corners", "resize_bilinear", {"x": _r(1, 5, 7, 3)},
           {"size": [11, 17], "align_corners": True}),
    Vector("resize_flow", "resize_flow", {"x": _r(1, 5, 7, 2, scale=3.0)}, {"scale": 2}),
    Vector("resize_cubic", "resize_cubic", {"x": _r(1, 5, 7, 3, **IMAGE)}, {"scale": 4}),
    Vector("imresize_down", "imresize", {"x": _r(1, 28, 36, 3, **IMAGE)}, {"scale": 0.25}),
    Vector("imresize_up", "imresize", {"x": _r(1, 7, 5, 3, **IMAGE)}, {"scale": 2}),
    Vector("max_pool", "max_pool", {"x": _r(1, 14, 22, 3, scale=1.0, shift=-0.75)}),
    Vector("avg_pool", "avg_pool", {"x": _r(1, 14, 22, 3)}),
    Vector("channel_dot", "channel_dot", {"a": _r(1, 5, 7, 11), "b": _r(1, 5, 7, 11)}),
    Vector("batch_norm", "batch_norm", {"x": _r(2, 5, 7, 3), "gamma": _r(3, scale=0.5, shift=1.0), "beta": _r(3),
                                        "mean": _r(3), "var": _r(3, scale=0.03125, shift=0.0625)}, {"eps": 1e-5}),
    Vector("batch_norm_duf", "batch_norm", {"x": _r(2, 5, 7, 3), "gamma": _r(3, scale=0.5, shift=1.0), "beta": _r(3),
                                            "mean": _r(3), "var": _r(3, scale=0.03125, shift=0.0625)}, {"eps": 1e-3}),
    Vector("batch_norm_train", "batch_norm_train",
           {"x": _r(2, 5, 7, 3, **SMALL), "gamma": _r(3, scale=0.5, shift=1.0), "beta": _r(3)}, {"eps": 1e-3}),
    Vector("batch_norm_train_small", "batch_norm_train",
           {"x": _r(2, 5, 7, 3, scale=0.0625), "gamma": _r(3, scale=0.5, shift=1.0), "beta": _r(3)}, {"eps": 1e-5}),
    Vector("relu", "relu", {"x": _r(5, 7, 11)}),
    Vector("leaky_relu", "leaky_relu", {"x": _r(5, 7, 11)}, {"slope": 0.1}),
    Vector("leaky_relu_fifth", "leaky_relu", {"x": _r(5, 7, 11)}, {"slope": 0.2}),
    Vector("prelu", "prelu", {"x": _r(2, 5, 7, 3), "w": _r(3, scale=0.125, shift=0.25)}),
    Vector("sigmoid", "sigmoid", {"x": _r(5, 7, 11, scale=4.0)}),
    Vector("tanh", "tanh", {"x": _r(5, 7, 11, scale=2.0)}),
    Vector("softmax", "softmax", {"x": _r(5, 7, 11, scale=2.0)}),
    Vector("clip", "clip", {"x": _r(5, 7, 11, scale=2.0)}, {"lo": 0.0, "hi": 1.0}),
    Vector("pixel_shuffle", "pixel_shuffle", {"x": _r(1, 5, 7, 12)}, {"s": 2}),
    Vector("pixel_shuffle_tf", "pixel_shuffle", {"x": _r(1, 5, 7, 27)}, {"s": 3, "order": "tf"}),
    Vector("pixel_unshuffle", "pixel_unshuffle", {"x": _r(1, 10, 14, 3)}, {"s": 2}),
    Vector("pad_zero", "pad", {"x": _r(1, 5, 7, 3)}, {"pads": [[1, 2], [3, 0]], "mode": "zero"}),
    Vector("pad_reflect", "pad", {"x": _r(1, 5, 7, 3)}, {"pads": [[1, 2], [3, 0]], "mode": "reflect"}),
    Vector("pad_edge", "pad", {"x": _r(1, 5, 7, 3)}, {"pads": [[1, 2], [3, 0]], "mode": "edge"}),
    Vector("concat", "concat", {"xs0": _r(1, 5, 7, 3), "xs1": _r(1, 5, 7, 3), "xs2": _r(1, 5, 7, 3)}),
    Vector("route", "route", {"p": _r(11, 2, scale=0.5, shift=0.5, levels=5), "full": _r(11, 3, 5, 2),
                              "half": _r(11, 3, 5, 2), "quarter": _r(11, 3, 5, 2)}, {"decisions": "threshold"}),
    Vector("mse_loss", "mse_loss", {"y": _r(2, 5, 7, 3), "target": _r(2, 5, 7, 3)}),
    Vector("l1_loss", "l1_loss", {"y": _r(2, 5, 7, 3), "target": _r(2, 5, 7, 3)}, {"reduction": "sum"}),
    Vector("charbonnier_loss", "charbonnier_loss", {"y": _r(2, 5, 7, 3, scale=0.03125), "target": _r(2, 5, 7, 3,
                                                                                                     scale=0.03125)},
           {"eps": 1e-4}),
    Vector("huber_loss", "huber_loss", {"y": _r(2, 5, 7, 3, scale=0.03125), "target": _r(2, 5, 7, 3, scale=0.03125)},
           {"delta": 0.01}),
    Vector("similarity_loss", "similarity_loss", {"y1": _r(2, 3, 5, 7, 3, **IMAGE), "y2": _r(2, 3, 5, 7, 3)}),
    Vector("to_8bit", "to_8bit", {"x": _r(1, 7, 11, 3, scale=0.625, shift=0.5, levels=511)}, gradients=False),
    Vector("to_8bit_halves", "to_8bit", {"x": _r(1, 7, 11, 3, scale=0.5, shift=0.5, levels=511)}, gradients=False),
    Vector("luma", "luma", {"x": _r(1, 7, 11, 3, **IMAGE)}, gradients=False),
    *(Vector(f"window_{border}_{centre}", "window", {"x": _r(7, 3, 5, 2)},
             {"centre": centre, "size": 5, "border": border}, gradients=False)
      for border in ("replicate", "reflection", "reflection_circle", "circle") for centre in (1, 6)),
]
