"""ONNX's own node tests of the types that we have: each passes, differs on purpose, or is refused for a reason."""
from types import SimpleNamespace

import numpy as np
import pytest
from places import ROOT

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
import onnx_nodes
from onnx_node_calls.refuse import LACKS


def case(kind, inputs, want, name="a_case", **attributes):
    names = [f"i{k}" if a is not None else "" for k, a in enumerate(inputs)]
    node = onnx.helper.make_node(kind, names, ["y"], **attributes)
    model = SimpleNamespace(graph=SimpleNamespace(node=[node]))
    return SimpleNamespace(name=name, model=model, data_sets=[([a for a in inputs if a is not None], [want])],
                           rtol=1e-3, atol=1e-7)


def test_right_wrong_and_refused_are_told_apart():
    x = np.arange(6, dtype=np.float32).reshape(1, 2, 3) - 2
    assert onnx_nodes.run(case("Relu", [x], np.maximum(x, 0))).status == "pass"
    wrong = onnx_nodes.run(case("Relu", [x], x))
    assert (wrong.status, wrong.why) == ("fail", "off by 2")
    integers = onnx_nodes.run(case("Relu", [x.astype(int)], x))
    assert (integers.status, integers.why) == ("refused", "integers")
    broken = onnx_nodes.run(case("MatMul", [x, np.ones((5, 1), np.float32)], x))
    assert broken.status == "fail" and "linear" in broken.why  # an error of an operation is no refusal


def test_the_corners_that_meet_are_those_of_the_rounded_size():
    x = np.arange(1, 9, dtype=np.float32).reshape(1, 1, 2, 4)
    scales = np.array([1, 1, 0.6, 0.6], np.float32)
    done = {want: onnx_nodes.run(case(
        "Resize", [x, None, scales], np.array([[[[1, want]]]], np.float32), next(iter(onnx_nodes.DIFFERS)),
        mode="linear", coordinate_transformation_mode="align_corners")).status for want in (4.0, 3.142857)}
    assert done == {4.0: "pass", 3.142857: "differs"}


@pytest.mark.long
def test_every_case_passes_or_has_its_reason():
    outcomes = [onnx_nodes.run(one) for one in onnx_nodes.cases()]
    assert [o for o in outcomes if o.status == "fail"] == []
    assert {o.name for o in outcomes if o.status == "differs"} == set(onnx_nodes.DIFFERS)
    assert {o.why for o in outcomes if o.status == "refused"} == set(LACKS)  # no reason that nothing is refused for
    if onnx.__version__ == "1.23.2":  # others bring other cases
        assert onnx_nodes.table(outcomes) in (ROOT / "docs" / "vectors.md").read_text()
