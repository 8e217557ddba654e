"""Capture: a page on values that are not there gives the graph of what it computes, and the graph its bytes."""
from __future__ import annotations

from pathlib import Path

import hashes
import numpy as np
import pytest
from network_pages import inputs_of

import refvr
from refvr import networks, ops, zoo
from refvr.errors import InputError, ShapeError
from refvr.ops.core.operation import Operation
from refvr.plan import Like, capture
from refvr.plan.graph import Node, Undecided, leaves
from refvr.plan.run import Order


@pytest.mark.parametrize("name", [name for name in hashes.SUBJECTS if "chosen" not in name])
def test_a_graph_gives_the_bytes_of_the_page(name):
    net = hashes.SUBJECTS[name].network()
    arrays, rest, options = inputs_of(net)
    graph = capture(net, *(Like(x.shape) for x in arrays), *rest, **options)
    order = Order(graph)
    for precision in ("winograd", "direct"):
        with refvr.precision(precision):
            page, planned = net(*arrays, *rest, **options), order.run(*arrays, *rest)
        page, planned = ([x for x in leaves(y) if isinstance(x, np.ndarray)] for y in (page, planned))
        assert len(page) == len(planned) > 0
        assert all(a.tobytes() == b.tobytes() and a.shape == b.shape for a, b in zip(page, planned))


@pytest.mark.parametrize("name", zoo.MODELS)
def test_every_network_is_captured_and_its_shapes_are_right(name):
    net = zoo.build(name)
    graph = capture(net, *(Like(x.shape) for x in inputs_of(net, 64, 96)[0]), *inputs_of(net)[1],
                    **inputs_of(net)[2])
    scale = getattr(net.config, "scale", 1) if type(net).__name__ != "SAFA" else 1
    assert graph.outputs[0].shape[-3:] == (64 * scale, 96 * scale, 3)
    assert all(x.line.startswith("refvr/networks/") for x in graph.nodes if x.operation)


def test_shapes_and_names_are_those_of_a_traced_run():
    net = zoo.build("edvr-s-x4").init(np.random.default_rng(1))
    arrays, _, _ = inputs_of(net)
    graph = capture(net, *(Like(x.shape) for x in arrays))
    with refvr.trace() as seen:
        net(*arrays)
    named = sorted((name, node.shape) for node in graph.nodes for name in node.names)
    assert named == sorted((name.split("#")[0], value.shape) for name, value in seen.items())


def test_a_node_knows_where_it_comes_from():
    net = zoo.build("remonet")
    graph = capture(net, Like((1, 5, 8, 8, 3)))
    node = next(x for x in graph.nodes if "step3.unet.down1.skip" in x.names)
    assert node.scope == "step3." and node.module == "unet.down1.skip.pointwise"
    file, line = node.line.split(":")
    assert file == "refvr/networks/remonet.py" and int(line) > 0 and node.operation.name == "conv2d"


def test_inputs_have_no_operation_and_absent_operands_are_told():
    graph = capture(lambda x: ops.conv2d(x, np.ones((1, 1, 4, 5), np.float32)), Like((1, 2, 3, 4)))
    given, computed = graph.inputs[0], graph.outputs[0]
    assert (given.kind, computed.kind) == ("", "conv2d") and computed.computed_by is computed.operation
    assert computed.operand(0) is given
    with pytest.raises(TypeError, match="is an input; expected the result of an operation"):
        _ = given.computed_by
    with pytest.raises(TypeError, match="has no operand 2"):
        computed.operand(2)


def test_parts_have_their_names_whoever_is_called_first():
    net = zoo.build("edvr-s-x4").init(np.random.default_rng(1))
    with refvr.trace() as seen:
        net.extract(np.zeros((1, 8, 8, 3), np.float32))
    assert "feature_extraction.0.conv1" in seen


def test_branches_on_shapes_are_taken_and_constants_join():
    def page(x, *, twice):
        y = x * 2.0 if x.shape[1] > 4 else 1.0 - x
        return {"y": [ops.concat(y, np.zeros((*x.shape[:-1], 2), np.float32)) for _ in range(1 + twice)]}

    x = np.random.default_rng(0).random((1, 5, 3, 2), np.float32)
    graph = capture(page, Like(x.shape), twice=True)
    assert [node.operation.name for node in graph.nodes[1:]] == ["mul", "concat", "concat"]
    assert np.array_equal(Order(graph).run(x)["y"][1], page(x, twice=True)["y"][1])
    assert capture(page, Like((1, 4, 3, 2)), twice=False).nodes[1].operation.name == "sub"


def test_a_value_that_decides_cuts_the_graph_and_says_where():
    with pytest.raises(Undecided, match=r"test_graph.py:\d+ looks into the value of %1 relu"):
        capture(lambda x: x if (ops.relu(x) > 0) else -x, Like((2, 2)))
    net = zoo.build("safa-s")
    with pytest.raises(Undecided, match="networks/safa.py"):
        capture(net, Like((1, 8, 8, 3)), Like((1, 8, 8, 3)), [0.5])


def test_bad_calls_are_refused_as_they_are_with_arrays():
    with pytest.raises(ShapeError, match="all float32 or all float64"):
        capture(ops.add, Like((2, 2)), Like((2, 2), np.float64))
    with pytest.raises(ShapeError, match="broadcast"):
        capture(ops.add, Like((2, 2)), Like((3, 2)))
    with pytest.raises(InputError, match="'odd' has no shape rule"):
        capture(Operation("odd", np.sin), Like((2,)))
    graph = capture(ops.relu, Like((2, 2)))
    with pytest.raises(ShapeError, match="for which it was made"):
        Order(graph).run(np.zeros((2, 3), np.float32))


def test_lifetimes_are_counted():
    def page(x):
        a = ops.relu(x)             # 4096 bytes each
        b = ops.exp(a)
        ops.tanh(b)                 # nobody needs it
        c = ops.reshape(b + a, (4, 256))
        return c[1:3]               # lies in c

    graph = capture(page, Like((1, 32, 32, 1)))
    order = Order(graph)
    assert [node.operation.name for node in order.nodes] == ["relu", "exp", "add", "reshape", "slice"]
    assert order.held == [8192, 12288, 16384, 8192, 8192] and order.peak == 16384
    assert all(isinstance(x, Node) for x in order.ends)


@pytest.mark.parametrize("page, most", [("remonet", 225), ("stfan", 200)])
def test_pages_stay_as_short_as_they_are(page, most):
    assert len((Path(networks.__file__).parent / f"{page}.py").read_text().splitlines()) <= most
