"""Embedded weights in int8: what `refvr export` writes, quantised by ONNX Runtime, with one number of it wrong."""
import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

from refvr import ops
from refvr.verify.compare.compare import compare
from refvr.verify.compare.ports.quantized import Grid
from refvr.verify.compare.shift import reading, shift
from refvr.verify.runs.exported import export

GRID = Grid(0.1, -20, -128, 127)


@pytest.fixture(scope="module")
def ours():
    return np.random.default_rng(0).normal(0, 1.5, (1, 12, 16, 4))


@pytest.mark.parametrize(("change", "says"), [
    (lambda x: x, ""),
    (lambda x: x + 0.1, "off as a whole, by +1 steps"),
    (lambda x: x - 0.3, "off as a whole, by -3 steps"),
    (lambda x: 1.25 * x, "1.25 times ours but for what is added: look at its scale"),
    (lambda x: x * np.array([1, 1, 2.0, 1]), "2 times ours but for what is added in channel 2 alone"),
    (lambda x: x[:, ::-1], ""),
])
def test_the_number_that_is_wrong_is_named(change, says, ours):
    theirs = GRID.rounded(change(ours))
    found = reading("conv", theirs, ours, GRID)
    assert says in found and bool(says) == bool(found)
    assert (abs(shift(theirs, ours, GRID)) > 0.75) == ("whole" in says)


def test_what_lies_at_an_end_of_the_grid_is_not_counted(ours):
    assert shift(GRID.rounded(np.full((1, 9, 9, 1), 50.0)), np.full((1, 9, 9, 1), 90.0), GRID) == 0


def dequantised(model, name):
    return next(node for node in model.graph.node if name in node.output)


def changed(model, node, at, change):
    """Another stored array in the place of an operand of one node."""
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    array = change(arrays[node.input[at]]).astype(arrays[node.input[at]].dtype)
    model.graph.initializer.append(onnx.numpy_helper.from_array(array, f"wrong_{node.input[at]}"))
    node.input[at] = f"wrong_{node.input[at]}"


def named(model, name):
    return next(node for node in model.graph.node if node.name == name)


def weight_scale(conv, change):
    return lambda model: changed(model, dequantised(model, named(model, conv).input[1]), 1, change)


def of_value(name, at, change):
    return lambda model: changed(model, dequantised(model, f"{name}_DequantizeLinear_Output"), at, change)


def one_channel(scale):
    return scale * np.where(np.arange(scale.size) == 2, 2, 1)


def raw_residual(add):
    """The residual's whole numbers are added as they are: DequantizeLinear is missing."""
    def plant(model):
        node = named(model, add)
        cast = onnx.helper.make_node("Cast", [dequantised(model, node.input[1]).input[0]], ["raw"], to=1)
        model.graph.node.insert(list(model.graph.node).index(node), cast)
        node.input[1] = "raw"
    return plant


def swapped(name):
    def plant(model):
        node = named(model, name)
        node.input[0], node.input[1] = node.input[1], node.input[0]
    return plant


PLANTED = {   # model -> (what plants it, the first value that is wrong, a word of the note)
    "edvr-s-x4": [
        (weight_scale("conv_l2_1/Conv", lambda s: 1.5 * s), "conv_l2_1", "1.5 times ours"),
        (weight_scale("reconstruction.3.conv1/Conv", one_channel), "reconstruction.3.conv1", "channel 2 alone"),
        (of_value("reconstruction.2.conv1", 2, lambda z: z + 1), "reconstruction.2.conv1", "zero point"),
        (of_value("upconv1", 1, lambda s: 1.3 * s), "upconv1", "1.3 times ours"),
        (raw_residual("reconstruction.4.conv2"), "reconstruction.4", ""),
        (swapped("frame0.pcd_align.l3/concat"), "frame0.pcd_align.l3.offset_conv1", ""),
    ],
    "remonet-s-told": [
        (weight_scale("step0.conv1/Conv", lambda s: 1.5 * s), "step0.conv1", "1.5 times ours"),
        (weight_scale("fusion.enc2.second/Conv", one_channel), "fusion.enc2.second", "channel 2 alone"),
        (of_value("fusion.down1", 2, lambda z: z + 1), "fusion.down1", "zero point"),
        (of_value("fusion.enc2", 1, lambda s: 1.3 * s), "fusion.enc2", "1.3 times ours"),
        (raw_residual("fusion.enc1.second"), "fusion.enc1", ""),
        (swapped("step2./concat#1"), "step2.conv1", ""),
    ],
}


@pytest.mark.long
@pytest.mark.parametrize("model", PLANTED)
def test_embedded_weights_in_int8(model, tmp_path):
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    from quantise import quantise, subject_at

    subject = subject_at(model)
    export(subject, tmp_path / "float.onnx")
    healthy = quantise(model, tmp_path / "float.onnx", tmp_path / "int8.onnx")
    with ops.threads(1):
        report = compare(subject, healthy, with_isolation=True)
        assert report.precision == "int8" and report.healthy and not report.names_are_wrong and len(report.rows) > 100
        for plant, guilty, says in PLANTED[model]:
            wrong = onnx.load(str(healthy))
            plant(wrong)
            onnx.save(wrong, str(tmp_path / "wrong.onnx"))
            report = compare(subject, tmp_path / "wrong.onnx", with_isolation=True)
            assert report.guilty and report.guilty.name == guilty, (guilty, report.guilty)
            assert says in " ".join(report.notes), (guilty, report.notes)
