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
from typing import Any

import numpy as np

from refvr.networks.safa import SAFA, Interpolated, checked_times
from refvr.nn.module import Module
from refvr.nn.trace import listening
from refvr.ops.route import FIXED, Rule, decide
from refvr.plan.memory import Planned

Choice = tuple[tuple[int, ...], ...]  # decisions (n, 2) of a step


class Pair:
    """The pieces of one network, with the schedules of one clip."""

    def __init__(self, net: SAFA) -> None:
        self.net = net
        self.head, self.fuse = Planned(net.head), Planned(net.fuse)
        self.look, self.refine, self.paint = Planned(looks(net)), Planned(refines(net)), Planned(net.painted)

    def at(self, images: tuple[Any, Any], heads: tuple[Any, Any], feature: Any, times: np.ndarray,
           rule: Callable[[int], Rule], motion: Any = None, *, judged: bool = True) -> tuple[Any, Any, Any]:
        """`SAFA.at`, to the bit but for folding.

        judged  whether anybody wants to know what the selector says where the rule does not ask; None in its place
        """
        net = self.net
        if listening():
            return net.at(*images, *heads, feature, times, rule, motion)
        t, flow = net.time_map(times, heads[0]), net.first_flow(motion, times, images[0])
        probabilities, decisions = [], []
        for k in range(len(net.blocks)):
            asked = rule(k)
            fixed = isinstance(asked, str) and asked in FIXED
            p = self.look(*heads, feature, flow, t) if judged or not fixed else np.zeros((len(times), 2), flow.dtype)
            decisions.append(decide(p, asked))
            probabilities.append(p)
            feature, flow = self.refine(*heads, feature, flow, t, k=k, choice=tuple(map(tuple, decisions[-1].tolist())))
        return self.paint(*images, *heads, flow, t), np.stack(probabilities) if judged else None, np.stack(decisions)


def looks(net: SAFA) -> Callable[..., Any]:
    """The page of what the selector says: (a, b, feature, flow, t) -> (n, 2)."""
    return lambda a, b, feature, flow, t: net.selector(net.seen(a, b, feature, flow, t))


def refines(net: SAFA) -> Callable[..., Any]:
    """The page of step k at a scale: (a, b, feature, flow, t) -> feature and flow after it."""
    def page(a: Any, b: Any, feature: Any, flow: Any, t: Any, *, k: int, choice: Choice) -> tuple[Any, Any]:
        return net.refined(k, net.seen(a, b, feature, flow, t), flow, None, np.array(choice, np.uint8))

    return page


def answered(net: SAFA, image0: np.ndarray, image1: np.ndarray, times: Any, *, routing: Any = "threshold",
             motion: np.ndarray | None = None) -> Interpolated:
    """The network's own answer, by the schedule that a clip has."""
    if listening() or not isinstance(net, Module):   # a peer in another framework has no pieces
        return net(image0, image1, times, routing=routing, motion=motion)
    pair, times = Pair(net), checked_times(times, len(image0))
    rule, heads = net.rules(routing, times.shape[1], len(image0)), (pair.head(image0), pair.head(image1))
    feature = pair.fuse(*heads)
    frames, probabilities, decisions = zip(*(
        pair.at((image0, image1), heads, feature, t, lambda block, k=k: rule(k, block), motion)
        for k, t in enumerate(times.T)))
    return Interpolated(np.stack(frames, axis=1), np.stack(probabilities), np.stack(decisions))
