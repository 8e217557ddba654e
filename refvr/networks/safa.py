"""SAFA: scale-adaptive feature aggregation for space-time super-resolution (Huang et al., WACV 2024).

Two consecutive frames go in, already enlarged (pipeline/safa.py does it); the frame at any time t between them comes
out, of the same size. For each time a flow to both frames is refined in six steps; in each step a small selector, from
what it sees, picks the scale at which the step's convolutions run: full, half or a quarter.

    a, b  = head(frame 0), head(frame 1)             depends on one frame alone: drivers keep it between pairs
    feat  = pair(a, b);  flow = 0
    six times:  x    = feat, flow / 2, a and b fetched along the flow, t
                feat = body(x) at the chosen scale;  flow = flow + shuffle(conv(feat))
    y_t   = clip( m * warp(frame 0) + (1 - m) * warp(frame 1) + decoder(t, a and b fetched along the flow) )

flow (n, h, w, 6): right and down into frame 0, the same into frame 1, all in pixels of the frames, the logit of m, and
a channel that only the next step reads. Features are half the size of the frames, so their flow has half the values.
Sides: multiples of 8. No state; batch norms use their stored statistics, also in training.
Source: megvii-research/WACV2024-SAFA, model/flownet.py and model/head.py.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from refvr import ops, types
from refvr.autodiff.tape import Tensor, array_of
from refvr.errors import InputError, ShapeError
from refvr.nn.layers import Basic, BatchNorm, Conv2d, ConvNorm, ConvPReLU, Linear, PReLU, ZeroConv, chain
from refvr.nn.module import Module
from refvr.nn.trace import note, scope
from refvr.ops.route import BRANCHES, Rule, decide, taken
from refvr.shapes import check
from refvr.types import Array


@dataclass(frozen=True)
class Config(types.Config):
    """Numbers that make a SAFA. Defaults: the released one."""

    channels: int = 80  # c, even
    blocks: int = 6  # refinements of the flow
    depth: int = 2  # residual blocks in each
    decoder_blocks: int = 12
    head: int = 64  # channels of the first layers
    identity_init: bool = False  # ours: training starts from the mean of both frames, enlarged
    motion: bool = False  # ours: the flow begins at a motion that the driver has estimated, not at zero
    coordinates: str = "pixels"  # of the warps; "round_trip": with the float32 rounding of the official code

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        return 8

    @property
    def scale(self) -> int:
        """Size of a restored frame over that of the input; the driver enlarges before the network."""
        return 4


class Interpolated(NamedTuple):
    """What the network answers.

    frames         (n, t, h, w, 3) in [0, 1]
    probabilities  (t, blocks, n, 2) of the two decisions of every step, on the tape where the frames are
    decisions      (t, blocks, n, 2) of 0 and 1, as taken; see ops/route.py
    """

    frames: Any
    probabilities: Array
    decisions: np.ndarray


class Head(Module):
    """One frame to features of half its size: the beginning of a ResNet-18, its levels added up (model/head.py)."""

    def __init__(self, c: int, o: int) -> None:
        self.normalize = Conv2d(3, 3, 1)
        self.stem = ConvNorm(3, o, 7, stride=2)
        self.layer1 = [Basic(o, o), Basic(o, o)]
        self.layer2 = [Basic(o, 2 * o, 2), Basic(2 * o, 2 * o)]
        self.out0, self.out1, self.out2 = Conv2d(o, c, 1), Conv2d(o, c, 1), Conv2d(2 * o, c, 1)

    def forward(self, image: Array) -> Array:
        """(n, h, w, 3) -> (n, h/2, w/2, c)."""
        _, h, w, _ = check(image, "n h w 3", who="SAFA image")
        if h % 8 or w % 8:
            raise ShapeError(f"SAFA: got images of {w}x{h}, expected multiples of 8", fix="pad first")
        f0 = self.stem(self.normalize(image))                                # (n, h/2, w/2, o)
        f1 = chain(self.layer1, ops.max_pool(f0, 3, stride=2, padding=1))   # (n, h/4, w/4, o)
        f2 = chain(self.layer2, f1)                                         # (n, h/8, w/8, 2o)
        return self.out0(f0) + ops.resize_bilinear(self.out1(f1), scale=2) \
            + ops.resize_bilinear(self.out2(f2), scale=4)                    # (n, h/2, w/2, c)


class Residual(Module):
    """act2(x + beta * conv2(act1(conv1(x)))); beta, one factor a channel, starts at 0."""

    def __init__(self, c: int) -> None:
        self.conv1 = Conv2d(c, c, 3)
        self.act1 = PReLU(c)
        self.conv2 = Conv2d(c, c, 3)
        self.beta = np.zeros(c, np.float32)
        self.act2 = PReLU(c)

    def forward(self, x: Array) -> Array:
        """(n, h, w, c) -> (n, h, w, c)."""
        return self.act2(x + self.beta * self.conv2(self.act1(self.conv1(x))))


class Selector(Module):
    """Probabilities of the two decisions of a step; one set of weights for all steps."""

    def __init__(self, c_in: int, c: int) -> None:
        self.squeeze = ConvPReLU(c_in, c, 1, stride=2)  # the original has the stride one layer later, after a 1x1
        self.mix = ConvPReLU(c, c, 1)
        self.decide = Linear(c, 2)

    def forward(self, x: Array) -> Array:
        """(n, h, w, c_in) -> (n, 2)."""
        seen = self.mix(self.squeeze(x))                                           # (n, h/2, w/2, c)
        return ops.sigmoid(self.decide(ops.mean(seen, axis=(1, 2))))               # (n, 2)


class Block(Module):
    """The convolutions of one refinement; the same weights at every scale of the features."""

    scales = {"full": 1.0, "half": 0.5, "quarter": 0.25}

    def __init__(self, c_in: int, c: int, depth: int) -> None:
        self.entry = ConvPReLU(c_in, c)
        self.body = [Residual(c) for _ in range(depth)]

    def forward(self, x: Array, p: Array | None, decisions: np.ndarray) -> Array:
        """(n, h, w, c_in) -> (n, h, w, c): every sample at its scale. `p` (n, 2) is there for its gradient alone.

        In use each sample runs alone and at its own scale only. In training a batch runs at all scales, so that the
        selector learns what the others would have given; a single sample at its own, as in the original.
        """
        choice = taken(decisions)
        if isinstance(p, Tensor):
            together = len(choice) > 1
            needed = {0, 1, 2} if together else set(choice)
            branches = [self._at(x, self.scales[name]) if k in needed else None for k, name in enumerate(BRANCHES)]
            return ops.route(p, *branches, decisions=decisions, terms="all" if together else "taken")
        return ops.concat(*(self._at(x[n:n + 1], self.scales[BRANCHES[k]]) for n, k in enumerate(choice)), axis=0)

    def _at(self, x: Array, scale: float) -> Array:
        small = x if scale == 1 else ops.resize_bilinear(x, scale=scale)
        y = chain(self.body, self.entry(small))
        return y if scale == 1 else ops.resize_bilinear(y, scale=1 / scale)


class Decoder(Module):
    """(n, h/2, w/2, 2c+1) -> (n, h, w, 3): a quarter of the frames' size inside, then two pixel shuffles."""

    def __init__(self, c: int, blocks: int, last: type[Conv2d]) -> None:
        self.entry = ConvPReLU(2 * c + 1, c, stride=2)
        self.body = [Residual(c) for _ in range(blocks)]
        self.expand = ConvPReLU(c, 2 * c)
        self.out = last(c // 2, 12, 3)

    def forward(self, x: Array) -> Array:
        """What is added to the blend of the warped frames."""
        u = self.entry(x)                                    # (n, h/4, w/4, c)
        u = chain(self.body, u)
        u = ops.pixel_shuffle(self.expand(u), 2)             # (n, h/2, w/2, c/2)
        return ops.pixel_shuffle(self.out(u), 2)             # (n, h, w, 3)


class SAFA(Module):
    """(n, h, w, 3) twice and times -> Interpolated; RGB."""

    def __init__(self, config: Config = Config()) -> None:
        self.config, c = config, config.channels
        if c < 2 or c % 2:
            raise InputError(f"SAFA: got {c} channels, expected an even number: half of them leave the decoder")
        self.head = Head(c, config.head)
        self.pair = ConvPReLU(2 * c, c)
        self.blocks = [Block(3 * c + 7, c, config.depth) for _ in range(config.blocks)]
        self.selector = Selector(3 * c + 7, c)
        last = ZeroConv if config.identity_init else Conv2d
        self.update = last(c, 24, 3)
        self.decoder = Decoder(c, config.decoder_blocks, last)
        self.name_parts()

    def forward(self, image0: Array, image1: Array, times: object, *, routing: Rule = "threshold",
                motion: Array | None = None) -> Interpolated:
        """Frames at `times`: a sequence (t,), or (n, t) where each sample has its own; each from 0 to 1.

        routing  a rule of ops.route.decide for all steps, a random generator, or decisions (t, blocks, n, 2)
        motion   (n, h, w, 4) of pipeline/motion.py, for Config(motion=True); None: as if nothing moved
        """
        n, h, w, _ = check(image0, "n h w 3", who="SAFA image 0")
        check(image1, "n h w 3", who="SAFA image 1", n=n, h=h, w=w)
        times = checked_times(times, n)
        rule, heads = self.rules(routing, times.shape[1], n), (self.head(image0), self.head(image1))
        feature = self.fuse(*heads)
        answers = []
        for k, t in enumerate(times.T):
            with scope(f"t{k}"):
                answers.append(self.at(image0, image1, *heads, feature, t, partial(rule, k), motion))
        frames, probabilities, decisions = zip(*answers)
        return Interpolated(ops.stack(frames, axis=1), ops.stack(probabilities), np.stack(decisions))

    def fuse(self, a: Array, b: Array) -> Array:
        """Features of a pair, with which the refinement of every time begins: 2 x (n, h/2, w/2, c) -> the same."""
        return self.pair(ops.concat(a, b))

    def at(self, image0: Array, image1: Array, a: Array, b: Array, feature: Array, times: np.ndarray,
           rule: Callable[[int], Rule], motion: Array | None = None) -> tuple[Array, Array, np.ndarray]:
        """One time: frame (n, h, w, 3), probabilities and decisions (blocks, n, 2).

        a, b, feature  of the two heads and of `fuse`;  times (n,);  rule(block): how that step decides
        motion         as in `forward`
        """
        t = self.time_map(times, a)                                                # (n, h/2, w/2, 1)
        flow = self.first_flow(motion, times, image0)                              # (n, h, w, 6)
        probabilities, decisions = [], []
        for k in range(len(self.blocks)):
            with scope(f"step{k}"):
                x = self.seen(a, b, feature, flow, t)                              # (n, h/2, w/2, 3c+7)
                p = self.selector(x)                                               # (n, 2)
                decisions.append(decide(p, rule(k)))
                probabilities.append(p)
                feature, flow = self.refined(k, x, flow, p, decisions[-1])
        return self.painted(image0, image1, a, b, flow, t), ops.stack(probabilities), np.stack(decisions)

    def seen(self, a: Array, b: Array, feature: Array, flow: Array, t: Array) -> Array:
        """What a step sees: features, flow, both frames' features where it points to, time; (n, h/2, w/2, 3c+7)."""
        small = ops.resize_bilinear(flow, scale=0.5)                               # (n, h/2, w/2, 6)
        return ops.concat(feature, small, *self._fetch(a, b, small), t)

    def refined(self, k: int, x: Array, flow: Array, p: Array | None, decisions: np.ndarray) -> tuple[Array, Array]:
        """Step k at its scale: features (n, h/2, w/2, c) and flow (n, h, w, 6) after it."""
        feature = self.blocks[k](x, p, decisions)
        return feature, note("flow", flow + ops.pixel_shuffle(self.update(feature), 2))

    def painted(self, image0: Array, image1: Array, a: Array, b: Array, flow: Array, t: Array) -> Array:
        """The frame (n, h, w, 3) from the final flow."""
        small = ops.resize_bilinear(flow, scale=0.5)                               # (n, h/2, w/2, 6)
        residual = self.decoder(ops.concat(t, *self._fetch(a, b, small)))          # (n, h, w, 3); t comes first here
        how = self.config.coordinates
        mask = note("mask", ops.sigmoid(flow[..., 4:5]))                           # (n, h, w, 1)
        warped0 = note("warped0", ops.warp(image0, flow[..., 0:2], coordinates=how))
        warped1 = note("warped1", ops.warp(image1, flow[..., 2:4], coordinates=how))
        base = mask * warped0 + (1.0 - mask) * warped1                             # (n, h, w, 3)
        return ops.clip(base + residual, 0.0, 1.0)

    def first_flow(self, motion: Array | None, times: np.ndarray, image: Array) -> Array:
        """Where the refinement begins, (n, h, w, 6): at zero, or as far along the motion (n, h, w, 4) as the time is.

        The mask begins at the nearer frame's share: its logit is that of 1 - t, at most 4 either way.
        """
        n, h, w, _ = image.shape
        if motion is None or not self.config.motion:
            return ops.zeros((n, h, w, 6), like=array_of(image))
        check(motion, "n h w 4", who="SAFA motion", n=n, h=h, w=w)
        t = times.astype(image.dtype)[:, None, None, None]                         # (n, 1, 1, 1)
        rest = np.zeros((n, h, w, 2), image.dtype)
        rest[..., :1] = np.clip(np.log(np.maximum(1 - t, 1e-6)) - np.log(np.maximum(t, 1e-6)), -4, 4)
        return ops.concat(motion[..., 0:2] * t, motion[..., 2:4] * (1 - t), rest)  # (n, h, w, 6)

    @staticmethod
    def time_map(times: np.ndarray, a: Array) -> np.ndarray:
        """Times (n,) beside features (n, h, w, c), of their type: (n, h, w, 1)."""
        return np.broadcast_to(times.astype(a.dtype)[:, None, None, None], (*a.shape[:3], 1))

    def _fetch(self, a: Array, b: Array, small: Array) -> tuple[Array, Array]:
        """Both features where the flow, in pixels of the frames at half their size, points to."""
        how = self.config.coordinates
        return (note("fetched0", ops.warp(a, small[..., 0:2] * 0.5, coordinates=how)),
                note("fetched1", ops.warp(b, small[..., 2:4] * 0.5, coordinates=how)))

    def rules(self, routing: Rule, times: int, n: int) -> Callable[[int, int], Rule]:
        """The rule of each time and step."""
        if isinstance(routing, (str, np.random.Generator)):
            return lambda time, block: routing
        given = np.asarray(routing)
        check(given, "t blocks n 2", who="SAFA routing", t=times, blocks=len(self.blocks), n=n)
        return lambda time, block: given[time, block]

    def train(self, on: bool = True) -> SAFA:
        """Batch norms keep to their stored statistics in training too, as the authors do."""
        super().train(on)
        for _, module in self.modules():
            if isinstance(module, (BatchNorm, ConvNorm)):
                module.training = False
        return self


def checked_times(times: object, n: int) -> np.ndarray:
    """(n, t), rounded to float32 as the original rounds them."""
    array = np.asarray(times, np.float64)
    array = np.broadcast_to(array, (n, array.size)) if array.ndim == 1 else array
    check(array, "n t", who="SAFA times", n=n)
    if not array.size or not ((array >= 0) & (array <= 1)).all():
        raise InputError(f"SAFA: got times {array.tolist()}, expected at least one, each from 0 to 1, the second frame")
    return array.astype(np.float32)
