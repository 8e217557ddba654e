"""STFAN: video deblurring with filters made for every pixel (Zhou et al., ICCV 2019; code sczhou/STFAN).

Frame by frame: what is restored is the current frame, what is known besides is the frame before, how that was restored,
and features of it. From these come two sets of 5 x 5 filters, one for every pixel and channel at a quarter of the
resolution: with one the features of the past are aligned, with the other those of the present are deblurred.

    image, state = net(frame, previous, restored, state)

    e = encode(frame)           m = motion(frame, previous, restored)                     features
    A = align(m)                aligned = fac(carry(state), A)                            filters A: past to present
    D = deblur(m, summary(A))   sharp   = fac(e, D)                                       filters D: blurred to sharp
    state = [sharp, aligned]    image   = frame + act(decode(state))

At the start of a clip previous = restored = frame and state = None, for which [e, e] stands. pipeline/stfan.py does
that, clamps and pads: sides must be multiples of 4. No normalisation; use and training compute the same.

The activation is a leaky relu with slope 0.1 after every convolution that is not in a residual block: after both sets
of filters, and after the last one too: a negative output is multiplied by 0.1 before it is added to the frame.
In decode the authors apply block 2 before block 1; here they are numbered as they are applied.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refvr import ops, types
from refvr.nn.layers import Conv2d, ConvTranspose2d, ZeroConv
from refvr.nn.module import Module
from refvr.nn.trace import note
from refvr.shapes import check
from refvr.types import Array


@dataclass(frozen=True)
class Config(types.Config):
    """Numbers that make a STFAN. Defaults: the published ones."""

    widths: tuple[int, int, int] = (32, 64, 128)  # channels at full, half, quarter resolution
    k: int = 5  # side of the filters
    identity_init: bool = False  # ours: the last convolution is linear and starts at zero, filters start as identity
    skips: bool = False  # ours: the decoder sees both encoders' features of its own resolution too, so both frames

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        return 4


class Conv(Conv2d):
    """A convolution that starts from Xavier's values: uniform in +-sqrt(6 / (fan_in + fan_out)), bias 0."""

    def init_own(self, rng: np.random.Generator) -> None:
        """For the transposed convolution too: its sum of fans is that of a convolution."""
        k, _, c_in, c_out = self.weight.shape
        bound = np.sqrt(6 / (k * k * (c_in + c_out)))
        self.weight = rng.uniform(-bound, bound, self.weight.shape).astype(np.float32)
        self.bias = np.zeros_like(self.bias)


class Up(ConvTranspose2d):
    """(n, h, w, c) -> (n, 2h, 2w, o)."""

    init_own = Conv.init_own


class Residual(Module):
    """x + second(leaky_relu(first(x)))."""

    def __init__(self, c: int) -> None:
        self.first = Conv(c, c, 3, activation="leaky_relu")
        self.second = Conv(c, c, 3)

    def forward(self, x: Array) -> Array:
        """(n, h, w, c) -> (n, h, w, c)."""
        return self.second(self.first(x), residual=x)


class Scale(Module):
    """A convolution into a resolution, and two residual blocks there."""

    def __init__(self, enter: Module, c: int) -> None:
        self.enter = enter
        self.block1, self.block2 = Residual(c), Residual(c)

    def forward(self, x: Array, skip: Array | None = None) -> Array:
        """(n, h, w, c_in) -> (n, y, x, c); `skip` is added once the resolution is reached."""
        x = self.enter(x) if skip is None else self.enter(x) + skip
        return self.block2(self.block1(x))


class Encoder(Module):
    """(n, h, w, c_in) -> features of full, half and quarter resolution."""

    def __init__(self, c_in: int, widths: tuple[int, int, int], activation: str) -> None:
        w1, w2, w3 = widths
        self.full = Scale(Conv(c_in, w1, 3, activation=activation), w1)
        self.half = Scale(Conv(w1, w2, 3, stride=2, activation=activation), w2)
        self.quarter = Scale(Conv(w2, w3, 3, stride=2, activation=activation), w3)

    def forward(self, x: Array) -> tuple[Array, Array, Array]:
        """Three resolutions, one after the other."""
        full = self.full(x)                                                           # (n, h,   w,   w1)
        half = self.half(full)                                                        # (n, h/2, w/2, w2)
        return full, half, self.quarter(half)                                         # (n, h/4, w/4, c)


class Decoder(Module):
    """(n, h/4, w/4, 2c) -> (n, h, w, w1)."""

    def __init__(self, widths: tuple[int, int, int], activation: str, last_k: int) -> None:
        w1, w2, w3 = widths
        self.half = Scale(Up(2 * w3, w2, 4, activation=activation), w2)
        self.full = Scale(Up(w2, w1, last_k, activation=activation), w1)

    def forward(self, x: Array, half: Array | None = None, full: Array | None = None) -> Array:
        """Two resolutions, one after the other; with the encoders' features of both, or without."""
        x = self.half(x, half)                                                        # (n, h/2, w/2, w2)
        return self.full(x, full)                                                     # (n, h,   w,   w1)


