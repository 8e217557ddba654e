"""What is timed: a clip in its steady state, a whole clip, or a training step; ours, or that of the PyTorch peer.

A subject is made from a `spec` of plain values, which is what one process can tell another:

    side "ours", "peer", "keeps" (a peer that keeps features between windows), "onnx" or "openvino" (onnx_side.py) ·
    job "clip", "whole" or "train" · model · options (Config fields) ·
    size [w, h] · threads · precision "winograd" or "direct" (ours)

Both sides have the same drawn weights and see the same drawn frames. The peers are the networks of tools/torch_peers in
a checkout; on clips they do what the authors' programs do, a whole window for every frame.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from refvr import ops, zoo
from refvr.bench.operations import Listener, flop_of
from refvr.nn.module import Module
from refvr.pipeline.drivers import noise_map, restore_frames, takes_sigma
from refvr.pipeline.safa import MULTIPLE
from refvr.records import record_of

PICTURES = 4  # different frames of a clip, which then come again


def options_of(net: Module) -> dict[str, Any]:
    """What the driver is told, so that both sides do the same."""
    return record_of(net).race.options | ({"sigma": 25.0} if takes_sigma(net) else {})


def frames_of(spec: dict[str, Any]) -> Iterator[np.ndarray]:
    """An endless clip, or with "frames" one of so many."""
    w, h = spec["size"]
    pictures = list(np.random.default_rng(1).random((PICTURES, h, w, 3), np.float32))
    numbers = cycle(range(PICTURES))
    endless = (pictures[k] for k in numbers)
    count = spec.get("frames")
    return endless if count is None else (next(endless) for _ in range(count))


def round_of(net: Module) -> int:
    """Output frames that belong together: those of a window that gives several, or of a pair."""
    return record_of(net).race.frames(net.config)


class Clip:
    """Our driver over an endless clip, a window (or pair) a round; a whole clip a round where `frames` is given."""

    def __init__(self, net: Module, spec: dict[str, Any]) -> None:
        self._net, self._spec, self._round = net, spec, round_of(net)
        self._stream: Iterator[np.ndarray] | None = None

    def _start(self) -> Iterator[np.ndarray]:
        return restore_frames(frames_of(self._spec), self._net, **options_of(self._net))

    def run(self) -> int:
        """One round; the number of frames that came."""
        with ops.threads(self._spec["threads"]), ops.precision(self._spec.get("precision", "winograd")):
            if "frames" in self._spec:
                return sum(1 for _ in self._start())
            self._stream = self._stream or self._start()
            for _ in range(self._round):
                next(self._stream)
            return self._round

    def rehearse(self) -> dict[str, Any]:
        """One round that is not timed: kernels are compiled or loaded. No facts come of it."""
        self.run()
        return {}

    def work(self) -> list[dict[str, Any]]:
        """Every kind of operation in one round."""
        with Listener() as listener:
            self.run()
        return listener.rows()


def inputs_of(net: Module, n: int, side: int, times: Sequence[float] = (0, 0.5, 1)) -> list[np.ndarray]:
    """Drawn arguments of a call: n windows of side x side pixels; SAFA is asked for frames at `times`."""
    call, rng = record_of(net).call, np.random.default_rng(2)

    def draw(*shape: int) -> np.ndarray:
        return rng.random(shape, np.float32)

    if call.images:
        return [draw(n, side, side, 3) for _ in call.images] + [np.array(times, np.float32)] * call.times
    x = draw(n, net.config.frames, side, side, 3)
    return [x, noise_map(net, x, 25)] if takes_sigma(net) else [x]


def driven_multiple(net: Module) -> int:
    """Its driver pads to multiples of this: for SAFA, whose frames are enlarged, more than the network needs."""
    return MULTIPLE if record_of(net).call.enlarged > 1 else net.config.multiple


def call_options(net: Module) -> dict[str, Any]:
    """Of a call of the network, so that both sides do the same."""
    return record_of(net).race.call


def batch(net: Module, model: str) -> tuple[list[np.ndarray], Callable[[Any], Any]]:
    """Inputs of a training step, our layout, and how the answer is found in what the network returns."""
    return inputs_of(net, *record_of(net).race.patch), lambda y: y[0] if isinstance(y, tuple) else y


def flop(spec: dict[str, Any]) -> float:
    """Direct operations of a network per frame of a clip, every window whole, or per training step.

    A step counts three times the forward pass: the adjoint of a convolution has two products for each of its own.
    """
    net = zoo.build(spec["model"], **spec.get("options", {})).init(np.random.default_rng(0))
    side = -(-8 // net.config.multiple) * net.config.multiple  # a few pixels
    inputs = inputs_of(net, 1, side, *([] if spec["job"] == "train" else [(0, 0.5)]))
    per_pixel = flop_of(net, inputs, **call_options(net)) / side ** 2
    if spec["job"] == "train":
        n, side = record_of(net).race.patch
        return 3 * per_pixel * n * side ** 2
    enlarged, multiple = record_of(net).call.enlarged, driven_multiple(net)
    padded = [-(-enlarged * length // multiple) * multiple for length in spec["size"]]
    return per_pixel * padded[0] * padded[1] / round_of(net)


class Train:
    """Forward, mean squared error against zeros, backward, Adam."""

    def __init__(self, net: Module, spec: dict[str, Any]) -> None:
        from refvr.train.optim import Adam

        self._net, self._spec, self._adam = net.train(), spec, Adam(1e-4)
        self._inputs, self._answer = batch(net, spec["model"])
        self._options = call_options(net)

    def run(self) -> int:
        """One training step, forward, backward and Adam; always 1, which the time is divided by."""
        from refvr.autodiff import backward

        with ops.threads(self._spec["threads"]):
            parameters = self._net.watch()
            y = self._answer(self._net(*self._inputs, **self._options))
            backward(ops.mse_loss(y, np.zeros(y.shape, np.float32)))
            gradients = {name: tensor.grad if tensor.grad is not None else np.zeros_like(tensor.data)
                         for name, tensor in parameters.items()}
            self._net.unwatch()
            self._adam.step(self._net.parameters(), gradients)
        return 1

    def rehearse(self) -> dict[str, Any]:
        """One round that is not timed: kernels are compiled or loaded. No facts come of it."""
        self.run()
        return {}

    def work(self) -> list[dict[str, Any]]:
        """Every kind of operation in the forward pass of a step."""
        with Listener() as listener:
            self.run()
        return listener.rows()
