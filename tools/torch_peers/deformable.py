"""The deformable convolution of onnxruntime, which PyTorch itself has not: a second peer for that operation."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime
from onnx import TensorProto, helper


def onnx_deform(x: np.ndarray, offset_px: np.ndarray, mask: np.ndarray, weight: np.ndarray, threads: int
                ) -> Callable[[], np.ndarray]:
    """A call that answers with (n, o, h, w), for operands as `refvr.ops.deform_conv2d` takes them; 3x3, padding 1.

    Operands are turned to channels first before, outside of what is timed.
    """
    given = {"x": x.transpose(0, 3, 1, 2), "w": weight.transpose(3, 2, 0, 1), "offset": offset_px.transpose(0, 3, 1, 2),
             "b": np.zeros(weight.shape[3], np.float32), "mask": mask.transpose(0, 3, 1, 2)}
    given = {name: np.ascontiguousarray(array) for name, array in given.items()}
    node = helper.make_node("DeformConv", list(given), ["y"], pads=[1, 1, 1, 1], kernel_shape=[3, 3],
                            offset_group=mask.shape[3] // 9)
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in (*given, "y")]
    model = helper.make_model(helper.make_graph([node], "deform", values[:-1], values[-1:]), ir_version=9,
                              opset_imports=[helper.make_opsetid("", 19)])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads keep off our processor
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, given)[0]
