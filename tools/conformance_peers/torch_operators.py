"""PyTorch on the CPU, one thread. What it has no operator for is written as ports write it: unfold, grid_sample."""
import numpy as np

from conformance_peers import NotThereError, activated, border_name, nchw, nhwc, oihw, pixel_grid


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
        return f.grid_sample(x, t(i["grid_unit"]), "bilinear", border_name(o, "zero"), o.get("align_corners", False))

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

    def cubic(x, i, o):
        return f.interpolate(x, scale_factor=o["scale"], mode="bicubic", align_corners=False)

    def antialiased(x, i, o):
        return f.interpolate(x, scale_factor=o["scale"], mode="bicubic", align_corners=False, antialias=True)

    def warp(x, i, o):
        return f.grid_sample(x, t(pixel_grid(i["flow_px"])), "bilinear", border_name(o), True)

    def fac(i, o):
        """Patches by `unfold`, times the filters, summed over the taps."""
        n, h, w, c = i["x"].shape
        taps = i["kernel"].shape[3]
        k = round(taps ** 0.5)
        mode = {"replicate": "replicate", "zero": "constant"}[o["border"]]
        patches = f.unfold(f.pad(t(nchw(i["x"])), [k // 2] * 4, mode), k).reshape(n, c, taps, h, w)
        kernel = t(np.ascontiguousarray(i["kernel"].transpose(0, 4, 3, 1, 2)))                 # (n, c, k k, h, w)
        return nhwc((patches * kernel).sum(2))

    def filters(i, o):
        """(n, h, w, k k, s s)."""
        logits = t(i["logits"])
        return f.softmax(logits.reshape(*logits.shape[:3], -1, o["s"] ** 2), 3)

    def upsample(i, o):
        """Patches by `unfold`, weighted by a softmax over the taps, then a pixel shuffle of every colour."""
        (n, h, w, c), s = i["x"].shape, o["s"]
        taps = filters(i, o)
        k = round(taps.shape[3] ** 0.5)
        patches = f.unfold(f.pad(t(nchw(i["x"])), [k // 2] * 4), k).reshape(n, c, k * k, h, w)
        cells = torch.einsum("nckhw,nhwku->ncuhw", patches, taps)                             # (n, c, s s, h, w)
        residual = t(i["residual"]).reshape(n, h, w, s * s, c).permute(0, 4, 3, 1, 2)
        return nhwc(f.pixel_shuffle((cells + residual).reshape(n, c * s * s, h, w), s))

    def deform(i, o):
        """Every tap by one `grid_sample`, then a matrix product; PyTorch's own operator is in torchvision."""
        x, offset, mask, weight = i["x"], i["offset_px"], i["mask"], i["weight"]
        (n, h, w, c), (kh, kw, _, out), (y, columns) = x.shape, weight.shape, mask.shape[1:3]
        stride, d, groups = o.get("stride", 1), o.get("dilation", 1), o.get("groups", 1)
        p, each = o.get("padding", d * (kh // 2)), c // (mask.shape[3] // (kh * kw))
        image, col = t(nchw(x)), []
        for at in range(mask.shape[3]):
            g, (row, column) = at // (kh * kw), divmod(at % (kh * kw), kw)
            rows = offset[..., 2 * at] + (np.arange(y, dtype=np.float32)[:, None] * stride - p + row * d)
            across = offset[..., 2 * at + 1] + (np.arange(columns, dtype=np.float32) * stride - p + column * d)
            grid = np.stack([(2 * across + 1) / np.float32(w) - 1, (2 * rows + 1) / np.float32(h) - 1], -1)
            fetched = f.grid_sample(image[:, g * each:(g + 1) * each], t(grid), "bilinear", "zeros", False)
            col.append(fetched * t(np.ascontiguousarray(mask[..., at]))[:, None])             # (n, c / G, y, x)
        col = torch.stack(col, 1).reshape(n, -1, kh * kw, each, y, columns).transpose(2, 3)
        col = col.reshape(n, groups, -1, y * columns)                                         # (n, groups, ckk/g, .)
        matrices = t(oihw(weight)).reshape(groups, out // groups, -1)
        result = torch.matmul(matrices, col).reshape(n, out, y, columns) + t(i["bias"])[:, None, None]
        return nhwc(result)

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
        "warp": image(warp), "fac": fac, "dynamic_filters": lambda i, o: filters(i, o).numpy(),
        "dynamic_upsample": upsample, "deform_conv2d": deform, "resize_cubic": image(cubic),
        "imresize": image(antialiased), "to_8bit": plain(lambda x, o: (x.clamp(0, 1) * 255).round()),
        "resize_flow": image(lambda x, i, o: o["scale"] * resized(x, i, o)),
        "channel_dot": lambda i, o: (t(i["a"]) * t(i["b"])).sum(-1, keepdim=True).numpy(),
        "concat": lambda i, o: torch.cat([t(i[k]) for k in sorted(i)], -1).numpy()}
