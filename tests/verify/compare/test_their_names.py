"""Names that other programs give."""
import pytest

from refvr.verify.compare.their_names import insides, plain_name


@pytest.mark.parametrize("theirs, ours", [
    ("module.conv_first", ("conv_first", 0)), ("net/conv_first.output", ("conv_first", 0)),
    ("head#1", ("head", 1)), ("head[2]", ("head", 2)),
    ("/feature_extraction/feature_extraction.0/conv1/Conv_output_0", ("feature_extraction.0.conv1", 0)),
    ("/pcd_align/cas_dcnpack/conv_offset/Conv_3_output_0", ("pcd_align.cas_dcnpack.conv_offset", 3)),
])
def test_names_of_others(theirs, ours):
    assert plain_name(theirs) == ours


def test_what_a_module_does_inside_is_not_its_result():
    """A block's value is its last operation; of a layer that runs twice both are, where they are alike."""
    names = ["/block/conv1/Conv_output_0", "/block/Relu_output_0", "/block/conv2/Conv_output_0", "/block/Add_output_0",
             "/head/Conv_output_0", "/head/Conv_1_output_0", "/act/Sigmoid_output_0", "/act/Mul_output_0",
             "/Mul_output_0"]
    assert insides(names) == {"/block/Relu_output_0", "/act/Sigmoid_output_0"}
