"""ONNX operators, one node a model, run by ONNX Runtime or by ONNX's reference evaluator."""
import numpy as np

from conformance_peers import activated, border_name, nchw, nhwc, oihw, pixel_grid


def graph(node_type, inputs, opset=20, **attributes):
    """A model of one node over arrays `inputs` (name -> array)."""
    from onnx import TensorProto, helper

    kinds = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}
    names = {name: helper.make_tensor_value_info(name, kinds[a.dtype.name], a.shape) for name, a in inputs.items()
             if a.size}
    node = helper.make_node(node_type, [n if n in names else "" for n in inputs], ["out"], **attributes)
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, None)
    return helper.make_model(helper.make_graph([node], "one", list(names.values()), [out]),
                             opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def onnx_calls(run):
    """{operation: call} for a peer that runs an ONNX model: run(model, inputs) -> array."""
    def one(node_type, inputs, **attributes):
        return run(graph(node_type, inputs, **attributes), {k: np.asarray(v) for k, v in inputs.items() if v.size})

    def conv(node_type, i, o, **attributes):
        w = oihw(i["weight"]) if node_type == "Conv" else np.ascontiguousarray(i["weight"].transpose(2, 3, 0, 1))
        y = one(node_type, {"x": nchw(i["x"]), "w": w, "b": i["bias"]}, **attributes)
        return activated(nhwc(y), o, i.get("residual"))

    def conv2d(i, o):
        d, k = o.get("dilation", 1), i["weight"].shape[0] // 2
        return conv("Conv", i, o, strides=[o.get("stride", 1)] * 2, dilations=[d] * 2, group=o.get("groups", 1),
                    pads=[d * k] * 4)

    def deform(i, o):
        kh, kw = i["weight"].shape[:2]
        d = o.get("dilation", 1)
        operands = {"x": nchw(i["x"]), "w": oihw(i["weight"]), "offset": nchw(i["offset_px"]), "b": i["bias"],
                    "mask": nchw(i["mask"])}
        y = one("DeformConv", operands, strides=[o.get("stride", 1)] * 2, dilations=[d] * 2, group=o.get("groups", 1),
                pads=[o.get("padding", d * (kh // 2))] * 4, kernel_shape=[kh, kw],
                offset_group=i["mask"].shape[3] // (kh * kw))
        return nhwc(y)

    def sampled(i, o):
        return nhwc(one("GridSample", {"x": nchw(i["x"]), "grid": i["grid_unit"]}, mode="linear",
                        padding_mode=border_name(o, "zero"), align_corners=int(o.get("align_corners", False))))

    def warp(i, o):
        return nhwc(one("GridSample", {"x": nchw(i["x"]), "grid": pixel_grid(i["flow_px"])}, mode="linear",
                        padding_mode=border_name(o), align_corners=1))

    def resized(i, o):
        x, corners = nchw(i["x"]), o.get("align_corners", False)
        empty = np.zeros(0, np.float32)
        scales = np.array([1, 1, o["scale"], o["scale"]], np.float32) if "scale" in o else empty
        sizes = np.array([*x.shape[:2], *o["size"]], np.int64) if "size" in o else np.zeros(0, np.int64)
        inputs = {"x": x, "roi": empty, "scales": scales} | ({"sizes": sizes} if sizes.size else {})
        return nhwc(one("Resize", inputs, mode="linear",
                        coordinate_transformation_mode="align_corners" if corners else "half_pixel"))

    def cubic(**attributes):
        def call(i, o):
            scales = np.array([1, 1, o["scale"], o["scale"]], np.float32)
            inputs = {"x": nchw(i["x"]), "roi": np.zeros(0, np.float32), "scales": scales}
            return nhwc(one("Resize", inputs, mode="cubic", **attributes))
        return call

    def padded(i, o):
        (top, bottom), (left, right) = o["pads"]
        pads = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
        return nhwc(one("Pad", {"x": nchw(i["x"]), "pads": pads}, mode={"zero": "constant"}.get(o["mode"], o["mode"])))

    def filters(i, o):
        logits = i["logits"]
        return one("Softmax", {"x": logits.reshape(*logits.shape[:3], -1, o["s"] ** 2)}, axis=3)

    def norm(i, o):
        return nhwc(one("BatchNormalization", {"x": nchw(i["x"]), "s": i["gamma"], "b": i["beta"], "m": i["mean"],
                                               "v": i["var"]}, epsilon=o["eps"]))

    def shuffled(i, o):
        mode = "CRD" if o.get("order", "torch") == "torch" else "DCR"
        return nhwc(one("DepthToSpace", {"x": nchw(i["x"])}, blocksize=o["s"], mode=mode))

    def image(node_type, **attributes):
        return lambda i, o: nhwc(one(node_type, {"x": nchw(i["x"])}, **attributes))

    pool = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}
    return {
        "conv2d": conv2d, "deform_conv2d": deform, "grid_sample": sampled, "resize_bilinear": resized,
        "batch_norm": norm, "pixel_shuffle": shuffled, "conv3d": lambda i, o: conv("Conv", i, o, pads=o["padding"] * 2),
        "conv_transpose2d": lambda i, o: conv("ConvTranspose", i, o, strides=[o["stride"]] * 2, pads=[o["padding"]] * 4,
                                              output_padding=[o.get("output_padding", 0)] * 2),
        "warp": warp, "dynamic_filters": filters, "pad": padded,
        "resize_cubic": cubic(cubic_coeff_a=-0.75), "imresize": cubic(cubic_coeff_a=-0.5, antialias=1),
        "clip": lambda i, o: one("Clip", {"x": i["x"], "lo": np.float32(o["lo"]), "hi": np.float32(o["hi"])}),
        "concat": lambda i, o: one("Concat", {name: i[name] for name in sorted(i)}, axis=-1),
        "linear": lambda i, o: one("Gemm", {"x": i["x"], "w": i["weight"], "b": i["bias"]}),
        "max_pool": image("MaxPool", **pool), "avg_pool": image("AveragePool", count_include_pad=1, **pool),
        "relu": lambda i, o: one("Relu", {"x": i["x"]}), "sigmoid": lambda i, o: one("Sigmoid", {"x": i["x"]}),
        "tanh": lambda i, o: one("Tanh", {"x": i["x"]}), "softmax": lambda i, o: one("Softmax", {"x": i["x"]}, axis=-1),
        "leaky_relu": lambda i, o: one("LeakyRelu", {"x": i["x"]}, alpha=o["slope"]),
        "prelu": lambda i, o: one("PRelu", {"x": i["x"], "slope": i["w"]})}


def onnxruntime_peer():
    """ONNX Runtime on the CPU, one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1

    def run(model, inputs):
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return session.run(None, inputs)[0]
    return onnxruntime.__version__, onnx_calls(run)


def onnx_peer():
    """ONNX's reference evaluator."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    return onnx.__version__, onnx_calls(lambda model, inputs: ReferenceEvaluator(model).run(None, inputs)[0])
