"""An ONNX graph with every value as an output: values under right names, of one that stops those before, bad ones."""
import sys

import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.compare.ports import onnx_graph
from refvr.verify.compare.ports.onnx_graph import OnnxGraph, load_graph, one_line

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
from onnx import TensorProto, helper, numpy_helper

X = np.float32([[1, -2], [-3, 4]])
node = helper.make_node


def within(made, *scopes):
    """The node with the paths of its modules, as PyTorch's exporter notes them."""
    made.metadata_props.append(onnx.StringStringEntryProto(key="pkg.torch.onnx.name_scopes", value=repr([*scopes])))
    return made


FLOAT = TensorProto.FLOAT


def saved(path, nodes, *, outputs=("y",), stored=(), inputs=(("x", FLOAT, (2, 2)),), kind=FLOAT):
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info(*row) for row in inputs],
                              [helper.make_tensor_value_info(name, kind, None) for name in outputs],
                              [numpy_helper.from_array(np.asarray(x), name) for name, x in dict(stored).items()])
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17),
                                                                    helper.make_opsetid("other", 1)]), path)
    return path


CHAIN = [node("Relu", ["x"], ["/act/Relu_output_0"]), node("Neg", ["/act/Relu_output_0"], ["minus"]),
         node("Mul", ["minus", "three"], ["y"])]
THREE = {"three": np.float32(3)}


def test_every_value_and_what_is_given_out(tmp_path):
    graph = OnnxGraph(saved(tmp_path / "g.onnx", CHAIN, stored=THREE))
    assert [str(want) for want in graph.wanted] == ["x of 2x2"]
    found = graph.values({"x": X}, "mine")
    positive = np.maximum(X, 0)
    want = {"act/Relu_output_0": positive, "minus": -positive, "y": -3 * positive}
    assert list(found) == list(want) and all(np.array_equal(found[name], x) for name, x in want.items())
    assert found.results == {"y": "y"} and not found.stopped and str(found.path) == "mine"
    assert [x.tolist() for x in graph.results({"x": X})] == [(-3 * positive).tolist()]


def test_inputs_of_any_size_and_type_and_stored_ones_that_are_none(tmp_path):
    inputs = [("a", TensorProto.FLOAT, ("n", 3, 0)), ("b", TensorProto.UINT8, (2,)), ("c", TensorProto.FLOAT16, None),
              ("three", TensorProto.FLOAT, ())]
    path = saved(tmp_path / "g.onnx", [node("Relu", ["a"], ["y"])], inputs=inputs, stored=THREE)
    wanted = OnnxGraph(path).wanted
    assert [(want.name, want.shape, want.dtype) for want in wanted] == [
        ("a", (None, 3, None), "float32"), ("b", (2,), "uint8"), ("c", None, "float16")]


def test_a_value_is_called_after_the_module_whose_last_it_is(tmp_path):
    nodes = [within(node("Neg", ["x"], ["v1"]), "", "body", "body.0", "neg"),
             within(node("Relu", ["v1"], ["v2"]), "", "body", "body.0", "relu"),
             within(node("Neg", ["v2"], ["v3"]), "", "body", "neg_1"), within(node("Neg", ["v3"], ["y"]), "", "neg_2")]
    assert OnnxGraph(saved(tmp_path / "g.onnx", nodes)).names() == {"v1": "v1", "v2": "body.0", "v3": "body", "y": "y"}


@pytest.mark.parametrize("said", ["", "no list", "3", "[" * 5000, "['a'", f"['{'a' * 20_000}']"])
def test_scopes_that_are_none_are_no_names(said, tmp_path):
    made = node("Neg", ["x"], ["v1"])
    made.metadata_props.append(onnx.StringStringEntryProto(key=onnx_graph.SCOPES, value=said))
    assert OnnxGraph(saved(tmp_path / "g.onnx", [made, node("Neg", ["v1"], ["y"])])).names()["v1"] == "v1"


def test_a_module_name_that_a_value_has_already_is_not_given_twice(tmp_path):
    nodes = [within(node("Neg", ["x"], ["v1"]), "act", "neg"), node("Neg", ["v1"], ["act"]),
             node("Neg", ["act"], ["y"])]
    names = OnnxGraph(saved(tmp_path / "g.onnx", nodes)).names()
    assert sorted(names.values()) == ["act", "v1", "y"]


def test_of_a_graph_that_stops_there_are_the_values_before(tmp_path):
    nodes = [*CHAIN[:2], node("Reshape", ["minus", "seven"], ["wrong"], name="the_wrong_one"),
             node("Neg", ["wrong"], ["y"])]
    graph = OnnxGraph(saved(tmp_path / "g.onnx", nodes, stored={"seven": np.array([7])}))
    found = graph.values({"x": X}, "mine")
    assert list(found) == ["act/Relu_output_0", "minus"] and np.array_equal(found["minus"], -np.maximum(X, 0))
    assert found.stopped.startswith("at the_wrong_one (Reshape), 2 of 4 nodes are compared: ") and not found.results
    assert "\n" not in found.stopped
    with pytest.raises(InputError, match=r"ONNX Runtime stopped in .*g\.onnx"):
        graph.results({"x": X})
    first = OnnxGraph(saved(tmp_path / "f.onnx", nodes[2:], stored={"seven": np.array([7]), "minus": X}))
    with pytest.raises(InputError, match="ONNX Runtime"):
        first.values({"x": X}, "mine")


