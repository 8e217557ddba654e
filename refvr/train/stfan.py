"""STFAN's training, as its authors do it: one optimiser step for every frame, and how a clip is varied before.

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
from refvr.degrade import colour_jitter
from refvr.errors import ShapeError
from refvr.train.optim import Adam
from refvr.train.perceptual import VGG19, percept

PERCEPT = 0.01
LEARNING_RATE = 1e-4
MILESTONES = (80, 160, 250)
CROP = (320, 448)
NOISE = 1e-4  # the config calls it a variance, the code takes it for a deviation; the paper's is a hundred times that


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


def step(net: Any, vgg: VGG19, optimiser: Adam, frame: np.ndarray, sharp: np.ndarray, carried: Carried | None, *,
         lr: float | None = None) -> Step:
    """Train on one frame (n, h, w, 3); `carried` is None for the first of a clip. Changes the network."""
    parameters = net.watch()
    previous, restored, state = carried or (frame, frame, None)
    y, state = net(frame, previous, restored, state)
    total, mse, perceptual = losses(y, sharp, vgg)
    backward(total)
    gradients = {name: tensor.grad for name, tensor in parameters.items()}
    net.unwatch()
    optimiser.step(net.parameters(), gradients, lr)
    return Step(y.data, float(total.data), float(mse.data), float(perceptual.data), gradients,
                Carried(frame, np.clip(y.data, 0, 1), state.data))


def losses(y: Any, sharp: np.ndarray, vgg: VGG19, *, before_relu: bool = False) -> tuple[Any, Any, Any]:
    """(total, mse, percept), each of shape ()."""
    mse, (perceptual, _) = ops.mse_loss(y, sharp), percept(y, sharp, vgg, before_relu=before_relu)
    return mse + perceptual * PERCEPT, mse, perceptual


def varied(blurred: np.ndarray, sharp: np.ndarray, rng: np.random.Generator, *, crop: tuple[int, int] = CROP,
           noise: float = NOISE) -> tuple[np.ndarray, np.ndarray]:
    """A pair of clips (t, h, w, 3), uint8, BGR -> the pair to train on, float32 in [0, 1], t frames of `crop` pixels.

    In the authors' order, each drawn once for the clip: time reversed or not, colours, /255, crop, flips, channels in
    any order, and on the blurred frames one field of noise for all, clipped.
    Raises ShapeError when the clips differ in shape or are smaller than `crop`.
    """
    if blurred.shape != sharp.shape or blurred.ndim != 4 or blurred.shape[1] < crop[0] or blurred.shape[2] < crop[1]:
        raise ShapeError(f"STFAN clip: got shapes {blurred.shape} and {sharp.shape}, expected equal (t, h, w, 3) of at "
                         f"least {crop[0]}x{crop[1]} pixels", fix="use larger clips or a smaller crop")
    clips = np.stack([blurred, sharp])                                              # (2, t, h, w, 3)
    clips = clips[:, ::-1] if rng.random() < 0.5 else clips
    factors = colour_jitter.draw(rng)
    clips = np.stack([colour_jitter.jitter(clip, factors) for clip in clips]).astype(np.float32) / np.float32(255)
    top, left = (int(rng.integers(size - wanted + 1)) for size, wanted in zip(blurred.shape[1:3], crop))
    clips = clips[:, :, top:top + crop[0], left:left + crop[1]]
    for axis in (2, 3):
        clips = np.flip(clips, axis) if rng.random() < 0.5 else clips
    clips = np.ascontiguousarray(clips[..., rng.permutation(3)])
    field = noise * rng.standard_normal(clips.shape[2:])
    return np.clip(clips[0] + field.astype(np.float32), 0, 1), clips[1]
