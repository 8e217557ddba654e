"""Two operations by ONNX Runtime, for `refvr vectors run vectors --module onnxruntime_port --layout nchw`.

Arrays are as ONNX has them, (n, c, h, w), kernels (o, c / groups, kh, kw), all float32; options have refvr's names.
"""
import numpy as np
import onnxruntime
from onnx import TensorProto, helper


def run(node_type, inputs, **attributes):
    """One node over arrays by name."""
    values = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in (*inputs, "y")}
    node = helper.make_node(node_type, list(inputs), ["y"], **attributes)
    graph = helper.make_graph([node], "one", [values[name] for name in inputs], [values["y"]])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, inputs)[0]


def conv2d(x, weight, bias, residual=None, stride=1, dilation=1, groups=1, activation="none", slope=0.1):
    """Convolution, sum and activation."""
    edge = weight.shape[2] // 2 * dilation
    y = run("Conv", {"x": x, "w": weight, "b": bias}, strides=[stride] * 2, dilations=[dilation] * 2, group=groups,
            pads=[edge] * 4)
    y = y if residual is None else y + residual
    below = {"none": 1.0, "relu": 0.0, "leaky_relu": slope}[activation]
    return np.where(y > 0, y, np.float32(below) * y)


def deform_conv2d(x, offset_px, mask, weight, bias, stride=1, dilation=1, groups=1, padding=None):
    """Deformable convolution with modulation; offsets are rows before columns there too."""
    kh, kw = weight.shape[2:]
    edge = kh // 2 * dilation if padding is None else padding
    operands = {"x": x, "w": weight, "offset": offset_px, "b": bias, "mask": mask}
    return run("DeformConv", operands, strides=[stride] * 2, dilations=[dilation] * 2, group=groups, pads=[edge] * 4,
               kernel_shape=[kh, kw], offset_group=mask.shape[1] // (kh * kw))
