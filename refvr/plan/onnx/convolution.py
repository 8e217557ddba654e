"""Convolutions, norms and pools: each is one operator of ONNX, with what follows it."""
from __future__ import annotations

import numpy as np

from refvr.plan.onnx.writer import Value, Writer, second
from refvr.types import Shape


def activated(w: Writer, name: str, activation: str, slope: float) -> str:
    """What ends a convolution."""
    if activation == "none":
        return name
    return w.add("Relu", name) if activation == "relu" else w.add("LeakyRelu", name, alpha=slope)


def _weights(w: Writer, weight: np.ndarray, axes: tuple[int, ...], bias: np.ndarray | None) -> list[str]:
    found = [w.parameter(weight, "weight", axes)]
    return found if bias is None else [*found, w.parameter(bias, "bias")]


def conv2d(w: Writer, x: Value, weight: np.ndarray, bias: np.ndarray | None, residual: Value | None, *, y_shape: Shape,
           stride: int, dilation: int, groups: int, padding: tuple[int, int], activation: str, slope: float) -> Value:
    """Conv, Add, activation."""
    y = w.add("Conv", w.image(x).name, *_weights(w, weight, (3, 2, 0, 1), bias), strides=[stride] * 2,
              dilations=[dilation] * 2, group=groups, pads=[*padding] * 2)
    if residual is not None:
        y = w.add("Add", y, w.image(residual).name)
    return Value(activated(w, y, activation, slope), second(4), y_shape)


def separable_conv2d(w: Writer, x: Value, spatial: np.ndarray, pointwise: np.ndarray, residual: Value | None, *,
                     y_shape: Shape, stride: int, groups: int, padding: tuple[int, int], activation: str, slope: float
                     ) -> Value:
    """Two of them."""
    between = conv2d(w, x, spatial, None, None, y_shape=(*y_shape[:3], spatial.shape[3]), stride=stride, dilation=1,
                     groups=groups, padding=padding, activation="none", slope=slope)
    return conv2d(w, between, pointwise, None, residual, y_shape=y_shape, stride=1, dilation=1, groups=1,
                  padding=(0, 0), activation=activation, slope=slope)


def conv3d(w: Writer, x: Value, weight: np.ndarray, bias: np.ndarray | None, *, y_shape: Shape,
           padding: tuple[int, int, int], activation: str, slope: float) -> Value:
    """Conv over three axes."""
    y = w.add("Conv", w.image(x).name, *_weights(w, weight, (4, 3, 0, 1, 2), bias), pads=[*padding] * 2)
    return Value(activated(w, y, activation, slope), second(5), y_shape)


def conv_transpose2d(w: Writer, x: Value, weight: np.ndarray, bias: np.ndarray | None, *, y_shape: Shape, stride: int,
                     padding: int, output_padding: int, activation: str, slope: float) -> Value:
    """ConvTranspose."""
    y = w.add("ConvTranspose", w.image(x).name, *_weights(w, weight, (2, 3, 0, 1), bias), strides=[stride] * 2,
              pads=[padding] * 4, output_padding=[output_padding] * 2)
    return Value(activated(w, y, activation, slope), second(4), y_shape)


def deform_conv2d(w: Writer, x: Value, offset_px: Value, mask: Value, weight: np.ndarray, bias: np.ndarray | None, *,
                  y_shape: Shape, stride: int, dilation: int, groups: int, padding: int) -> Value:
    """DeformConv, whose offsets and masks have our order."""
    kh, kw = weight.shape[:2]
    taps, *added = _weights(w, weight, (3, 2, 0, 1), bias)
    operands = w.image(x).name, taps, w.image(offset_px).name, *(added or [""]), w.image(mask).name
    y = w.add("DeformConv", *operands, strides=[stride] * 2, dilations=[dilation] * 2, group=groups,
              pads=[padding] * 4, kernel_shape=[kh, kw], offset_group=mask.shape[3] // (kh * kw))
    return Value(y, second(4), y_shape)


def batch_norm(w: Writer, x: Value, *parameters: np.ndarray, y_shape: Shape, eps: float) -> Value:
    """BatchNormalization; its parameters have our order: gamma, beta, mean, var."""
    names = [w.parameter(array, name) for array, name in zip(parameters, ("gamma", "beta", "mean", "var"))]
    return Value(w.add("BatchNormalization", w.image(x).name, *names, epsilon=eps), second(len(y_shape)), y_shape)


def max_pool(w: Writer, x: Value, *, y_shape: Shape, k: int, s: int, p: int) -> Value:
    """MaxPool."""
    return Value(w.add("MaxPool", w.image(x).name, kernel_shape=[k] * 2, strides=[s] * 2, pads=[p] * 4), second(4),
                 y_shape)


def avg_pool(w: Writer, x: Value, *, y_shape: Shape, k: int, s: int, p: int, count: str) -> Value:
    """AveragePool."""
    return Value(w.add("AveragePool", w.image(x).name, kernel_shape=[k] * 2, strides=[s] * 2, pads=[p] * 4,
                       count_include_pad=int(count == "all")), second(4), y_shape)