def test_values_of_whole_numbers_are_none_and_that_is_said_of_what_is_given_out(tmp_path):
    nodes = [node("Neg", ["x"], ["minus"]), node("Cast", ["minus"], ["y"], to=TensorProto.UINT8)]
    found = OnnxGraph(saved(tmp_path / "g.onnx", nodes, kind=TensorProto.UINT8)).values({"x": X}, "mine")
    assert list(found) == ["minus"] and "your y is of whole numbers" in found.notes[0] and not found.results


def test_a_large_graph_is_asked_for_no_more_than_fits_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_graph, "AT_ONCE", 100)   # bytes; a value has 16 here
    names = [f"v{k}" for k in range(20)]
    nodes = [node("Neg", [before], [name]) for before, name in zip(["x", *names], names)]
    graph, asked = OnnxGraph(saved(tmp_path / "g.onnx", nodes, outputs=[names[-1]])), []
    run = graph.run
    monkeypatch.setattr(graph, "run", lambda session, names, feeds: asked.append(names) or run(session, names, feeds))
    found = graph.values({"x": X}, "mine")
    assert list(found) == names and [len(part) for part in asked] == [6, 6, 6, 2]
    assert all(np.array_equal(found[name], X if k % 2 else -X) for k, name in enumerate(names))


def test_quantised_values_come_with_their_grids_and_without_rounding_beside(tmp_path):
    stored = {"s": np.float32(0.5), "z": np.int8(3)}
    nodes = [node("Mul", ["x", "by"], ["v"]), node("QuantizeLinear", ["v", "s", "z"], ["q"]),
             node("DequantizeLinear", ["q", "s", "z"], ["d"]), node("Neg", ["d"], ["y"])]
    found = OnnxGraph(saved(tmp_path / "g.onnx", nodes, stored={**stored, "by": np.float32(0.3)})).values({"x": X}, "m")
    (name,) = found.grids
    assert np.array_equal(found[name], np.rint(X * np.float32(0.3) / 0.5) / 2)   # what goes on is the value
    assert (found.grids[name].scale, found.grids[name].zero) == (0.5, 3)
    assert np.array_equal(found.unrounded["y"], -X * np.float32(0.3)) and np.array_equal(found["y"], -found[name])


def test_words_that_stand_beside_the_graph_are_known(tmp_path):
    path = saved(tmp_path / "g.onnx", CHAIN, stored=THREE)
    assert OnnxGraph(path).said == {}
    model = onnx.load(path)
    model.metadata_props.append(onnx.StringStringEntryProto(key="times", value="[0.25]"))
    onnx.save(model, path)
    assert OnnxGraph(path).said == {"times": "[0.25]"}


@pytest.mark.parametrize("data", [b"", b"not a graph", b"\x08\x07" * 1000])
def test_a_damaged_file_is_one_line(data, tmp_path):
    (tmp_path / "g.onnx").write_bytes(data)
    with pytest.raises(InputError, match=r"g\.onnx is no sound ONNX graph") as caught:
        OnnxGraph(tmp_path / "g.onnx")
    assert "\n" not in caught.value.message and caught.value.fix == "export it again"


def test_a_truncated_graph_is_refused_or_another_graph_that_cannot_run(tmp_path):
    data = saved(tmp_path / "g.onnx", CHAIN, stored=THREE).read_bytes()
    for size in range(0, len(data), 7):
        (tmp_path / "cut.onnx").write_bytes(data[:size])
        with pytest.raises(InputError, match="ONNX"):
            OnnxGraph(tmp_path / "cut.onnx").results({"x": X})


def test_two_values_of_one_name_and_operators_that_nobody_knows(tmp_path):
    nodes = [node("Relu", ["x"], ["a"]), node("Neg", ["x"], ["a"]), node("Neg", ["a"], ["y"])]
    double = saved(tmp_path / "g.onnx", nodes)
    with pytest.raises(InputError, match="two values called a, expected names that differ"):
        load_graph(double)
    strange = OnnxGraph(saved(tmp_path / "s.onnx", [node("Mystery", ["x"], ["y"], domain="other")]))
    with pytest.raises(InputError, match="ONNX Runtime .* does not take .*Mystery"):
        strange.values({"x": X}, "mine")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_the_package_the_extra_is_named(package, tmp_path, monkeypatch):
    path = saved(tmp_path / "g.onnx", CHAIN, stored=THREE)
    graph = OnnxGraph(path)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=f"package {package}") as caught:
        load_graph(path) if package == "onnx" else graph.results({"x": X})
    assert "refvr[peers]" in caught.value.fix


def test_what_an_exception_says_is_one_line_of_bounded_length():
    assert one_line(ValueError("two\n  lines")) == "two lines" and one_line(KeyError()) == "KeyError"
    assert one_line(ValueError("a" * 300), most=5) == "aaaaa..."
