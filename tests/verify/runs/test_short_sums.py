"""A convolution that rounds what it has after every tap of its kernel, its bias after that."""
import numpy as np
import pytest

from refvr import ops
from refvr.verify.mistakes import SUBJECTS, Given
from refvr.verify.runs.layer_precision import stated_precision
from refvr.verify.runs.port_arithmetic import arithmetic
from refvr.verify.runs.pre_activation import stages
from refvr.verify.runs.short_sums import SUMMED, finished, short_sums

ONE = np.ones((1, 3, 3, 1), np.float32)


def row(*taps):
    """A kernel of 3x3 with these in its middle row, the rest zero."""
    weight = np.zeros((3, 3, 1, 1), np.float32)
    weight[1, :, 0, 0] = taps
    return weight


def centre(weight, precision, **options):
    subject = SUBJECTS["conv2d"]
    given = Given(subject.bind(ONE, weight, **options))
    return short_sums(subject, given, ops.conv2d, precision)[0, 1, 1, 0]


def test_by_hand():
    """float16 has steps of 2 from 2048 on: there a one is lost, ones that were added before are not."""
    assert centre(row(2048, 1, 1), "fp16") == 2048 and centre(row(1, 1, 2048), "fp16") == 2050
    bias, residual = np.float32([1]), np.full_like(ONE, 1)
    assert centre(row(2048, 0, 0), "fp16", bias=bias) == 2048    # so is the bias, which is a further sum,
    assert centre(row(2048, 0, 0), "fp16", bias=bias, residual=residual) == 2049   # but not what comes after it
    assert centre(row(256, 1, 0), "bf16") == 256 and centre(row(256, 2, 0), "bf16") == 258


@pytest.mark.parametrize("options, slope", [({"activation": "relu"}, 0), ({"activation": "leaky_relu", "slope": 0.25},
                                                                         0.25), ({}, 1)])
def test_the_activation_comes_after_all_sums(options, slope):
    assert centre(row(-2048, -1, -1), "fp16", **options) == -2048 * slope
    assert centre(row(2048, 1, 1), "fp16", **options) == 2048


def test_sums_made_in_another_way_are_finished_as_the_layer_does():
    """And a Stage then tells them as what the layer had before its activation."""
    subject, sums = SUBJECTS["conv2d"], -np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
    given = Given(subject.bind(ONE, row(0, 1, 0), residual=ONE, activation="leaky_relu", slope=0.5))
    with stages() as stage:
        y = finished(subject, given, sums)
        assert stage.of(y) and stage.before() is sums
    assert np.array_equal(y, np.where(sums + 1 > 0, sums + 1, (sums + 1) / 2))


@pytest.mark.parametrize("name, operands", [
    ("conv2d", {"activation": "leaky_relu", "residual": True}), ("conv3d", {}), ("conv_transpose2d", {}),
    ("deform_conv2d", {})])
def test_every_convolution_is_the_sum_of_its_taps_one_after_the_other(name, operands, tmp_path):
    rng = np.random.default_rng(0)
    shape = {"conv3d": (3, 3, 3), "conv_transpose2d": (4, 4)}.get(name, (3, 3))
    x = rng.standard_normal((1, *(5,) * (len(shape) == 3), 7, 5, 4)).astype(np.float32)
    weight, bias = rng.standard_normal((*shape, 4, 6)).astype(np.float32), rng.standard_normal(6).astype(np.float32)
    options = {key: value for key, value in operands.items() if key != "residual"}
    places = ()
    if name == "deform_conv2d":
        places = rng.standard_normal((1, 7, 5, 18)).astype(np.float32), rng.random((1, 7, 5, 9)).astype(np.float32)
    function = SUBJECTS[name].function
    if operands.get("residual"):
        options["residual"] = rng.standard_normal(function(x, weight, bias).shape).astype(np.float32)
    (tmp_path / "p.json").write_text('{"*": {"sums": "fp16"}}')
    exact = function(x, *places, weight, bias, **options)
    with arithmetic(stated_precision(str(tmp_path / "p.json"))), stages() as stage:
        short = getattr(ops, name)(x, *places, weight, bias, **options)
        assert stage.of(short) == bool(operands)
        early = stage.before() if operands else short
    total = 0
    for tap in np.ndindex(shape):
        one = np.zeros_like(weight)
        one[tap] = weight[tap]
        total = (total + function(x, *places, one, None)).astype(np.float16).astype(np.float32)
    total = (total + bias).astype(np.float16).astype(np.float32)
    assert np.array_equal(early, total) and name in SUMMED
    assert 1e-5 < np.abs(short - exact).max() / np.abs(exact).max() < 1e-2
