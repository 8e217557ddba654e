"""ReMoNet: recurrent multi-output video denoiser (Xiang et al., AAAI 2022; code xiangly55/ReMoNet, models_ReMoNet.py).

A window of T noisy frames goes in, T denoised frames come out. Step t sees the frames t-1, t, t+1 and what step t-1
left: a hidden guess of those three frames and a state. At the end one U-Net looks at the guesses of all steps.

    for t = 0 .. T-1:   z_t, state = step(frames t-1 t t+1, z_{t-1}, state)        recurrent temporal fusion (RTF)
    y_0 .. y_{T-1}  =   unet(z_0 .. z_{T-1})                                       multi-output aggregation (MOA)

Blind: no noise level among the inputs. No normalisation. Sides are multiples of 4 * fold: pipeline/pad.py.

The official configuration is the default. Options are ours, for networks that are faster on a CPU: fold (frames are
folded fold x fold into channels: fewer pixels), plain (3x3 convolutions with bias instead of separable ones, one for
three where the resolution halves), fusion_widths (the aggregation runs once a window, so it may be wider), blend (a
guess is the difference to a learned 3x3 average of the window, not to the noisy window), residual (an output is the
difference to its frame's guess), noise_map (told each pixel's noise level; where it is 0 the frame is the answer).
"""
from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from refvr import ops, types
from refvr.errors import InputError
from refvr.nn.layers import Conv2d
from refvr.nn.module import Module
from refvr.nn.noise_gate import LOUD, gated
from refvr.nn.start import start_from_average, start_small
from refvr.nn.trace import note, scope
from refvr.shapes import check
from refvr.types import Array


@dataclass(frozen=True)
class Config(types.Config):
    """Numbers that make a ReMoNet. Defaults: the official ones."""

    frames: int = 5  # T, frames in and out; at least 2
    widths: tuple[int, int, int] = (16, 64, 256)  # channels at full, half, quarter resolution
    state: int = 32  # channels that step t leaves to step t+1 beside its guess
    fold: int = 1  # frames are folded fold x fold into channels first
    plain: bool = False  # plain 3x3 instead of separable convolutions
    fusion_widths: tuple[int, int, int] | None = None  # widths of the aggregation; None: the same
    blend: bool = False  # guesses are differences to a learned average of the window instead of to the window
    residual: bool = False  # outputs are differences to the guesses
    noise_map: bool = False  # a map of the noise level comes with every frame

    def __post_init__(self) -> None:
        if self.frames < 2:
            raise InputError(f"ReMoNet: got windows of {self.frames} frames, expected at least 2")

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        return 4 * self.fold


class SepConv(Module):
    """(n, h, w, c_in) -> (n, y, x, c_out): k x k within min(c_in, c_out) groups, then 1x1 across; nothing in between.

    c_in < c_out: output o reads input o // (c_out / c_in); c_in > c_out: it sums c_in / c_out inputs, side by side.
    """

    def __init__(self, c_in: int, c_out: int, k: int, *, stride: int = 1, activation: str = "none") -> None:
        self.spatial = Conv2d(c_in, c_out, k, stride=stride, groups=min(c_in, c_out), bias=False)
        self.pointwise = Conv2d(c_out, c_out, 1, bias=False, activation=activation)

    def forward(self, x: Array, residual: Array | None = None) -> Array:
        """act(conv(x) + residual)."""
        return self.pointwise(self.spatial(x), residual)


