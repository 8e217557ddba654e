"""ReMoNet: recurrent multi-output video denoiser (Xiang et al., AAAI 2022; code xiangly55/ReMoNet, models_ReMoNet.py).

A window of T noisy frames goes in, T denoised frames come out. Step t sees the frames t-1, t, t+1 and what step t-1
left: a hidden guess of those three frames and a state. At the end one U-Net looks at the guesses of all steps.

    for t = 0 .. T-1:   z_t, state = step(frames t-1 t t+1, z_{t-1}, state)        recurrent temporal fusion (RTF)
    y_0 .. y_{T-1}  =   unet(z_0 .. z_{T-1})                                       multi-output aggregation (MOA)

No normalisation layers, no noise level among the inputs: the network is blind. Sides must be multiples of
4 (official configuration) or 4 * fold; pipeline/pad.py takes care of that.

The official configuration is the default. The options are ours, for networks that train and run faster:
fold (frames are folded fold x fold into channels, so that everything runs on fewer pixels), plain (one k x k convolution
in place of each separable one), residual (the aggregation predicts the difference to the hidden guess of each frame).
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from refvr import ops
from refvr.nn.layers import Conv2d
from refvr.nn.module import Module
from refvr.nn.trace import note, scope
from refvr.shapes import check


@dataclass(frozen=True)
class Config:
    """Numbers that make a ReMoNet. Defaults: the official ones."""

    frames: int = 5  # T, frames in and out; at least 2
    widths: tuple[int, int, int] = (16, 64, 256)  # channels at full, half, quarter resolution
    state: int = 32  # channels that step t leaves to step t+1 beside its guess
    fold: int = 1  # frames are folded fold x fold into channels first
    plain: bool = False  # plain instead of separable convolutions
    residual: bool = False  # outputs are differences to the hidden guesses

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        return 4 * self.fold


class ReMoNet(Module):
    """(n, t, h, w, 3) -> (n, t, h, w, 3), RGB, not clamped."""

    def __init__(self, config: Config = Config()) -> None:
        self._config = config
        colours = 3 * config.fold ** 2  # channels of one folded frame
        w1 = config.widths[0]
        self.conv1 = Conv2d(2 * 3 * colours + config.state, w1, 3, activation="relu")
        self.unet = UNet(w1, w1, config)
        self.conv_out = Conv2d(w1, 3 * colours + config.state, 3)
        self.fusion = UNet(3 * colours * config.frames, colours * config.frames, config)

    def forward(self, x: Any) -> Any:
        """One window."""
        n, t, h, w, _ = check(x, "n t h w 3", who="ReMoNet", t=self._config.frames)
        fold, multiple = self._config.fold, self._config.multiple
        if h % multiple or w % multiple:
            check(x, f"n t {h + -h % multiple} {w + -w % multiple} 3", who=f"ReMoNet (sides: multiples of {multiple})")
        frames = [ops.pixel_unshuffle(x[:, k], fold) for k in range(t)]              # t x (n, h, w, c)
        guesses = self._recur(frames)                                                 # t x (n, h, w, 3c)
        y = self.fusion(ops.concat(*guesses))                                         # (n, h, w, t*c)
        c = frames[0].shape[-1]
        outputs = [y[..., k * c:(k + 1) * c] for k in range(t)]                       # t x (n, h, w, c)
        if self._config.residual:
            outputs = [out + z[..., c:2 * c] for out, z in zip(outputs, guesses)]
        return ops.stack([ops.pixel_shuffle(out, fold) for out in outputs], axis=1)   # (n, t, h, w, 3)

    def _recur(self, frames: list[Any]) -> list[Any]:
        """The hidden guesses z_t: what frames t-1, t, t+1 look like without noise."""
        last, c = len(frames) - 1, frames[0].shape[-1]
        z = np.zeros((*frames[0].shape[:-1], 3 * c), frames[0].dtype)                 # (n, h, w, 3c)
        state = np.zeros((*z.shape[:-1], self._config.state), z.dtype)                # (n, h, w, state)
        guesses = []
        for t in range(len(frames)):
            with scope(f"step{t}"):
                window = ops.concat(frames[max(t - 1, 0)], frames[t], frames[min(t + 1, last)])   # (n, h, w, 3c)
                a = self.conv1(ops.concat(window, z, state))                          # (n, h, w, 6c+state) -> w1
                b = self.conv_out(self.unet(a))                                       # (n, h, w, 3c+state)
                z = note("guess", b[..., :3 * c] + window)                            # (n, h, w, 3c)
                state = note("state", ops.relu(b[..., 3 * c:]))                       # (n, h, w, state)
            guesses.append(z)
        return guesses


class UNet(Module):
    """(n, h, w, c_in) -> (n, h, w, c_out): two levels down, two up, sums as skips; + x where c_in = c_out."""

    def __init__(self, c_in: int, c_out: int, config: Config) -> None:
        w1, w2, w3 = config.widths
        self.in_layer = Conv2d(c_in, w1, 3)
        self.down1, self.enc1 = Down(w1, w2, config.plain), Encode(w2, config.plain)
        self.down2, self.enc2 = Down(w2, w3, config.plain), Encode(w3, config.plain)
        self.dec2, self.up2 = Decode(w3, config.plain), Up(w3, w2)
        self.dec1, self.up1 = Decode(w2, config.plain), Up(w2, w1)
        self.out_layer = Conv2d(w1, c_out, 3, bias=False)
        self._skip = c_in == c_out

    def forward(self, x: Any) -> Any:
        """(n, h, w, c_in) -> (n, h, w, c_out)."""
        x1 = self.in_layer(x)                                # (n, h,   w,   w1)
        x2 = self.enc1(self.down1(x1))                       # (n, h/2, w/2, w2)
        x3 = self.enc2(self.down2(x2))                       # (n, h/4, w/4, w3)
        u = self.up2(self.dec2(x3)) + x2                     # (n, h/2, w/2, w2)
        v = self.up1(self.dec1(u)) + x1                      # (n, h,   w,   w1)
        return self.out_layer(v, residual=x if self._skip else None)   # (n, h, w, c_out)
