"""Bilinear samples and their gradients from the formula, in float64: places in quarters, so that all is exact."""
import numpy as np
from plain_convolutions import whole_numbers


def quarters(seed, *shape, most=3):
    """Places whose fractions are 0, 1/4, 1/2 or 3/4: products with whole numbers round nowhere."""
    return np.random.default_rng(seed).integers(-4 * most, 4 * most + 1, shape) / 4


def corners(p, q):
    """For the four pixels around places p, q: row, column, share, and its derivatives by p and by q."""
    i, j = np.floor(p).astype(int), np.floor(q).astype(int)
    b, a = p - i, q - j
    yield i, j, (1 - b) * (1 - a), a - 1, b - 1
    yield i, j + 1, (1 - b) * a, -a, 1 - b
    yield i + 1, j, b * (1 - a), 1 - a, -b
    yield i + 1, j + 1, b * a, a, b


def inside(x, i, j):
    return (i >= 0) & (i < x.shape[0]) & (j >= 0) & (j < x.shape[1])


def blended(x, p, q):
    """Samples of x (h, w, c) at places p, q of one shape, and their derivatives by p and q; outside counts as 0."""
    found = np.zeros((3, *p.shape, x.shape[2]))
    for i, j, *factors in corners(p, q):
        seen = np.zeros((*p.shape, x.shape[2]))
        seen[inside(x, i, j)] = x[i[inside(x, i, j)], j[inside(x, i, j)]]
        for total, factor in zip(found, factors):
            total += factor[..., None] * seen
    return found


def scattered(g, x, p, q):
    """The gradient of x (h, w, c) from that of its samples, g (*p.shape, c)."""
    dx = np.zeros(x.shape)
    for i, j, share, *_ in corners(p, q):
        there = inside(x, i, j)
        np.add.at(dx, (i[there], j[there]), (share[..., None] * g)[there])
    return dx


class Deformed:
    """A deformable convolution: whole numbers, offsets in quarters, masks in halves; loops over images and taps."""

    def __init__(self, groups=1, offset_groups=1, each=2, o=3, size=(2, 5, 7), kernel=(3, 3), stride=1, dilation=1,
                 padding=1, most=3, dtype=np.float32):
        n, h, w = size
        self.kernel, self.stride, self.dilation, self.padding = kernel, stride, dilation, padding
        self.groups, self.offset_groups, c = groups, offset_groups, np.lcm(groups, offset_groups) * each
        rows, columns = ((side + 2 * padding - dilation * (k - 1) - 1) // stride + 1
                         for side, k in zip((h, w), kernel))
        taps = kernel[0] * kernel[1]
        self.x = whole_numbers(1, n, h, w, c, dtype=dtype)
        self.offset = quarters(2, n, rows, columns, 2 * offset_groups * taps, most=most).astype(dtype)
        self.mask = whole_numbers(3, n, rows, columns, offset_groups * taps, dtype=dtype) / dtype(2)
        self.weight = whole_numbers(4, *kernel, c // groups, groups * o, dtype=dtype)
        self.bias, self.dy = whole_numbers(5, groups * o, dtype=dtype), whole_numbers(
            6, n, rows, columns, groups * o, dtype=dtype)

    @property
    def options(self):
        return self.stride, self.dilation, self.groups, self.padding

    def samples(self):
        """(image, offset group, tap, channels, places of all pixels, masks) of every sample."""
        n, rows, columns, _ = self.mask.shape
        kh, kw = self.kernel
        c = self.x.shape[3] // self.offset_groups
        for image, g, i, j in np.ndindex(n, self.offset_groups, kh, kw):
            at = g * kh * kw + i * kw + j
            down, across = (tap * self.dilation - self.padding for tap in (i, j))
            p = np.arange(rows)[:, None] * self.stride + down + self.offset[image, ..., 2 * at]
            q = np.arange(columns) * self.stride + across + self.offset[image, ..., 2 * at + 1]
            yield image, at, (i, j), slice(g * c, (g + 1) * c), p, q, self.mask[image, ..., at]

    def columns(self):
        """What the weights are multiplied with: (n, y, x, kh, kw, c)."""
        found = np.zeros((*self.mask.shape[:3], *self.kernel, self.x.shape[3]))
        for image, _, tap, channels, p, q, mask in self.samples():
            found[(image, slice(None), slice(None), *tap, channels)] = blended(
                self.x[image][..., channels], p, q)[0] * mask[..., None]
        return found

    def _weights(self):
        """(groups, kh, kw, channels of a group, outputs of a group)."""
        return np.stack(np.split(self.weight.astype(np.float64), self.groups, axis=3))

    def _by_group(self, columns):
        return columns.reshape(*columns.shape[:-1], self.groups, -1)

    def result(self):
        y = np.einsum("nyxijgc,gijco->nyxgo", self._by_group(self.columns()), self._weights())
        return y.reshape(self.dy.shape) + self.bias

    def gradients(self):
        """Of x, offset, mask and weight."""
        dy = self.dy.astype(np.float64).reshape(*self.dy.shape[:3], self.groups, -1)
        dcolumns = np.einsum("nyxgo,gijco->nyxijgc", dy, self._weights())
        dcolumns = dcolumns.reshape(*self.mask.shape[:3], *self.kernel, -1)
        dweight = np.einsum("nyxijgc,nyxgo->ijcgo", self._by_group(self.columns()), dy).reshape(self.weight.shape)
        dx, doffset, dmask = (np.zeros(a.shape) for a in (self.x, self.offset, self.mask))
        for image, at, tap, channels, p, q, mask in self.samples():
            g, part = dcolumns[(image, slice(None), slice(None), *tap, channels)], self.x[image][..., channels]
            value, by_p, by_q = blended(part, p, q)
            there = ((p > -1) & (q > -1) & (p < part.shape[0]) & (q < part.shape[1]))   # otherwise no gradient
            dmask[image, ..., at] = (g * value).sum(-1)
            doffset[image, ..., 2 * at] = (g * by_p).sum(-1) * mask * there
            doffset[image, ..., 2 * at + 1] = (g * by_q).sum(-1) * mask * there
            dx[image][..., channels] += scattered(g * mask[..., None], part, p, q)
        return dx, doffset, dmask, dweight


DEFORMED = {"one group": {}, "offset groups": {"offset_groups": 3}, "groups": {"groups": 2, "offset_groups": 3, "o": 1},
            "more groups than offsets": {"groups": 3, "offset_groups": 2, "each": 1}, "whole vectors": {
                "offset_groups": 2, "each": 9, "o": 17}, "one pixel": {"size": (1, 1, 1)},
            "stride": {"stride": 2, "dilation": 2, "padding": 2, "size": (1, 9, 11)}, "one tap": {
                "kernel": (1, 1), "padding": 0}, "long rows": {"size": (1, 2, 61), "kernel": (2, 3)},
            "far away": {"most": 40}}