class Down(Module):
    """(n, h, w, c) -> (n, h/2, w/2, o): a 5x5 path through o/4 channels plus a 3x3 path."""

    def __init__(self, c: int, o: int) -> None:
        self.narrow = SepConv(c, o // 4, 5, stride=2, activation="relu")
        self.widen = SepConv(o // 4, o, 5)
        self.skip = SepConv(c, o, 3, stride=2)

    def forward(self, x: Array) -> Array:
        """No activation at the end."""
        return self.widen(self.narrow(x), residual=self.skip(x))   # (n, h/2, w/2, o)


class Encode(Module):
    """x + widen(relu(narrow(x))), through a quarter of the channels."""

    def __init__(self, c: int) -> None:
        self.narrow = SepConv(c, c // 4, 5, activation="relu")
        self.widen = SepConv(c // 4, c, 5)

    def forward(self, x: Array) -> Array:
        """(n, h, w, c) -> (n, h, w, c)."""
        return self.widen(self.narrow(x), residual=x)


class Decode(Module):
    """x + second(relu(first(x)))."""

    def __init__(self, c: int) -> None:
        self.first: Module = SepConv(c, c, 3, activation="relu")
        self.second: Module = SepConv(c, c, 3)

    def forward(self, x: Array) -> Array:
        """(n, h, w, c) -> (n, h, w, c)."""
        return self.second(self.first(x), residual=x)


class PlainBlock(Decode):
    """Encode and Decode of plain networks: x + second(relu(first(x))) with 3x3 convolutions."""

    def __init__(self, c: int) -> None:
        self.first = Conv2d(c, c, 3, activation="relu")
        self.second = Conv2d(c, c, 3)


class Up(Module):
    """(n, h, w, c) -> (n, 2h, 2w, o): pixel shuffle; where c is not 4 * o, a 1x1 convolution makes it so first."""

    def __init__(self, c: int, o: int) -> None:
        self.match = None if c == 4 * o else Conv2d(c, 4 * o, 1, bias=False)

    def forward(self, x: Array) -> Array:
        """y[n, 2h+i, 2w+j, o] = x[n, h, w, 4o + 2i + j]."""
        return ops.pixel_shuffle(self.match(x) if self.match else x, 2)   # (n, 2h, 2w, o)


class UNet(Module):
    """(n, h, w, c_in) -> (n, h, w, c_out): two levels down, two up, sums as skips; + x where c_in = c_out."""

    def __init__(self, c_in: int, c_out: int, widths: tuple[int, int, int], plain: bool) -> None:
        w1, w2, w3 = widths
        encode, decode = (PlainBlock, PlainBlock) if plain else (Encode, Decode)
        down = partial(Conv2d, k=3, stride=2) if plain else Down
        self.in_layer = Conv2d(c_in, w1, 3)
        self.down1, self.enc1 = down(w1, w2), encode(w2)
        self.down2, self.enc2 = down(w2, w3), encode(w3)
        self.dec2, self.up2 = decode(w3), Up(w3, w2)
        self.dec1, self.up1 = decode(w2), Up(w2, w1)
        self.out_layer = Conv2d(w1, c_out, 3, bias=plain)
        self._skip = c_in == c_out

    def forward(self, x: Array) -> Array:
        """Down and up again."""
        x1 = self.in_layer(x)                                                         # (n, h,   w,   w1)
        x2 = self.enc1(self.down1(x1))                                                # (n, h/2, w/2, w2)
        x3 = self.enc2(self.down2(x2))                                                # (n, h/4, w/4, w3)
        x2 = self.up2(self.dec2(x3)) + x2                                             # (n, h/2, w/2, w2)
        x1 = self.up1(self.dec1(x2)) + x1                                             # (n, h,   w,   w1)
        return self.out_layer(x1, residual=x if self._skip else None)                 # (n, h, w, c_out)


class GuessAndState(Conv2d):
    """(n, h, w, c_in) -> (n, h, w, 3c + state): one 3x3 convolution, summed as two, of 3c and of `state` outputs."""

    def forward(self, x: Array, guess: int) -> Array:  # type: ignore[override]  # only ReMoNet calls it
        """`guess` outputs, then the others."""
        parts = slice(guess), slice(guess, None)
        return ops.concat(*(ops.conv2d(x, self.weight[..., part],
                                       None if self.bias is None else self.bias[part]) for part in parts))


class ReMoNet(Module):
    """(n, t, h, w, 3) -> (n, t, h, w, 3), RGB, not clamped."""

    def __init__(self, config: Config = Config()) -> None:
        self.config = config
        colours, w1 = 3 * config.fold ** 2, config.widths[0]  # channels of one folded frame, at full resolution
        told = config.fold ** 2 if config.noise_map else 0  # channels of one folded map
        self.conv1 = Conv2d(2 * 3 * colours + config.state + told, w1, 3, activation="relu")
        self.unet = UNet(w1, w1, config.widths, config.plain)
        self.conv_out = GuessAndState(w1, 3 * colours + config.state, 3)
        self.blend = Conv2d(3 * colours, 3 * colours, 3) if config.blend else None
        self.fusion = UNet((3 * colours + told) * config.frames, colours * config.frames * (1 + config.noise_map),
                           config.fusion_widths or config.widths, config.plain)
        self.name_parts()

    def forward(self, x: Array, noise_map: Array | None = None) -> Array:
        """One window; noise_map (n, t, h, w, 2), of `gate_map`, for networks that are told the noise level."""
        m, (n, t, h, w, _) = self.config.multiple, check(x, "n t h w 3", who="ReMoNet", t=self.config.frames)
        check(x, f"n t {h + -h % m} {w + -w % m} 3", who=f"ReMoNet (sides: multiples of {m})")
        if self.config.noise_map:
            check(noise_map, "n t h w 2", who="ReMoNet's noise map", n=n, t=t, h=h, w=w)
        maps = [noise_map[:, k] for k in range(t)] if self.config.noise_map and noise_map is not None else None
        return ops.stack(self.window([x[:, k] for k in range(t)], maps), axis=1)      # (n, t, h, w, 3)

    def window(self, frames: list[Array], maps: list[Array] | None = None) -> list[Array]:
        """A window of frames, t x (n, h, w, 3), and maps, t x (n, h, w, 2), which need not lie in one array."""
        fold, t, noisy = self.config.fold, len(frames), frames
        frames = [ops.pixel_unshuffle(frame, fold) for frame in frames]               # t x (n, h, w, c)
        told = [ops.pixel_unshuffle(m[..., :1], fold) * LOUD for m in maps or ()]     # t x (n, h, w, fold^2)
        guesses, c = self._recur(frames, told), frames[0].shape[-1]                   # t x (n, h, w, 3c)
        y = self.fusion(ops.concat(*guesses, *told))                                  # (n, h, w, t*c), told: 2t*c
        outputs = [y[..., k * c:(k + 1) * c] for k in range(y.shape[-1] // c)]        # (n, h, w, c) each
        if self.config.residual:
            outputs[:t] = [out + z[..., c:2 * c] for out, z in zip(outputs, guesses)]
        outputs = [ops.pixel_shuffle(out, fold) for out in outputs]                   # (n, h, w, 3) each
        return list(map(gated, noisy, maps, outputs[:t], outputs[t:])) if maps else outputs

    def _recur(self, frames: list[Array], told: list[Array]) -> list[Array]:
        """The hidden guesses z_t: what frames t-1, t, t+1 look like without noise."""
        last, c = len(frames) - 1, frames[0].shape[-1]
        z, state = (ops.zeros((*frames[0].shape[:-1], k), like=frames[0]) for k in (3 * c, self.config.state))
        guesses = []
        for t in range(len(frames)):
            with scope(f"step{t}"):
                near = ops.concat(frames[max(t - 1, 0)], frames[t], frames[min(t + 1, last)])   # (n, h, w, 3c)
                x = ops.concat(near, z, state, *told[t:t + 1])                        # (n, h, w, 6c+state(+fold^2))
                y = self.conv_out(self.unet(self.conv1(x)), guess=3 * c)              # w1 -> (n, h, w, 3c+state)
                z = note("guess", y[..., :3 * c] + (self.blend(near) if self.blend else near))   # (n, h, w, 3c)
                state = note("state", ops.relu(y[..., 3 * c:]))                       # (n, h, w, state)
            guesses.append(z)
        return guesses

    def init(self, rng: np.random.Generator) -> ReMoNet:
        """PyTorch's default start values; with `blend`, from an average of the window: nn/start.py."""
        super().init(rng)
        if self.blend is not None:
            start_from_average(self.blend, 3, self.config.fold)
            start_small(self.conv_out, slice(-self.config.state))
            if self.config.residual:
                start_small(self.fusion.out_layer)
        return self
