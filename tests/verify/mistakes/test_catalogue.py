"""The catalogue: every mistake has a name, a sentence and an operation that it can be planted into."""
import numpy as np
import pytest

from refvr import ops
from refvr.verify.mistakes import MISTAKES, SUBJECTS, NotHereError


@pytest.mark.parametrize("name", MISTAKES)
def test_each_says_what_it_is(name):
    made = MISTAKES[name]
    assert made.name == name and name.split(".")[0] in SUBJECTS and len(made.says) > 4 and made.kind
    assert not made.says.endswith(".") and "  " not in made.says and "\n" not in made.says   # within a sentence


def drawn(*shape):
    return np.random.default_rng(7).standard_normal(shape)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def mistaken(name, *args, **named):
    made = MISTAKES[name]
    assert not made.flagged   # vectors that are published keep their hashes
    return made.run(SUBJECTS[made.operation].bind(*args, **named))


def test_a_softmax_over_frames_in_place_of_sigmoids():
    x = drawn(1, 2, 3, 5)
    wrong = mistaken("concat.softmax_over_the_parts", *np.split(sigmoid(x), 5, axis=-1))
    assert np.allclose(wrong, np.exp(x) / np.exp(x).sum(-1, keepdims=True), atol=1e-12)
    with pytest.raises(NotHereError):
        mistaken("concat.softmax_over_the_parts", x, x)   # they went through no sigmoid


def test_a_mask_that_is_split_off_before_the_offsets():
    x, both, weight, bias = drawn(1, 4, 5, 2), drawn(1, 4, 5, 27), drawn(3, 3, 2, 2), drawn(2)
    wrong = mistaken("deform_conv2d.mask_before_the_offsets", x, both[..., :18], sigmoid(both[..., 18:]), weight, bias)
    right = ops.deform_conv2d(x, both[..., 9:].copy(), sigmoid(both[..., :9]), weight, bias)
    assert np.allclose(wrong, right, atol=1e-9)


def test_a_residual_of_weights_in_the_order_of_pytorch_that_is_spread_as_tensorflow_does():
    x, logits, theirs = drawn(1, 3, 4, 3), drawn(1, 3, 4, 100), drawn(1, 3, 4, 12)   # theirs: colour * 4 + place
    ours = theirs.reshape(1, 3, 4, 3, 4).swapaxes(3, 4).reshape(theirs.shape)
    wrong = mistaken("dynamic_upsample.residual_of_pytorch_in_the_order_of_tensorflow", x, logits, ours, s=2)
    assert np.array_equal(wrong, ops.dynamic_upsample(x, logits, theirs, s=2))


def test_a_bicubic_base_and_a_missing_factor():
    x = drawn(1, 4, 5, 3)
    wrong = mistaken("resize_bilinear.bicubic_of_pytorch", x, scale=4)
    assert np.array_equal(wrong, ops.resize_cubic(x, 4)) and wrong.shape == (1, 16, 20, 3)
    assert np.array_equal(2 * mistaken("sigmoid.halved", x), ops.sigmoid(x))


def test_a_mistake_is_a_wrong_answer_to_a_call():
    x = np.arange(8.0).reshape(1, 1, 1, 8)
    call = SUBJECTS["pixel_shuffle"].bind(x, 2)
    wrong = MISTAKES["pixel_shuffle.order_of_the_other_framework"].run(call)
    assert np.array_equal(wrong, ops.pixel_shuffle(x, 2, "tf"))
