"""Nodes, constants and names of an ONNX model, and values that know where their axes lie."""
import numpy as np
import pytest

pytest.importorskip("onnx", reason="pip install 'refvr[peers]'")

from refvr.errors import InputError
from refvr.plan.onnx.writer import Value, Writer, second


@pytest.fixture
def writer():
    found = Writer(np.dtype(np.float32))
    found.begin("net.layer", "page.py:7")
    return found


def held(w, name):
    """The array that the model holds under a name."""
    return next(array for known, array in w.constants.values() if known == name)


def test_channels_go_to_the_second_axis():
    assert np.transpose(np.zeros((1, 3, 4, 2)), second(4)).shape == (1, 2, 3, 4)
    assert (second(5), second(3), second(2), second(0)) == ((0, 4, 1, 2, 3), (0, 2, 1), (0, 1), ())


def test_a_value_knows_where_our_axes_lie():
    x = Value("x", (0, 3, 1, 2), (2, 5, 7, 3))
    assert x.sizes == [2, 3, 5, 7] and [x.axis(k) for k in (0, 1, 2, 3, -1)] == [0, 2, 3, 1, 1]


def test_nodes_are_called_after_their_place_and_say_their_line(writer):
    assert [writer.add("Relu", "x"), writer.add("Relu", "y"), writer.add("Split", "x", outputs=2, axis=1)] == [
        "net.layer/Relu", "net.layer/Relu#1", ["net.layer/Split/0", "net.layer/Split/1"]]
    assert [(node.op_type, *node.input, node.doc_string) for node in writer.nodes] == [
        ("Relu", "x", "page.py:7"), ("Relu", "y", "page.py:7"), ("Split", "x", "page.py:7")]
    assert list(writer.nodes[2].output) == ["net.layer/Split/0", "net.layer/Split/1"]


def test_equal_arrays_are_held_once_and_others_are_not(writer):
    """Equal in values, type and shape."""
    first = writer.constant(np.ones(3, np.float32), "weight")
    assert writer.constant(np.ones(3, np.float32)) == first == "net.layer.weight"
    assert len({first, writer.constant(np.ones(3)), writer.constant(np.ones((3, 1), np.float32)),
                writer.constant(2 * np.ones(3, np.float32))}) == len(writer.constants) == 4


def test_parameters_have_the_layout_of_onnx_and_are_no_values(writer):
    weight = np.arange(24.0).reshape(1, 2, 3, 4)
    assert np.array_equal(held(writer, writer.parameter(weight, "weight", (3, 2, 0, 1))), weight.transpose(3, 2, 0, 1))
    with pytest.raises(InputError, match="its weight is computed, expected a constant"):
        writer.parameter(Value("x", (0,), (3,)), "weight")


def test_numbers_are_integers_and_others_have_the_type_of_the_model(writer):
    assert held(writer, writer.numbers(2, -1)).dtype == np.int64
    assert held(writer, writer.real(0.5)).dtype == held(writer, writer.real([[1]])).dtype == np.float32


def test_axes_are_moved_where_they_lie_otherwise(writer):
    x = Value("x", (0, 3, 1, 2), (2, 5, 7, 3))
    assert writer.ordered(x, (0, 3, 1, 2)) is x and writer.image(x) is x and not writer.nodes
    ours = writer.ordered(x, (0, 1, 2, 3))
    assert (ours.order, ours.shape) == ((0, 1, 2, 3), x.shape)
    assert list(writer.nodes[0].attribute[0].ints) == [0, 2, 3, 1]
    assert np.array_equal(held(writer, writer.image(np.ones((1, 2, 3, 4))).name), np.ones((1, 4, 2, 3)))


def test_operands_are_aligned_at_our_last_axis(writer):
    """A value for each channel meets an image whose channels are second; a single number has no axes."""
    assert held(writer, writer.operand(np.arange(3.0), 4)).shape == (1, 3, 1, 1)
    assert held(writer, writer.operand(np.float32(2), 4)).shape == () and writer.operand(Value("x", (), ()), 4) == "x"
    name = writer.operand(Value("x", (1, 0), (5, 3)), 4)       # (5, 3) against (n, h, 5, 3)
    assert [node.op_type for node in writer.nodes] == ["Transpose", "Reshape", "Transpose"]
    assert held(writer, writer.nodes[1].input[1]).tolist() == [1, 1, 5, 3] and writer.nodes[2].output[0] == name


def test_a_value_gets_its_name_from_the_node_that_makes_it(writer):
    """And those of the same translation that read it follow."""
    y = writer.add("Conv", "x")
    writer.add("Relu", y)
    assert writer.finished(Value(y, (0,), (3,)), "layer").name == "layer"
    assert (writer.nodes[0].name, *writer.nodes[0].output) == ("layer", "layer") and writer.nodes[1].input[0] == "layer"


def test_a_value_of_another_translation_gets_a_second_name_by_a_node_of_its_own(writer):
    """Each name may be looked for in a run."""
    y = writer.add("Conv", "x")
    writer.begin("net.next", "page.py:8")
    assert writer.finished(Value(y, (0,), (3,)), "again").name == "again"
    assert [node.op_type for node in writer.nodes] == ["Conv", "Identity"]
    assert (*writer.nodes[1].input, *writer.nodes[1].output) == (y, "again")
