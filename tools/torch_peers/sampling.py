"""Filters of every pixel's own, deformable sampling and warping, in the forms that were fastest in PyTorch on a CPU."""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample, pad, unfold


def fac_by_tap(x: Tensor, kernel: Tensor, k: int, border: str) -> Tensor:
    """(n, c, h, w), kernels (n, c k k, h, w) -> (n, c, h, w): one multiply-add over the whole image a tap."""
    n, c, h, w = x.shape
    bordered, taps = pad(x, [k // 2] * 4, mode=border), kernel.reshape(n, c, k * k, h, w)
    y = bordered[:, :, :h, :w] * taps[:, :, 0]
    for t in range(1, k * k):
        i, j = divmod(t, k)
        y.addcmul_(bordered[:, :, i:i + h, j:j + w], taps[:, :, t])
    return y


def fac_by_unfold(x: Tensor, kernel: Tensor, k: int, border: str) -> Tensor:
    """The same with all patches written out."""
    n, c, h, w = x.shape
    patches = unfold(pad(x, [k // 2] * 4, mode=border), k).reshape(n, c, k * k, h, w)
    return (patches * kernel.reshape(n, c, k * k, h, w)).sum(2)


fac = fac_by_tap


def deform_by_grid(x: Tensor, offset_px: Tensor, mask: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """3x3, padding 1. Offsets (n, g*9*2, h, w), rows before columns; masks (n, g*9, h, w). By grid_sample."""
    (n, c, h, w), k = x.shape, weight.shape[2]
    taps, g = k * k, mask.shape[1] // (k * k)
    offset = offset_px.reshape(n * g, taps, 2, h, w)
    i = torch.arange(taps, device=x.device) // k - k // 2
    j = torch.arange(taps, device=x.device) % k - k // 2
    rows = offset[:, :, 0] + i.to(x.dtype)[:, None, None] + torch.arange(h, dtype=x.dtype, device=x.device)[:, None]
    columns = offset[:, :, 1] + j.to(x.dtype)[:, None, None] + torch.arange(w, dtype=x.dtype, device=x.device)
    # align_corners False: pixel q lies at (2 q + 1) / w - 1, which holds for sides of one pixel too
    grid = torch.stack(((2 * columns + 1) / w - 1, (2 * rows + 1) / h - 1), -1)            # (n g, 9, h, w, 2)
    col = grid_sample(x.reshape(n * g, c // g, h, w), grid.reshape(n * g, taps * h, w, 2), align_corners=False)
    col = col.reshape(n * g, c // g, taps, h, w) * mask.reshape(n * g, 1, taps, h, w)
    return _product(col.reshape(n, c * taps, h * w), weight, bias, h, w)


def deform_by_index(x: Tensor, offset_px: Tensor, mask: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """The same, the four corners of each place fetched by `gather`; exact places, so for comparisons."""
    (n, c, h, w), k = x.shape, weight.shape[2]
    taps, g = k * k, mask.shape[1] // (k * k)
    offset = offset_px.reshape(n * g, taps, 2, h, w)
    i = (torch.arange(taps, device=x.device) // k - k // 2).to(x.dtype)[:, None, None]
    j = (torch.arange(taps, device=x.device) % k - k // 2).to(x.dtype)[:, None, None]
    rows = offset[:, :, 0] + (i + torch.arange(h, dtype=x.dtype, device=x.device)[:, None])
    columns = offset[:, :, 1] + (j + torch.arange(w, dtype=x.dtype, device=x.device))
    r0, q0 = rows.floor(), columns.floor()
    b, a = rows - r0, columns - q0
    flat, col = x.reshape(n * g, c // g, h * w), 0
    for r, q, part in ((r0, q0, (1 - b) * (1 - a)), (r0, q0 + 1, (1 - b) * a),
                       (r0 + 1, q0, b * (1 - a)), (r0 + 1, q0 + 1, b * a)):
        inside = (r >= 0) & (r < h) & (q >= 0) & (q < w)
        at = (r.clamp(0, h - 1) * w + q.clamp(0, w - 1)).long().reshape(n * g, 1, -1).expand(-1, c // g, -1)
        col = col + flat.gather(2, at).reshape(n * g, c // g, taps, h, w) * (part * inside)[:, None]
    col = col * mask.reshape(n * g, 1, taps, h, w)
    return _product(col.reshape(n, c * taps, h * w), weight, bias, h, w)


def _product(col: Tensor, weight: Tensor, bias: Tensor | None, h: int, w: int) -> Tensor:
    y = torch.matmul(weight.flatten(1), col).reshape(len(col), len(weight), h, w)
    return y if bias is None else y + bias[:, None, None]


deform = deform_by_grid


class DeformConv(nn.Module):
    """Samples `x` where `guide` says."""

    def __init__(self, c: int, offset_groups: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.empty(c, c, 3, 3)), nn.Parameter(torch.zeros(c))
        self.conv_offset = nn.Conv2d(c, 27 * offset_groups, 3, padding=1)
        nn.init.kaiming_uniform_(self.weight, a=3 ** 0.5)
        nn.init.zeros_(self.conv_offset.weight)
        nn.init.zeros_(self.conv_offset.bias)

    def forward(self, x: Tensor, guide: Tensor) -> Tensor:
        both = self.conv_offset(guide)
        cut = 2 * both.shape[1] // 3
        return deform(x.contiguous(), both[:, :cut], both[:, cut:].sigmoid(), self.weight, self.bias)


def warp(x: Tensor, flow_px: Tensor) -> Tensor:
    """Fetch (n, c, h, w) from where flow (n, 2: right, down) points to, by way of [-1, 1] as SAFA's code goes."""
    h, w = x.shape[2:]
    columns = torch.linspace(-1, 1, w, dtype=x.dtype, device=x.device) + flow_px[:, 0] / ((w - 1) / 2)
    rows = torch.linspace(-1, 1, h, dtype=x.dtype, device=x.device)[:, None] + flow_px[:, 1] / ((h - 1) / 2)
    return grid_sample(x, torch.stack((columns, rows), -1), padding_mode="border", align_corners=True)
