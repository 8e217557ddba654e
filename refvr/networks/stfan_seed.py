"""STFAN as a published re-implementation computes it: an elecfans.com note of 2020-12-10 by "Happy" prints its code.

The same parts as in stfan.py, put together differently. Weights of one do not fit the other.

                                stfan.py                                    here
    activations                 after every convolution                    inside of residual blocks only
    border of the filters       nearest pixel                               zero
    images for motion           frame, previous, restored                   restored, previous, frame
    joined features             [sharp, aligned]                            [aligned, sharp]
    state                       the joined features; `carry` comes next     after `carry`: c channels
    first state                 [e, e]                                      not defined there; zero here
    last transposed conv        4 x 4                                       3 x 3 with output padding

Its code has one layer more that nothing uses; `unused` holds its weights. Sides must be multiples of 4.
"""
from __future__ import annotations

from dataclasses import dataclass

from refvr import ops
from refvr.networks import stfan
from refvr.networks.stfan import Conv, Decoder, Encoder, Generator, check_images, summarised
from refvr.nn.module import Module
from refvr.nn.trace import note
from refvr.shapes import check
from refvr.types import Array


@dataclass(frozen=True)
class Config(stfan.Config):
    """The fields of STFAN's configuration, with the seed's defaults."""


class STFANSeed(Module):
    """Three images (n, h, w, 3) in [0, 1] and a state -> the restored frame, not clamped, and the next state."""

    def __init__(self, config: Config = Config()) -> None:
        self.config, c, act = config, config.widths[2], "none"
        self.encode = Encoder(3, config.widths, act)
        self.motion = Encoder(9, config.widths, act)
        self.align = Generator(c, c, config.k, act)
        self.summary = Conv(config.k ** 2 * c, c, 1)
        self.deblur = Generator(2 * c, c, config.k, act)
        self.unused = Conv(2 * c, c, 3)
        self.carry = Conv(2 * c, c, 3)
        self.decode = Decoder(config.widths, act, last_k=3)
        self.image = Conv(config.widths[0], 3, 3)
        self.name_parts()

    def forward(self, frame: Array, previous: Array, restored: Array, state: Array | None = None
                ) -> tuple[Array, Array]:
        """One frame. `state` is (n, h/4, w/4, c), the second result of the call before; None for the first."""
        check_images("STFAN", self.config.multiple, frame, previous, restored)
        _, _, e = self.encode(frame)                                                  # (n, h/4, w/4, c)
        n, h, w, c = e.shape
        if state is None:
            state = ops.zeros(e.shape, like=e)
        check(state, "n h w c", who="STFAN state", n=n, h=h, w=w, c=c)
        _, _, k = self.motion(ops.concat(restored, previous, frame))                  # (n, h/4, w/4, c)
        to_present = self.align(k)                                                    # (n, h/4, w/4, k*k, c)
        aligned = note("aligned", ops.fac(state, to_present, border="zero"))          # (n, h/4, w/4, c)
        to_sharp = self.deblur(ops.concat(k, summarised(self.summary, to_present)))   # (n, h/4, w/4, k*k, c)
        sharp = note("sharp", ops.fac(e, to_sharp, border="zero"))                    # (n, h/4, w/4, c)
        joined = ops.concat(aligned, sharp)                                           # (n, h/4, w/4, 2c)
        return self.image(self.decode(joined)) + frame, self.carry(joined)            # (n, h, w, 3)
