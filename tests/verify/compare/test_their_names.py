"""Names that other programs give."""
import pytest

from refvr.verify.compare.their_names import counted_calls, in_calls, insides, plain_name, taken_apart


@pytest.mark.parametrize("theirs, ours", [
    ("module.conv_first", ("conv_first", 0)), ("net/conv_first.output", ("conv_first", 0)),
    ("head#1", ("head", 1)), ("head[2]", ("head", 2)),
    ("/feature_extraction/feature_extraction.0/conv1/Conv_output_0", ("feature_extraction.0.conv1", 0)),
    ("/pcd_align/cas_dcnpack/conv_offset/Conv_3_output_0", ("pcd_align.cas_dcnpack.conv_offset", 3)),
])
def test_names_of_others(theirs, ours):
    assert plain_name(theirs) == ours


def test_what_a_module_does_inside_is_not_its_result():
    """A block's value is its last operation; of a layer that runs twice both are, where each kind is there twice."""
    inside = ["/block/Relu_output_0", "/block_1/Add_output_0", "/act/Sigmoid_output_0", "/dcn_1/Add_output_0",
              "/dcn_1/Sigmoid_output_0"]
    names = ["/block/conv1/Conv_output_0", *inside[:1], "/block/conv2/Conv_output_0", "/block/Add_output_0",
             "/head/Conv_output_0", "/head/Conv_1_output_0", *inside[1:2], "/block_1/Add_1_output_0", *inside[2:3],
             "/act/Mul_output_0", *inside[3:], "/dcn_1/Add_1_output_0", "/Mul_output_0"]
    assert insides(names) == set(inside)


def test_the_call_without_a_count_is_the_first():
    names = ["/pcd/dcn_1/Add_6_output_0", "/pcd/dcn_2/Add_6_output_0", "/pcd/dcn/Add_6_output_0"]
    calls = in_calls((name, taken_apart(name, {"pcd.dcn"})) for name in names)
    assert calls == {0: [names[2]], 1: [names[0]], 2: [names[1]]}


def test_counted_modules_of_a_graph_are_calls_though_nobody_knows_them():
    names = ["/block/act/Relu_output_0", "/block/act_2/Relu_output_0", "/block/act_1/Relu_output_0",
             "/head/Conv_output_0"]
    assert counted_calls(names) == {names[0]: (0, 3), names[2]: (1, 3), names[1]: (2, 3)}
