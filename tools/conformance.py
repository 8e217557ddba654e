"""Run our conformance vectors against installed peers and write docs/conformance.md.

    python tools/conformance.py [--vectors DIR] [-o docs/conformance.md]

Peers: PyTorch, ONNX Runtime and ONNX's reference evaluator, each where it is installed. A peer's operator gets the
inputs of a vector in its own layout; the table says whether its answer lies within the tolerance, and where not, which
mistake of the catalogue it makes.
"""
from __future__ import annotations

import argparse
import datetime
import platform
import sys
import tempfile
from pathlib import Path

import numpy as np

from refvr.cli.table import markdown
from refvr.verify.vectors.export import VERSION, chosen, export
from refvr.verify.vectors.run import Card, NotThereError, cards, judge

HEAD = """# Who gets what right

The [conformance vectors](vectors.md) of single operations, run against what is installed beside us. A number is the
share of the tolerance that the answer uses (1 or less passes); **a number in bold fails**; `-`: the peer has no such
operator, or this table does not know how to call it. Everything is float32 on the CPU.

"""


def nchw(x):
    """(n, h, w, c) -> (n, c, h, w)."""
    return np.ascontiguousarray(np.moveaxis(x, -1, 1))


def nhwc(y):
    """(n, c, h, w) -> (n, h, w, c)."""
    return np.moveaxis(np.asarray(y), 1, -1)


def oihw(w):
    """(kh, kw, c, o) -> (o, c, kh, kw), also with frames in front."""
    return np.ascontiguousarray(np.moveaxis(np.moveaxis(w, -1, 0), -1, 1))


def activated(y, options, residual=None):
    """What our fused convolutions do behind their sum."""
    y = y if residual is None else y + residual
    slope = {"none": 1.0, "relu": 0.0, "leaky_relu": options.get("slope", 0.1)}[options.get("activation", "none")]
    return np.where(y > 0, y, np.float32(slope) * y)


