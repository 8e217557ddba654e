"""ONNX graphs without a runtime: convolutions by our kernels where ours have the option, as every other way of running.

Each answer is held against ONNX Runtime where that is installed, and against sums that are written out here.
"""
import numpy as np
import pytest

from refvr import ops
from refvr.errors import InputError
from refvr.verify.bounds.numpy_graph import NumpyGraph

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

KINDS = {np.dtype(np.float32): onnx.TensorProto.FLOAT, np.dtype(np.float64): onnx.TensorProto.DOUBLE}
rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


def normal(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def saved(path, nodes, feeds, stored=(), opset=19, outputs=("y",)):
    kinds = {name: KINDS.get(x.dtype, onnx.TensorProto.FLOAT) for name, x in feeds.items()}
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info(n, kinds[n], x.shape) for n, x in
                                           feeds.items()],
                              [onnx.ValueInfoProto(name=name) for name in outputs],
                              [numpy_helper.from_array(np.asarray(x), name) for name, x in dict(stored).items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("other", 1)],
                                ir_version=9), path)
    return path


def answer(path, feeds):
    graph = NumpyGraph(path)
    return graph.run(graph.session(graph.model), ["y"], feeds)[0]


def in_onnxruntime(path, feeds):
    """What the other runtime answers; None where it is not installed or lacks the operator."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(["y"], feeds)[0]


def convolved(x, w, b, *, strides=(1, 1), dilations=(1, 1), pads=(0, 0, 0, 0), group=1):
    """The definition, in float64."""
    x = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])))
    reach = [(k - 1) * d for k, d in zip(w.shape[2:], dilations)]
    sizes = [(n - r - 1) // s + 1 for n, r, s in zip(x.shape[2:], reach, strides)]
    y = np.zeros((len(x), len(w), *sizes))
    each, many = w.shape[1], len(w) // group
    for o in range(len(w)):
        part = x[:, o // many * each:(o // many + 1) * each]
        for i, j in np.ndindex(*w.shape[2:]):
            rows = slice(i * dilations[0], i * dilations[0] + (sizes[0] - 1) * strides[0] + 1, strides[0])
            columns = slice(j * dilations[1], j * dilations[1] + (sizes[1] - 1) * strides[1] + 1, strides[1])
            y[:, o] += np.einsum("nchw,c->nhw", part[:, :, rows, columns], w[o, :, i, j])
    return y if b is None else y + b[:, None, None]


CONVOLUTIONS = [   # options of the operator, and whether our kernel has them
    ({}, True), ({"pads": [1, 1, 1, 1]}, True), ({"pads": [1, 2, 1, 2], "strides": [2, 2]}, True),
    ({"dilations": [2, 2], "pads": [2, 2, 2, 2]}, True), ({"group": 2, "pads": [1, 1, 1, 1]}, True),
    ({"pads": [0, 1, 2, 1]}, False), ({"strides": [1, 2], "pads": [1, 1, 1, 1]}, False),
    ({"dilations": [1, 2], "pads": [1, 2, 1, 2]}, False)]


@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("options, ours", CONVOLUTIONS)
def test_convolutions(options, ours, with_bias, tmp_path, monkeypatch):
    calls, right = [], ops.conv2d
    monkeypatch.setattr(ops, "conv2d", lambda *args, **named: calls.append(1) or right(*args, **named))
    x, w = normal(2, 4, 7, 9), normal(6, 4 // options.get("group", 1), 3, 3)
    b = normal(6) if with_bias else None
    stored = {"w": w} | ({"b": b} if with_bias else {})
    path = saved(tmp_path / "g.onnx", [helper.make_node("Conv", ["x", *stored], ["y"], **options)], {"x": x}, stored)
    found = answer(path, {"x": x})
    np.testing.assert_allclose(found, convolved(x, w, b, **options), rtol=1e-4, atol=1e-4)
    assert len(calls) == ours and (found.flags.c_contiguous or not ours)
    np.testing.assert_allclose(found, in_onnxruntime(path, {"x": x}), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("x, w, options", [
    (normal(1, 3, 8), normal(4, 3, 3), {"pads": [1, 1]}), (normal(1, 2, 3, 4, 5), normal(4, 2, 3, 3, 3), {}),
    (normal(1, 3, 6, 6), normal(4, 3, 3, 3), {"auto_pad": "SAME_UPPER"})])
def test_what_is_no_image_or_pads_by_itself_is_left_to_the_evaluator(x, w, options, tmp_path, monkeypatch):
    monkeypatch.setattr(ops, "conv2d", lambda *_, **__: pytest.fail("our kernel has no such option"))
    path = saved(tmp_path / "g.onnx", [helper.make_node("Conv", ["x", "w"], ["y"], **options)], {"x": x}, {"w": w})
    found = answer(path, {"x": x})
    np.testing.assert_allclose(found, in_onnxruntime(path, {"x": x}), rtol=1e-4, atol=1e-4)


def test_numbers_of_other_types_are_left_to_it_too(tmp_path, monkeypatch):
    monkeypatch.setattr(ops, "conv2d", lambda *_, **__: pytest.fail("our kernel would round these"))
    x, w = normal(1, 2, 5, 5).astype(np.float64), normal(3, 2, 3, 3).astype(np.float64)
    path = saved(tmp_path / "g.onnx", [helper.make_node("Conv", ["x", "w"], ["y"])], {"x": x}, {"w": w})
    np.testing.assert_allclose(answer(path, {"x": x}), convolved(x, w, None), rtol=1e-12)


@pytest.mark.parametrize("options, masked, with_bias, ours", [
    ({"pads": [1, 1, 1, 1]}, True, True, True), ({"pads": [1, 1, 1, 1], "offset_group": 2}, True, False, True),
    ({"strides": [2, 2], "dilations": [2, 2], "pads": [2, 2, 2, 2], "group": 2}, True, True, True),
    ({"pads": [1, 1, 1, 1]}, False, True, False), ({"pads": [0, 1, 0, 1]}, True, True, False),
    ({"pads": [1, 1, 1, 1], "strides": [2, 1]}, True, True, False)])
def test_deformable_convolutions(options, masked, with_bias, ours, tmp_path, monkeypatch):
    """Against the evaluator of the package, which is the standard's own definition."""
    calls, right = [], ops.deform_conv2d
    monkeypatch.setattr(ops, "deform_conv2d", lambda *args, **named: calls.append(1) or right(*args, **named))
    x, w, b = normal(1, 4, 4, 5), normal(4, 4 // options.get("group", 1), 3, 3), normal(4)
    h, v = convolved(x, np.zeros_like(w), None, **{k: o for k, o in options.items() if k != "offset_group"}).shape[2:]
    many = options.get("offset_group", 1)
    feeds = {"x": x, "offset": normal(1, 18 * many, h, v), "mask": rng.random((1, 9 * many, h, v)).astype(np.float32)}
    names = ["x", "w", "offset", "b" if with_bias else "", "mask" if masked else ""]
    feeds = {name: value for name, value in feeds.items() if name in names}
    path = saved(tmp_path / "g.onnx", [helper.make_node("DeformConv", names, ["y"], kernel_shape=[3, 3], **options)],
                 feeds, {"w": w, "b": b})
    want = ReferenceEvaluator(str(path)).run(["y"], feeds)[0]
    np.testing.assert_allclose(answer(path, feeds), want, rtol=1e-4, atol=1e-4)
    assert len(calls) == ours
    if masked and many == 1:   # offsets of nothing: the convolution of what the mask leaves
        feeds = {"x": x, "offset": 0 * feeds["offset"], "mask": 0 * feeds["mask"] + 0.5}
        geometry = {key: value for key, value in options.items() if key != "offset_group"}
        np.testing.assert_allclose(answer(path, feeds), convolved(x, w / 2, b if with_bias else None, **geometry),
                                   rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind, least, most", [(np.int8, -128, 127), (np.uint8, 0, 255)])
def test_values_are_rounded_as_the_standard_says(kind, least, most, tmp_path):
    """Half a step goes to the even number; what the grid does not reach is cut off."""
    x, step, zero = np.float32([0.25, 0.75, -0.25, 3.3, 1000, -1000]), np.float32(0.5), kind(7)
    nodes = [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
             helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"])]
    path = saved(tmp_path / "g.onnx", nodes, {"x": x}, {"s": step, "z": zero})
    whole = np.clip(np.rint(x / step) + 7, least, most)
    assert whole[:4].tolist() == [7, 9, 7, 14]
    assert np.array_equal(answer(path, {"x": x}), (whole - 7) * step)
    assert np.array_equal(answer(path, {"x": x}), in_onnxruntime(path, {"x": x}))


def test_what_is_not_standard_and_what_stops_is_one_line(tmp_path):
    x = {"x": normal(2, 3)}
    odd = NumpyGraph(saved(tmp_path / "odd.onnx", [helper.make_node("Mystery", ["x"], ["y"], domain="other")], x))
    with pytest.raises(InputError, match=r"odd\.onnx has something that the package onnx does not compute.*Mystery") \
            as caught:
        odd.session(odd.model)
    assert "standard operators" in caught.value.fix and "\n" not in caught.value.message
    stops = NumpyGraph(saved(tmp_path / "stops.onnx", [helper.make_node("Reshape", ["x", "s"], ["y"])], x,
                             {"s": np.array([4])}))
    with pytest.raises(InputError, match=r"stops\.onnx stopped in the package onnx") as caught:
        stops.run(stops.session(stops.model), ["y"], x)
    assert "\n" not in caught.value.message


def test_division_by_zero_is_a_value_and_no_warning(tmp_path):
    nodes = [helper.make_node("Div", ["x", "n"], ["y"])]
    path = saved(tmp_path / "g.onnx", nodes, {"x": np.float32([1, 0])}, {"n": np.float32([0, 0])})
    found = answer(path, {"x": np.float32([1, 0])})
    assert found[0] == np.inf and np.isnan(found[1])
