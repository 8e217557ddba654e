"""STFAN's training, as its authors do it: one optimiser step for every frame; train/vary_stfan.py varies a clip before.

    loss = mse(y, sharp) + 0.01 percept(y, sharp)                       y not clamped; percept: train/perceptual.py

What one frame leaves to the next (the frame, the clamped result, the state) is a constant there: no gradient goes back
in time. Adam with lr 1e-4; batch 1, clips of 20 frames, 320 x 448 pixels; start values: Xavier (`STFAN.init`).
Rates fall tenfold after 80, 160 and 250 of 400 epochs of 5540 frames: `schedules.multi_step`.
Source: sczhou/STFAN, core/train.py, utils/data_loaders.py and data_transforms.py; DeepVideoDeblurring's pairs.
"""
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from refvr import ops
from refvr.autodiff import backward
from refvr.nn.module import Module
from refvr.train.optim import Adam
from refvr.train.perceptual import VGG19, percept

PERCEPT = 0.01
LEARNING_RATE = 1e-4
MILESTONES = (80, 160, 250)


class Carried(NamedTuple):
    """What a frame leaves to the next; all (1, h, w, c)."""

    previous: np.ndarray
    restored: np.ndarray
    state: np.ndarray


class Step(NamedTuple):
    """What one step gives: the result, not clamped; the losses; the gradient of every parameter."""

    y: np.ndarray
    loss: float
    mse: float
    percept: float
    gradients: dict[str, np.ndarray]
    carried: Carried


def step(net: Module, vgg: VGG19, optimiser: Adam, frame: np.ndarray, sharp: np.ndarray, carried: Carried | None, *,
         lr: float | None = None) -> Step:
    """Train on one frame (n, h, w, 3); `carried` is None for the first of a clip. Changes the network."""
    parameters = net.watch()
    previous, restored, state = carried or (frame, frame, None)
    y, state = net(frame, previous, restored, state)
    total, mse, perceptual = losses(y, sharp, vgg)
    backward(total)
    gradients = {name: tensor.grad for name, tensor in parameters.items() if tensor.grad is not None}
    net.unwatch()
    optimiser.step(net.parameters(), gradients, lr)
    return Step(y.data, float(total.data), float(mse.data), float(perceptual.data), gradients,
                Carried(frame, np.clip(y.data, 0, 1), state.data))


def losses(y: Any, sharp: np.ndarray, vgg: VGG19, *, before_relu: bool = False) -> tuple[Any, Any, Any]:
    """(total, mse, percept), each of shape ()."""
    mse, (perceptual, _) = ops.mse_loss(y, sharp), percept(y, sharp, vgg, before_relu=before_relu)
    return mse + perceptual * PERCEPT, mse, perceptual
