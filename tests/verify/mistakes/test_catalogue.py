"""The catalogue: every mistake has a name, a sentence and an operation that it can be planted into."""
import numpy as np
import pytest

from refvr import ops
from refvr.verify.mistakes import MISTAKES, SUBJECTS


@pytest.mark.parametrize("name", MISTAKES)
def test_each_says_what_it_is(name):
    made = MISTAKES[name]
    assert made.name == name and name.split(".")[0] in SUBJECTS and len(made.says) > 4 and made.kind
    assert not made.says.endswith(".") and "  " not in made.says and "\n" not in made.says   # within a sentence


def test_vectors_that_are_published_have_no_flags_for_what_was_found_later():
    later = {"concat.softmax_over_the_parts", "deform_conv2d.mask_before_the_offsets", "sigmoid.halved",
             "dynamic_upsample.residual_of_pytorch_in_the_order_of_tensorflow", "resize_bilinear.bicubic_of_pytorch"}
    assert {name for name, made in MISTAKES.items() if not made.flagged} == later


def test_a_mistake_is_a_wrong_answer_to_a_call():
    x = np.arange(8.0).reshape(1, 1, 1, 8)
    call = SUBJECTS["pixel_shuffle"].bind(x, 2)
    wrong = MISTAKES["pixel_shuffle.order_of_the_other_framework"].run(call)
    assert np.array_equal(wrong, ops.pixel_shuffle(x, 2, "tf"))
