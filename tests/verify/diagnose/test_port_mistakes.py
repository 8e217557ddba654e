"""Mistakes in no operation: what the network is given, what comes after a value, and mistakes in any call of a run."""
import numpy as np
import pytest

from refvr import ops
from refvr.verify.diagnose.port_mistakes import NOTHING, PICTURES, SLOPES, Everywhere, Fed, Following, changed
from refvr.verify.diagnose.targets import Variant
from refvr.verify.mistakes import MISTAKES

rng = np.random.default_rng(0)
WINDOW = rng.random((1, 2, 4, 5, 3)).astype(np.float32)   # (n, t, h, w, c)
BY_NAME = {fed.name.removeprefix("given."): fed for fed in PICTURES}
FORMULAS = {
    "blue_first": lambda x: np.stack([x[..., 2], x[..., 1], x[..., 0]], -1), "of_0_to_255": lambda x: 255 * x,
    "of_minus_1_to_1": lambda x: (x - 0.5) * 2, "in_8_bits": lambda x: np.floor(x * 255 + 0.5) / 255,
    "in_float16": lambda x: np.array([float(np.float16(v)) for v in x.flat]).reshape(x.shape),
    "frames_backwards": lambda x: np.stack([x[:, 1], x[:, 0]], 1), "mirrored": lambda x: np.flip(x, -2),
    "upside_down": lambda x: np.flip(x, -3)}


@pytest.mark.parametrize("name", FORMULAS)
def test_what_a_picture_is_then(name):
    found = changed(WINDOW, BY_NAME[name].change)
    np.testing.assert_allclose(found, FORMULAS[name](WINDOW), rtol=1e-6, atol=1e-7)
    assert found.dtype == np.float32 and found.flags.c_contiguous and not np.array_equal(found, WINDOW)


def test_every_one_of_them_is_looked_at_here_and_says_what_it_is():
    assert BY_NAME.keys() == FORMULAS.keys() and len({fed.says for fed in PICTURES}) == len(PICTURES)
    assert all(fed.kind == "another form of the input" and fed.reaches_back for fed in PICTURES)


def test_single_pictures_have_no_frames_to_reverse_and_what_has_no_colours_stays():
    picture, state = WINDOW[:, 0], rng.random((1, 4, 5, 8)).astype(np.float32)
    assert np.array_equal(changed(picture, BY_NAME["frames_backwards"].change), picture)
    assert np.array_equal(changed(picture, BY_NAME["upside_down"].change), picture[:, ::-1])
    assert changed(state, BY_NAME["of_0_to_255"].change) is state


@pytest.mark.parametrize("mistake", [BY_NAME["mirrored"], Following("conv1", "a relu")])
def test_inside_all_operations_are_right(mistake):
    right = ops.conv2d
    with mistake.planted():
        assert ops.conv2d is right


def test_what_follows_a_value_has_a_name_and_a_sentence():
    relu, nothing = Following("conv1", "a leaky relu of slope 0.1"), Following("conv1", NOTHING)
    assert (relu.name, relu.says) == ("after.a_leaky_relu_of_slope_0.1", "a leaky relu of slope 0.1 after conv1")
    assert nothing.name == "after.nothing" and nothing.says == "nothing (no sum, no activation) after conv1"
    assert not relu.reaches_back and (relu.after, relu.what) == ("conv1", "a leaky relu of slope 0.1")
    assert SLOPES["a relu"] == 0 and SLOPES["no activation"] == 1


def test_a_mistake_everywhere_is_one_that_what_came_before_is_computed_with_too():
    mistake = MISTAKES["conv2d.kernel_flipped"]
    assert Everywhere(mistake).reaches_back and not Variant(mistake).reaches_back
    assert Everywhere(mistake).says == mistake.says and isinstance(BY_NAME["mirrored"], Fed)
