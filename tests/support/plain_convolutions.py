"""Convolutions tap by tap in float64, for kernels: zeros outside, whole numbers, so that every sum is exact."""
import numpy as np


def whole_numbers(seed, *shape, dtype=np.float32, most=4):
    """Small ones: sums of their products are exact in float32 too, so a kernel has to hit them to the last bit."""
    return np.random.default_rng(seed).integers(-most, most + 1, shape).astype(dtype)


def taken(x, rows, columns):
    """x[:, rows, columns] of x (n, h, w, c), 0 outside."""
    n, h, w, c = x.shape
    found = np.zeros((n, len(rows), len(columns), c))
    r, q = (np.flatnonzero((at >= 0) & (at < size)) for at, size in ((rows, h), (columns, w)))
    found[:, r[:, None], q] = x[:, rows[r][:, None], columns[q]]
    return found


def seen_by(i, j, size, offset, stride, dilation):
    """Rows and columns of the input that tap i, j of each output pixel reads."""
    return (np.arange(count) * stride + tap * dilation + first for count, tap, first in zip(size, (i, j), offset))


def correlated(x, weight, size, offset, *, stride=1, dilation=1, groups=1):
    """y[n,y,x,o] = sum_{i,j,c} x[n, y*s + i*d + top, x*s + j*d + left, g*cg + c] * weight[i,j,c,o]."""
    kh, kw, cg, o = weight.shape
    y, each = np.zeros((len(x), *size, o)), o // groups
    for i, j in np.ndindex(kh, kw):
        seen = taken(x, *seen_by(i, j, size, offset, stride, dilation))
        for g in range(groups):
            outputs = slice(g * each, (g + 1) * each)
            y[..., outputs] += seen[..., g * cg:(g + 1) * cg] @ weight[i, j][:, outputs].astype(np.float64)
    return y


def spread(dz, weight, size, offset, *, stride=1, dilation=1, groups=1):
    """The gradient (n, *size, c) of the input of `correlated`: each product goes back to where its input lay."""
    kh, kw, cg, o = weight.shape
    dx, each = np.zeros((len(dz), *size, cg * groups)), o // groups
    for i, j in np.ndindex(kh, kw):
        rows, columns = seen_by(i, j, dz.shape[1:3], offset, stride, dilation)
        for (y, row), (x, column) in ((a, b) for a in enumerate(rows) for b in enumerate(columns)):
            if 0 <= row < size[0] and 0 <= column < size[1]:
                for g in range(groups):
                    outputs = slice(g * each, (g + 1) * each)
                    dx[:, row, column, g * cg:(g + 1) * cg] += dz[:, y, x, outputs] @ weight[i, j][:, outputs].T
    return dx


def products(x, dz, kernel_shape, offset, *, stride=1, dilation=1, groups=1):
    """The gradient of the weights of `correlated`: input times gradient, over all pixels."""
    kh, kw, cg, o = kernel_shape
    found, each = np.zeros(kernel_shape), o // groups
    for i, j in np.ndindex(kh, kw):
        seen = taken(x, *seen_by(i, j, dz.shape[1:3], offset, stride, dilation))
        for g in range(groups):
            outputs = slice(g * each, (g + 1) * each)
            found[i, j][:, outputs] = np.einsum("nyxc,nyxo->co", seen[..., g * cg:(g + 1) * cg], dz[..., outputs])
    return found


def activated(z, slope):
    return np.where(z > 0, z, slope * z) if slope else np.maximum(z, 0)


def correlated_frames(x, weight, size, offset):
    """The same over frames too, x (n, t, h, w, c): of those that there are, each is a convolution of images."""
    y = np.zeros((len(x), *size, weight.shape[-1]))
    for z, f in np.ndindex(size[0], len(weight)):
        if 0 <= z + f + offset[0] < x.shape[1]:
            y[:, z] += correlated(x[:, z + f + offset[0]], weight[f], size[1:], offset[1:])
    return y


def dense(x, norm, mix, weight, bias, pad, slope=1.0):
    """A dense block on a clip x (t, h, w, c): norm and ReLU, 1x1 mix and ReLU, 3x3x3; None: without one."""
    hidden = x.astype(np.float64)
    if norm is not None:
        mean, scale, shift = norm
        hidden = np.maximum((hidden - mean) * scale + shift, 0)
    if mix is not None:
        hidden = np.maximum(hidden @ mix[0].astype(np.float64) + mix[1], 0)
    size = len(x) + 2 * pad - 2, *x.shape[1:3]
    return activated(correlated_frames(hidden[None], weight, size, (-pad, -1, -1))[0] + bias, slope)