class Generator(Module):
    """Makes one filter of k x k taps for every pixel and channel: (n, h, w, c_in) -> (n, h, w, k*k, c)."""

    def __init__(self, c_in: int, c: int, k: int, activation: str) -> None:
        self.enter = Conv(c_in, c, 3, activation=activation)
        self.block1, self.block2 = Residual(c), Residual(c)
        self.filters = Conv(c, k * k * c, 1, activation=activation)

    def forward(self, x: Array) -> Array:
        """The filters, k * k times as large as what they are applied to."""
        z = self.block2(self.block1(self.enter(x)))                                   # (n, h, w, c)
        return ops.reshape(self.filters(z), (*z.shape[:3], -1, z.shape[3]))           # (n, h, w, k*k, c)


def summarised(summary: Module, filters: Array) -> Array:
    """What a 1x1 convolution makes of filters (n, h, w, k*k, c): (n, h, w, c)."""
    return summary(ops.reshape(filters, (*filters.shape[:3], -1)))                    # (n, h, w, k*k*c)


def check_images(who: str, multiple: int, frame: Array, *others: Array) -> None:
    """All (n, h, w, 3) of one size that the network can take; ShapeError says which would do."""
    n, h, w, _ = check(frame, "n h w 3", who=f"{who} frame")
    if h % multiple or w % multiple or not h * w:
        check(frame, f"n {h + -h % multiple or multiple} {w + -w % multiple or multiple} 3",
              who=f"{who} (sides: multiples of {multiple})")
    for image in others:
        check(image, "n h w 3", who=f"{who} previous and restored frame", n=n, h=h, w=w)


class STFAN(Module):
    """Three images (n, h, w, 3) in [0, 1] and a state -> the restored frame, not clamped, and the next state."""

    def __init__(self, config: Config = Config()) -> None:
        self.config, c, act = config, config.widths[2], "leaky_relu"
        self.encode = Encoder(3, config.widths, act)
        self.motion = Encoder(9, config.widths, act)
        self.align = Generator(c, c, config.k, act)
        self.summary = Conv(config.k ** 2 * c, c, 1, activation=act)
        self.deblur = Generator(2 * c, c, config.k, act)
        self.carry = Conv(2 * c, c, 3, activation=act)
        self.decode = Decoder(config.widths, act, last_k=4)
        self.image = (ZeroConv(config.widths[0], 3, 3) if config.identity_init
                      else Conv(config.widths[0], 3, 3, activation=act))
        self.name_parts()

    def init(self, rng: np.random.Generator) -> STFAN:
        """Every part for itself; with `identity_init`, filters that change nothing: drawn ones scramble features."""
        super().init(rng)
        for maker in (self.align, self.deblur) if self.config.identity_init else ():
            k, c = self.config.k, self.config.widths[2]
            maker.filters.weight = maker.filters.weight * np.float32(0.1)
            maker.filters.bias = np.repeat(np.arange(k * k) == k * k // 2, c).astype(np.float32)
        return self

    def forward(self, frame: Array, previous: Array, restored: Array, state: Array | None = None
                ) -> tuple[Array, Array]:
        """One frame. `state` is (n, h/4, w/4, 2c), the second result of the call before; None for the first."""
        check_images("STFAN", self.config.multiple, frame, previous, restored)
        full, half, e = self.encode(frame)                                            # e: (n, h/4, w/4, c)
        past = self._past(state, e)                                                   # (n, h/4, w/4, c)
        moved_full, moved_half, k = self.motion(ops.concat(frame, previous, restored))   # k: (n, h/4, w/4, c)
        to_present = self.align(k)                                                    # (n, h/4, w/4, k*k, c)
        aligned = note("aligned", ops.fac(past, to_present, border="replicate"))      # (n, h/4, w/4, c)
        to_sharp = self.deblur(ops.concat(k, summarised(self.summary, to_present)))   # (n, h/4, w/4, k*k, c)
        sharp = note("sharp", ops.fac(e, to_sharp, border="replicate"))               # (n, h/4, w/4, c)
        state = ops.concat(sharp, aligned)                                            # (n, h/4, w/4, 2c)
        skips = (half + moved_half, full + moved_full) if self.config.skips else ()
        return self.image(self.decode(state, *skips)) + frame, state                  # (n, h, w, 3)

    def _past(self, state: Array | None, e: Array) -> Array:
        """What is carried from the frame before: (n, h/4, w/4, 2c) -> (n, h/4, w/4, c)."""
        n, h, w, c = e.shape
        state = ops.concat(e, e) if state is None else state
        check(state, "n h w c", who="STFAN state", n=n, h=h, w=w, c=2 * c)
        return self.carry(state)
