"""One pair of frames through SAFA in a stated memory: its page piece by piece, because the page decides by values.

    head, fuse                      features of each frame, and of both together
    each step:   look               what the selector says of the whole image: two numbers
                 refine             the step at the scale that was chosen, from what it saw, made anew
    paint                           the frame

A piece is laid out by itself (plan/memory.py). What a step sees has 247 channels at half the size of the frames; twice
computed by bands it takes less memory, and no more time, than once as a whole.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias, cast

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.errors import InputError
from refvr.networks.safa import SAFA, Interpolated, checked_times
from refvr.nn.module import Module
from refvr.nn.trace import listening
from refvr.ops.route import FIXED, Rule, decide
from refvr.pipeline.motion import between
from refvr.plan.lines import Stored
from refvr.plan.memory import Planned
from refvr.types import Array

ROWS = 64  # of a map on its way into a file
Choice = tuple[tuple[int, ...], ...]  # decisions (n, 2) of a step


Image: TypeAlias = "Array | Stored"   # a frame enlarged, in memory or in a file


class Pair:
    """The pieces of one network, with the schedules of one clip."""

    def __init__(self, net: SAFA) -> None:
        self.net = net
        self.head, self.fuse = Planned(net.head, stores=True), Planned(net.fuse, stores=True)
        self.refine = Planned(refines(net), stores=True)
        self.look, self.paint = Planned(looks(net)), Planned(net.painted)
        self.enlarge = Planned(enlarge, stores=True)

    def motion(self, frame0: np.ndarray | None, frame1: np.ndarray | None) -> Array | None:
        """(1, h', w', 4) for networks that begin at an estimated motion, of two frames before they are enlarged."""
        if frame0 is None or frame1 is None or not self.net.config.motion:
            return None
        return self.enlarge(between(frame0, frame1, 4)[None])

    def at(self, images: tuple[Image, Image], heads: tuple[Array, Array], feature: Array, times: np.ndarray,
           rule: Callable[[int], Rule], motion: Array | None = None, *, judged: bool = True
           ) -> tuple[Array, Array | None, np.ndarray]:
        """`SAFA.at`, to the bit but for folding; any array may lie in a file (`Stored`).

        judged  whether anybody wants to know what the selector says where the rule does not ask; None in its place
        """
        net = self.net
        if listening():
            return net.at(*cast("tuple[Array, Array]", images), *heads, feature, times, rule, motion)   # none in a file
        t, flow = net.time_map(times, heads[0]), self._first_flow(motion, times, images[0])
        probabilities, decisions = [], []
        for k in range(len(net.blocks)):
            asked = rule(k)
            fixed = isinstance(asked, str) and asked in FIXED
            p = self.look(*heads, feature, flow, t) if judged or not fixed else np.zeros((len(times), 2), flow.dtype)
            decisions.append(decide(p, asked))
            probabilities.append(p)
            feature, flow = self.refine(*heads, feature, flow, t, k=k, choice=tuple(map(tuple, decisions[-1].tolist())))
        return self.paint(*images, *heads, flow, t), np.stack(probabilities) if judged else None, np.stack(decisions)

    def _first_flow(self, motion: Array | None, times: np.ndarray, image: Image) -> Image:
        """`SAFA.first_flow`; in a file where the image lies in one."""
        if not isinstance(image, Stored):
            return self.net.first_flow(motion, times, image)
        n, h, w, _ = image.shape
        y = Stored.zeros((n, h, w, 6), image.dtype, 1)
        if motion is None or not self.net.config.motion:
            return y
        for top in range(0, h, ROWS):
            part = motion.part(top, min(h, top + ROWS)) if isinstance(motion, Stored) else motion[:, top:top + ROWS]
            nothing = np.broadcast_to(image.dtype.type(0), (*part.shape[:3], 3))
            y.add(top, array_of(self.net.first_flow(part, times, nothing)))
        return y


def enlarge(motion: Array) -> Array:
    """The page of a motion four times as large: (n, h, w, 4) -> (n, 4h, 4w, 4)."""
    return ops.resize_bilinear(motion, scale=4.0)


def looks(net: SAFA) -> Callable[..., Array]:
    """The page of what the selector says: (a, b, feature, flow, t) -> (n, 2)."""
    return lambda a, b, feature, flow, t: net.selector(net.seen(a, b, feature, flow, t))


def refines(net: SAFA) -> Callable[..., tuple[Array, Array]]:
    """The page of step k at a scale: (a, b, feature, flow, t) -> feature and flow after it."""
    def page(a: Array, b: Array, feature: Array, flow: Array, t: Array, *, k: int, choice: Choice
             ) -> tuple[Array, Array]:
        return net.refined(k, net.seen(a, b, feature, flow, t), flow, None, np.array(choice, np.uint8))

    return page


def answered(net: SAFA, image0: np.ndarray, image1: np.ndarray, times: object, *, routing: Rule = "threshold",
             motion: np.ndarray | None = None) -> Interpolated:
    """The network's own answer, by the schedule that a clip has."""
    if listening() or not isinstance(net, Module):   # a peer in another framework has no pieces
        return net(image0, image1, times, routing=routing, motion=motion)
    pair, times = Pair(net), checked_times(times, len(image0))
    rule, heads = net.rules(routing, times.shape[1], len(image0)), (pair.head(image0), pair.head(image1))
    feature = pair.fuse(*heads)
    frames, probabilities, decisions = zip(*(
        pair.at((image0, image1), heads, feature, t, partial(rule, k), motion) for k, t in enumerate(times.T)))
    return Interpolated(np.stack(frames, axis=1), np.stack(probabilities), np.stack(decisions))


def named_rule(text: str) -> Rule:
    """A routing rule from a word: "threshold", "full", "half", "quarter", or a number, the seed of a generator."""
    if text.isdigit():
        return np.random.default_rng(int(text))
    if text != "threshold" and text not in FIXED:
        raise InputError(f"routing: got {text!r}, expected threshold, {', '.join(FIXED)} or a number, a seed")
    return text
