"""One node of ONNX by the operations of refvr: {type: call(operands, attributes, names of results) -> result(s)}."""
from onnx_node_calls import images, values
from refvr import ops

CALLS = {
    "Conv": images.conv, "ConvTranspose": images.conv_transpose, "DeformConv": images.deform_conv,
    "GridSample": images.grid_sample, "Resize": images.resize, "DepthToSpace": images.depth_to_space,
    "SpaceToDepth": images.space_to_depth, "MaxPool": images.max_pool, "AveragePool": images.avg_pool,
    "GlobalAveragePool": images.global_avg_pool, "BatchNormalization": images.batch_norm, "Pad": images.pad,
    "Softmax": values.softmax, "PRelu": values.prelu, "LeakyRelu": values.pointwise(ops.leaky_relu, ("alpha", 0.01)),
    "Relu": values.pointwise(ops.relu), "Sigmoid": values.pointwise(ops.sigmoid), "Tanh": values.pointwise(ops.tanh),
    "Exp": values.pointwise(ops.exp), "Clip": values.clip, "Add": values.arithmetic(ops.add),
    "Sub": values.arithmetic(ops.sub), "Mul": values.arithmetic(ops.mul), "Sum": values.arithmetic(ops.add),
    "Concat": values.concat, "Split": values.split, "Slice": values.slice_, "Reshape": values.reshape,
    "ReduceMean": values.reduced(ops.mean), "ReduceSum": values.reduced(ops.sum), "MatMul": values.matmul,
    "Gemm": values.gemm,
}
