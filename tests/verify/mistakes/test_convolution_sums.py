"""Mistakes in what a convolution adds and bends: with S its sums, b the bias, r the residual, f the activation."""
import pytest
from plain_convolution import bent
from wrong_calls import drawn, made_in, possible, right, shows

from refvr.verify.mistakes import convolution_sums

B = drawn(2, seed=3)
CALLS = {   # operation -> operands without the bias
    "conv2d": (drawn(1, 4, 4, 2, seed=1), drawn(3, 3, 2, 2, seed=2)),
    "conv3d": (drawn(1, 3, 4, 4, 2, seed=1), drawn(3, 3, 3, 2, 2, seed=2)),
    "conv_transpose2d": (drawn(1, 4, 4, 2, seed=1), drawn(4, 4, 2, 2, seed=2)),
    "deform_conv2d": (drawn(1, 4, 4, 2, seed=1), drawn(1, 4, 4, 18), drawn(1, 4, 4, 9), drawn(3, 3, 2, 2, seed=2)),
    "linear": (drawn(4, 2, seed=1), drawn(2, 2, seed=2)),
}
FUSED = ("conv2d", "conv3d", "conv_transpose2d")
LEAKY = {"activation": "leaky_relu", "slope": 0.3}
EVERY = pytest.mark.parametrize("operation", CALLS)
EVERY_FUSED = pytest.mark.parametrize("operation", FUSED)


def sums(operation):
    return right(operation, *CALLS[operation])


@EVERY
def test_the_bias(operation):
    s, call = sums(operation), CALLS[operation]
    shows(f"{operation}.bias_missing", s, *call, B)
    shows(f"{operation}.bias_added_twice", s + 2 * B, *call, B)
    for name in ("bias_missing", "bias_added_twice"):
        assert not possible(f"{operation}.{name}", *call)


@EVERY_FUSED
def test_the_bias_after_the_activation(operation):
    s, call, name = sums(operation), CALLS[operation], f"{operation}.bias_after_the_activation"
    shows(name, bent(s, 0.3) + B, *call, B, **LEAKY)
    shows(name, bent(s, 0) + B, *call, B, activation="relu")
    assert not possible(name, *call, B) and not possible(name, *call, **LEAKY)


def test_the_residual():
    s, call = sums("conv2d"), CALLS["conv2d"]
    r = drawn(*s.shape)
    shows("conv2d.residual_missing", bent(s + B, 0.3), *call, B, r, **LEAKY)
    shows("conv2d.residual_after_the_activation", bent(s + B, 0.3) + r, *call, B, r, **LEAKY)
    assert not possible("conv2d.residual_missing", *call, B, **LEAKY)
    assert not possible("conv2d.residual_after_the_activation", *call, B, **LEAKY)
    assert not possible("conv2d.residual_after_the_activation", *call, B, r)


@EVERY_FUSED
def test_the_activation(operation):
    s, call = sums(operation) + B, CALLS[operation]
    shows(f"{operation}.activation_missing", s, *call, B, **LEAKY)
    shows(f"{operation}.activation_applied_twice", bent(s, 0.09), *call, B, **LEAKY)
    shows(f"{operation}.relu_added", bent(s, 0), *call, B)
    shows(f"{operation}.relu_added", bent(s, 0), *call, B, **LEAKY)
    for part, slope in (("tenth", 0.1), ("fifth", 0.2), ("hundredth", 0.01)):
        shows(f"{operation}.slope_of_a_{part}", bent(s, slope), *call, B)
        shows(f"{operation}.slope_of_a_{part}", bent(s, slope), *call, B, **LEAKY)
    assert not possible(f"{operation}.activation_missing", *call, B)
    assert not possible(f"{operation}.activation_applied_twice", *call, B, activation="relu")   # which changes nothing


def test_every_mistake_of_the_file_is_here():
    fused = ("bias_after_the_activation", "activation_missing", "activation_applied_twice", "relu_added",
             "slope_of_a_tenth", "slope_of_a_fifth", "slope_of_a_hundredth")
    assert made_in(convolution_sums) == {
        *(f"{operation}.{name}" for operation in FUSED for name in fused), "conv2d.residual_missing",
        "conv2d.residual_after_the_activation",
        *(f"{operation}.{name}" for operation in CALLS for name in ("bias_missing", "bias_added_twice"))}
