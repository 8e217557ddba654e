"""Five more ports, each in a style of its own, made from files alone: a trace's inputs and saved weights.

    stfan    NumPy, channels first, no framework; a folder of .npy, a value a layer
    duf      functions of PyTorch over a state dict, no modules; one .npz with names of its own, few values
    edvr, safa, remonet   modules of PyTorch, dumped by hooks; the source of a module is edited, as a porter's slip is

`wrong` plants the mistake of the port; without it the port is healthy.
"""
import sys
import types
from pathlib import Path

import h5py
import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from places import ROOT
from torch.nn import functional as f

sys.path.insert(0, str(ROOT / "tools"))
import torch_peers  # noqa: E402

F32 = np.float32


def inputs(trace):
    """Name -> array as the trace has it, channels last."""
    with h5py.File(trace) as file:
        return {name: item[()] for name, item in file["inputs"].items()}


# STFAN in NumPy

def leaky(x):
    return np.where(x > 0, x, F32(0.1) * x)


def conv(x, w, b, stride=1):
    """(c, h, w), (o, c, k, k) -> (o, h', w')."""
    k = w.shape[2]
    x = np.pad(x, ((0, 0), (k // 2, k // 2), (k // 2, k // 2)))
    patches = sliding_window_view(x, (k, k), (1, 2))[:, ::stride, ::stride]     # (c, y, x, i, j)
    return np.tensordot(w, patches, ((1, 2, 3), (0, 3, 4))) + b[:, None, None]


def upconv(x, w, b):
    """Transposed, 4x4, stride 2, padding 1; w (c, o, 4, 4)."""
    c, h, width = x.shape
    canvas = np.zeros((w.shape[1], 2 * h + 2, 2 * width + 2), F32)
    for i in range(4):
        for j in range(4):
            canvas[:, i:i + 2 * h:2, j:j + 2 * width:2] += np.tensordot(w[:, :, i, j], x, (0, 0))
    return canvas[:, 1:-1, 1:-1] + b[:, None, None]


def fac(x, filters, wrong):
    """One k x k filter for each pixel and channel; filters (c * 25, h, w)."""
    c, h, w = x.shape
    taps = filters.reshape(c, 5, 5, h, w)
    x, y = np.pad(x, ((0, 0), (2, 2), (2, 2)), mode="edge"), np.zeros((c, h, w), F32)
    for i in range(5):
        for j in range(5):
            y += taps[:, j, i] * x[:, i:i + h, j:j + w] if wrong else taps[:, i, j] * x[:, i:i + h, j:j + w]
    return y


def stfan(trace, weights, folder, wrong):
    """Taps swapped."""
    p = {name: value.numpy() for name, value in torch.load(weights, weights_only=True).items()}
    p = {name.removeprefix("module."): value for name, value in p.items()}
    folder.mkdir()

    def keep(name, value):
        np.save(folder / f"{name}.npy", value[None])
        return value

    def layer(name, x, stride=1):
        return keep(name, leaky(conv(x, p[f"{name}.0.weight"], p[f"{name}.0.bias"], stride)))

    def residual(name, x):
        y = leaky(conv(x, p[f"{name}.stem.0.weight"], p[f"{name}.stem.0.bias"]))
        return keep(name, x + conv(y, p[f"{name}.stem.2.weight"], p[f"{name}.stem.2.bias"]))

    def filters(name, x):
        x = leaky(conv(x, p[f"{name}.0.0.weight"], p[f"{name}.0.0.bias"]))
        for k in (1, 2):
            y = leaky(conv(x, p[f"{name}.{k}.stem.0.weight"], p[f"{name}.{k}.stem.0.bias"]))
            x = x + conv(y, p[f"{name}.{k}.stem.2.weight"], p[f"{name}.{k}.stem.2.bias"])
        return keep(name, leaky(conv(x, p[f"{name}.3.0.weight"], p[f"{name}.3.0.bias"])))

    given = {name: np.moveaxis(x[0], -1, 0) for name, x in inputs(trace).items()}
    k, e = np.concatenate([given[n] for n in ("frame", "previous", "restored")]), given["frame"]
    for scale in (1, 2, 3):
        k = layer(f"kconv{scale}_1", k, 1 if scale == 1 else 2)
        e = layer(f"conv{scale}_1", e, 1 if scale == 1 else 2)
        for block in (2, 3):
            k, e = residual(f"kconv{scale}_{block}", k), residual(f"conv{scale}_{block}", e)
    align = filters("fac_warp", k)
    carried = layer("fea", given["state"] if "state" in given else np.concatenate([e, e]))
    deblur = filters("fac_deblur", np.concatenate([k, layer("kconv4", align)]))
    y = np.concatenate([fac(e, deblur, wrong), fac(carried, align, wrong)])
    for scale in (2, 1):
        name = f"upconv{scale}"
        y = keep(f"{name}_u", leaky(upconv(y, p[f"{name}_u.0.weight"], p[f"{name}_u.0.bias"])))
        y = residual(f"{name}_1", residual(f"{name}_2", y))
    keep("output", leaky(conv(y, p["img_prd.0.weight"], p["img_prd.0.bias"])) + given["frame"])
    return folder


# DUF by functions

def duf(trace, weights, folder, wrong):
    """The logits cut into (s s, 25) in place of (25, s s) before the softmax."""
    p = {name: value.float() for name, value in torch.load(weights, weights_only=True).items()}
    x = torch.from_numpy(inputs(trace)["x"]).permute(0, 4, 1, 2, 3)      # (n, 3, t, h, w)
    centre, kept = x[:, :, 3], {}

    def c3(name, x, pad):
        return f.conv3d(x, p[f"{name}.weight"], p[f"{name}.bias"], padding=pad)

    def bn(name, x):
        return f.batch_norm(x, p[f"{name}.running_mean"], p[f"{name}.running_var"], p[f"{name}.weight"],
                            p[f"{name}.bias"], eps=1e-3)

    def grow(name, x, pad):
        y = c3(f"{name}.2", f.relu(bn(f"{name}.0", x)), 0)
        return c3(f"{name}.5", f.relu(bn(f"{name}.3", y)), pad)

    x = kept["conv3d1"] = c3("conv3d1", x, (0, 1, 1))
    k = 0
    while f"dense_block1.dense_blocks.{k}.0.weight" in p:
        x = torch.cat((x, grow(f"dense_block1.dense_blocks.{k}", x, 1)), 1)
        k += 1
    for k in (1, 2, 3):
        x = torch.cat((x[:, :, 1:-1], grow(f"dense_block2.temporal_reduce{k}", x, (0, 1, 1))), 1)
    x = kept["conv3d2"] = f.relu(c3("conv3d2", f.relu(bn("bn3d2", x)), (0, 1, 1)))
    r = kept["conv3d_r2"] = c3("conv3d_r2", f.relu(c3("conv3d_r1", x, 0)), 0)
    logits = kept["conv3d_f2"] = c3("conv3d_f2", f.relu(c3("conv3d_f1", x, 0)), 0)
    n, _, _, h, w = logits.shape
    cells = logits.shape[1] // 25
    filters = logits.reshape(n, cells, 25, h, w).softmax(2).transpose(1, 2) if wrong else \
        logits.reshape(n, 25, cells, h, w).softmax(1)
    patches = f.unfold(centre, 5, padding=2).reshape(n, 3, 25, h, w)
    y = torch.einsum("nckhw,nkuhw->ncuhw", patches, filters).reshape(n, 3 * cells, h, w)
    kept["output"] = f.pixel_shuffle(y + r[:, :, 0], round(cells ** 0.5))
    np.savez(folder, **{name: value.numpy() for name, value in kept.items()})
    return folder


# modules with a slip in their source

SLIPS = {
    "edvr": ("edvr", "a = act(self.spatial_attn3(a))",
             "a = nn.functional.leaky_relu(self.spatial_attn3(a), 0.2)"),      # everywhere else 0.1
    "safa": ("safa", "resized(self.out1(f1), 2)",
             'interpolate(self.out1(f1), scale_factor=2, mode="bilinear", align_corners=True)'),
}


def slipped(name, wrong):
    """torch_peers.NAME, its source edited."""
    right = sys.modules[f"torch_peers.{name}"]
    source = Path(right.__file__).read_text()
    _, old, new = SLIPS[name]
    assert old in source
    made = types.ModuleType(right.__name__)
    exec(compile(source.replace(old, new) if wrong else source, right.__file__, "exec"), made.__dict__)
    return made


def hooked(peer, args, path):
    """The recipe of docs/compare.md."""
    page = (ROOT / "docs" / "compare.md").read_text()
    scope = {}
    exec(page.split("```python\n")[1].split("```")[0], scope)
    if path.name.startswith("safa"):
        inner = peer.forward
        peer.forward = lambda *given: inner(*given)[0][:, 0]
    scope["dump"](peer, args, path)
    return path


def module_port(network, net, trace, path, wrong):
    """A port whose weights are those of `net`."""
    torch.set_num_threads(1)
    peer = torch_peers.from_refvr(net)
    if network in SLIPS:
        kind = type(peer).__name__
        other = getattr(slipped(network, wrong), kind)(net.config).eval()
        other.load_state_dict(peer.state_dict())
        peer = other
    blue = (network == "safa") != (network == "remonet" and wrong)   # ReMoNet's mistake: blue first
    turned = [np.moveaxis(x[..., ::-1] if blue else x, -1, -3) for x in inputs(trace).values()]
    args = [torch.from_numpy(np.ascontiguousarray(x)) for x in turned]
    return hooked(peer, args + [torch.tensor([[0.5]])] * (network == "safa"), path)
