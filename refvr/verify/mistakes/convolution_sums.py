"""Mistakes in what a convolution does with its sums: bias, residual, activation."""
from __future__ import annotations

import numpy as np

from refvr.verify.mistakes._catalogue import Given, Op, mistake, unless
from refvr.verify.mistakes.convolution import ALL, FUSED, activated, without


@mistake("number", *ALL, "linear")
def bias_missing(op: Op, a: Given) -> np.ndarray:
    """the bias missing."""
    unless(a.bias is None)
    return op(a.but(bias=None))


@mistake("number", *ALL, "linear")
def bias_added_twice(op: Op, a: Given) -> np.ndarray:
    """the bias added twice."""
    unless(a.bias is None)
    return op(a.but(bias=2 * a.bias))


@mistake("activation", *FUSED)
def bias_after_the_activation(op: Op, a: Given) -> np.ndarray:
    """the bias added after the activation."""
    unless(a.bias is None or a.activation == "none")
    return op(a.but(bias=None)) + a.bias


@mistake("activation", "conv2d")
def residual_after_the_activation(op: Op, a: Given) -> np.ndarray:
    """the residual added after the activation."""
    unless(a.residual is None or a.activation == "none")
    return op(a.but(residual=None)) + a.residual


@mistake("number", "conv2d")
def residual_missing(op: Op, a: Given) -> np.ndarray:
    """the residual missing."""
    unless(a.residual is None)
    return op(a.but(residual=None))


@mistake("activation", *FUSED)
def activation_missing(op: Op, a: Given) -> np.ndarray:
    """the activation missing."""
    unless(a.activation == "none")
    return op(without(a))


@mistake("activation", *FUSED)
def activation_applied_twice(op: Op, a: Given) -> np.ndarray:
    """the activation applied twice."""
    unless(a.activation != "leaky_relu")
    return activated(op(a), a)


@mistake("activation", *FUSED)
def relu_added(op: Op, a: Given) -> np.ndarray:
    """a relu after it."""
    return np.maximum(op(without(a)), 0)


@mistake("activation", *FUSED)
def slope_of_a_tenth(op: Op, a: Given) -> np.ndarray:
    """a leaky relu of slope 0.1 after it."""
    return op(a.but(activation="leaky_relu", slope=0.1))


@mistake("activation", *FUSED)
def slope_of_a_fifth(op: Op, a: Given) -> np.ndarray:
    """a leaky relu of slope 0.2 after it."""
    return op(a.but(activation="leaky_relu", slope=0.2))


@mistake("activation", *FUSED)
def slope_of_a_hundredth(op: Op, a: Given) -> np.ndarray:
    """a leaky relu of slope 0.01 (the default of PyTorch) after it."""
    return op(a.but(activation="leaky_relu", slope=0.01))