def torch_peer():
    """PyTorch: (version, {operation: call(inputs, options)})."""
    import torch
    import torch.nn.functional as f

    t = torch.from_numpy
    torch.set_num_threads(1)

    def image(function):
        return lambda i, o: nhwc(function(t(nchw(i["x"])), i, o))

    def conv2d(i, o):
        pad = o.get("dilation", 1) * (i["weight"].shape[0] // 2)
        y = f.conv2d(t(nchw(i["x"])), t(oihw(i["weight"])), t(i["bias"]), o.get("stride", 1), pad,
                     o.get("dilation", 1), o.get("groups", 1))
        return activated(nhwc(y), o, i.get("residual"))

    def conv3d(i, o):
        y = f.conv3d(t(nchw(i["x"])), t(oihw(i["weight"])), t(i["bias"]), padding=tuple(o["padding"]))
        return activated(nhwc(y), o)

    def transposed(i, o):
        w = np.ascontiguousarray(i["weight"].transpose(2, 3, 0, 1))
        y = f.conv_transpose2d(t(nchw(i["x"])), t(w), t(i["bias"]), o["stride"], o["padding"],
                               o.get("output_padding", 0))
        return activated(nhwc(y), o)

    def resized(x, i, o):
        corners = o.get("align_corners", False)
        if "size" in o:
            return f.interpolate(x, tuple(o["size"]), mode="bilinear", align_corners=corners)
        return f.interpolate(x, scale_factor=o["scale"], mode="bilinear", align_corners=corners)

    def sampled(x, i, o):
        border = {"zero": "zeros", "replicate": "border"}.get(o.get("border", "zero"), o.get("border"))
        return f.grid_sample(x, t(i["grid_unit"]), "bilinear", border, o.get("align_corners", False))

    def batch_norm(x, i, o):
        return f.batch_norm(x, t(i["mean"]), t(i["var"]), t(i["gamma"]), t(i["beta"]), False, 0.1, o["eps"])

    def batch_norm_train(x, i, o):
        return f.batch_norm(x, None, None, t(i["gamma"]), t(i["beta"]), True, 0.1, o["eps"])

    def padded(x, i, o):
        (top, bottom), (left, right) = o["pads"]
        return f.pad(x, (left, right, top, bottom), {"zero": "constant", "edge": "replicate"}.get(o["mode"], o["mode"]))

    def shuffled(i, o):
        if o.get("order", "torch") != "torch":
            raise NotThereError
        return nhwc(f.pixel_shuffle(t(nchw(i["x"])), o["s"]))

    def plain(function):
        return lambda i, o: function(t(i["x"]), o).numpy()

    def loss(function):
        return lambda i, o: function(t(i["y"]), t(i["target"]), o).numpy()

    return torch.__version__, {
        "conv2d": conv2d, "conv3d": conv3d, "conv_transpose2d": transposed, "resize_bilinear": image(resized),
        "grid_sample": image(sampled), "batch_norm": image(batch_norm), "batch_norm_train": image(batch_norm_train),
        "pad": image(padded), "pixel_shuffle": shuffled,
        "pixel_unshuffle": image(lambda x, i, o: f.pixel_unshuffle(x, o["s"])),
        "max_pool": image(lambda x, i, o: f.max_pool2d(x, 3, 2, 1)),
        "avg_pool": image(lambda x, i, o: f.avg_pool2d(x, 3, 2, 1)),
        "linear": lambda i, o: f.linear(t(i["x"]), t(np.ascontiguousarray(i["weight"].T)), t(i["bias"])).numpy(),
        "prelu": image(lambda x, i, o: f.prelu(x, t(i["w"]))), "relu": plain(lambda x, o: f.relu(x)),
        "leaky_relu": plain(lambda x, o: f.leaky_relu(x, o["slope"])), "tanh": plain(lambda x, o: torch.tanh(x)),
        "sigmoid": plain(lambda x, o: torch.sigmoid(x)), "softmax": plain(lambda x, o: f.softmax(x, -1)),
        "clip": plain(lambda x, o: x.clamp(o["lo"], o["hi"])), "mse_loss": loss(lambda y, g, o: f.mse_loss(y, g)),
        "l1_loss": loss(lambda y, g, o: f.l1_loss(y, g, reduction=o["reduction"])),
        "huber_loss": loss(lambda y, g, o: f.huber_loss(y, g, delta=o["delta"])),
        "concat": lambda i, o: torch.cat([t(i[k]) for k in sorted(i)], -1).numpy()}


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
        return run(graph(node_type, inputs, **attributes), {k: v for k, v in inputs.items() if v.size})

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
        border = {"zero": "zeros", "replicate": "border"}.get(o.get("border", "zero"), o.get("border"))
        return nhwc(one("GridSample", {"x": nchw(i["x"]), "grid": i["grid_unit"]}, mode="linear", padding_mode=border,
                        align_corners=int(o.get("align_corners", False))))

    def resized(i, o):
        x, corners = nchw(i["x"]), o.get("align_corners", False)
        empty = np.zeros(0, np.float32)
        scales = np.array([1, 1, o["scale"], o["scale"]], np.float32) if "scale" in o else empty
        sizes = np.array([*x.shape[:2], *o["size"]], np.int64) if "size" in o else np.zeros(0, np.int64)
        inputs = {"x": x, "roi": empty, "scales": scales} | ({"sizes": sizes} if sizes.size else {})
        return nhwc(one("Resize", inputs, mode="linear",
                        coordinate_transformation_mode="align_corners" if corners else "half_pixel"))

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


PEERS = {"PyTorch": torch_peer, "ONNX Runtime": onnxruntime_peer, "ONNX reference": onnx_peer}


def answer_of(calls):
    """How `refvr.verify.vectors.run` asks a peer."""
    def answer(card: Card):
        call = calls.get(card.data["operation"])
        if call is None:
            raise NotThereError
        return {"y": np.asarray(call(card.inputs(), card.data["options"]))}
    return answer


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", help="an export of single operations; without it one is made")
    parser.add_argument("-o", "--output", default="docs/conformance.md")
    args = parser.parse_args()
    peers = {}
    for name, make in PEERS.items():
        try:
            peers[name] = make()
        except ImportError:
            print(f"{name} is not installed", file=sys.stderr)
    with tempfile.TemporaryDirectory() as made:
        folder = args.vectors or f"{made}/vectors"
        total = None if args.vectors else export(folder, ["ops"])
        names = {vector.name for vector in chosen(["ops"])}
        rows, notes, flags = [], [], {name: set() for name in peers}
        for card in (card for card in cards(folder) if card.data["name"] in names):
            row, flagged = [card.data["name"]], {m["name"] for m in card.data["mistakes"]}
            for peer, (_, calls) in peers.items():
                result = judge(card, answer_of(calls))
                row.append(cell(result))
                if result.status == "pass":
                    flags[peer] |= flagged
                elif result.status == "fail":
                    lead = "equals the reference with " if result.mistakes else ""
                    notes.append(f"- {peer}, `{result.name}`: {result.problem}{lead}{result.says}")
            rows.append([*row, str(len(flagged))])
    write(Path(args.output), peers, rows, notes, flags, total)


def cell(result):
    """Share of the tolerance, bold where it is too much."""
    if result.status == "skip":
        return "-"
    used = result.used.get("y")
    return f"{used:.2f}" if result.status == "pass" else f"**{'error' if used is None else f'{used:.3g}'}**"


def write(path, peers, rows, notes, flags, total):
    """The page."""
    versions = ", ".join(f"{name} {version}" for name, (version, _) in peers.items())
    rows = [row for row in rows if set(row[1:-1]) != {"-"}]
    counts = "\n".join(f"- {name}: {len(found)} mistakes of the catalogue ruled out" for name, found in flags.items())
    text = (f"{HEAD}Made by `python tools/conformance.py` on {datetime.date.today()}, {versions}, "
            f"NumPy {np.__version__}, Python {platform.python_version()}, one thread; vectors of version {VERSION}"
            f"{f', hash {total[:16]}' if total else ''}.\n\n"
            f"{markdown(['vector', *peers, 'mistakes it catches'], rows, right=set(range(1, len(peers) + 2)))}\n\n"
            f"{counts}\n\n" + (f"What fails, and what it looks like:\n\n{chr(10).join(notes)}\n" if notes else ""))
    path.write_text(text)
    print(f"{path}: {len(rows)} vectors, {len(notes)} failures")


if __name__ == "__main__":
    main()
