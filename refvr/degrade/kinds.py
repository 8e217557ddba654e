"""Degradations by name: from a clean clip, pairs of what a camera, an encoder or an experiment would have left of it.

    noise-25        white Gaussian noise, sigma 25 on the scale 0..255, not clipped                         noise.py
    noise8-25       the same as files have it: clipped at black and white, rounded to 8 bits         file_noise.py
    camera          a sensor's shot and read noise through a Bayer mosaic, demosaicked                     camera.py
    duf-x2 -x3 -x4  a Gaussian of 13x13 taps, then every s-th pixel                                           duf.py
    bicubic-x2 -x4  MATLAB's imresize: what EDVR and SAFA were trained on                            ops/imresize.py
    footage-x4      bicubic-x4, then noise of sigma 2 and H.264 of CRF 28: what a site leaves of a clip      codec.py
    blur            an open shutter along the clip's own motion; every second frame                   motion_blur.py
    spacetime       every second frame, a quarter of its size: bicubic-x4 and half the frame rate

A degradation is a function of a stream of frames (h, w, 3), float32 RGB in [0, 1], that yields (degraded, clean) pairs;
`degraded` is None for a clean frame that has no partner (every second one of "spacetime"). Frames are cut at the bottom
and right to a multiple of the scale.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from refvr import ops
from refvr.degrade import duf
from refvr.degrade.camera import camera_noise
from refvr.degrade.codec import through_h264
from refvr.degrade.file_noise import in_file
from refvr.degrade.motion_blur import motion_blur
from refvr.degrade.noise import gaussian
from refvr.errors import InputError, nearest

Pair = tuple["np.ndarray | None", np.ndarray]
SEED = 20
FOOTAGE_SIGMA, FOOTAGE_CRF = 2.0, 28
CAMERA_K, CAMERA_SIGMA = 0.01, 0.02  # shot noise at full signal, read noise: a phone at dusk
NAMES = ("noise-25", "noise8-25", "camera", "duf-x2", "duf-x3", "duf-x4", "bicubic-x2", "bicubic-x4",
         "footage-x4", "blur", "spacetime")


@dataclass(frozen=True)
class Degradation:
    """What a name stands for.

    name    as asked for
    scale   how many times smaller the degraded frames are, each way
    keeps   one degraded frame for so many frames of the clip; the frame rate falls with it
    apply   frames -> (degraded, clean) pairs
    corners small pixels lie at the corner of the large ones that they stand for, not in the middle
    """

    name: str
    scale: int
    keeps: int
    apply: Callable[[Iterable[np.ndarray]], Iterator[Pair]]
    corners: bool = False


def degradation(name: str, *, seed: int = SEED) -> Degradation:
    """The degradation of that name; `noise-S` and `noise8-S` take any sigma above 0, at most 255.

    seed  of the noise; a generator `default_rng([round(sigma), seed])` fills the frames in order
    Raises InputError with the possible names.
    """
    noise, smaller = re.fullmatch(r"noise(8?)-(\d+(?:\.\d+)?)", name), re.fullmatch(r"(duf|bicubic)-x(\d)", name)
    if noise and 0 < float(noise[2]) <= 255:
        return Degradation(name, 1, 1, partial(_noisy, sigma=float(noise[2]), seed=seed, rounded=bool(noise[1])))
    if smaller and int(smaller[2]) in {"duf": (2, 3, 4), "bicubic": (2, 4)}[smaller[1]]:
        scale = int(smaller[2])
        made = {"duf": _duf, "bicubic": _bicubic}[smaller[1]]
        return Degradation(name, scale, 1, partial(made, scale=scale), corners=made is _duf)
    if name == "footage-x4":
        return Degradation(name, 4, 1, partial(_footage, seed=seed))
    if name == "camera":
        return Degradation(name, 1, 1, partial(_camera, seed=seed))
    if name == "blur":
        return Degradation(name, 1, 2, motion_blur)
    if name == "spacetime":
        return Degradation(name, 4, 2, _spacetime)
    raise InputError(f"no degradation {name!r}", fix=nearest(
        name, NAMES, f"degradations are: {', '.join(NAMES)} (noise: any sigma)"))


def cropped(frame: np.ndarray, multiple: int) -> np.ndarray:
    """`frame` without the rows and columns at the bottom and right that are beyond a multiple."""
    h, w = (side - side % multiple for side in frame.shape[:2])
    if not h or not w:
        raise InputError(f"a frame of {frame.shape[1]}x{frame.shape[0]} pixels; expected at least {multiple} each way",
                         fix="take a larger clip")
    return frame[:h, :w]


def _noisy(frames: Iterable[np.ndarray], sigma: float, seed: int, rounded: bool) -> Iterator[Pair]:
    waiting: list[np.ndarray] = []

    def clean() -> Iterator[np.ndarray]:
        for frame in frames:
            waiting.append(frame)
            yield frame

    for noisy in gaussian(clean(), sigma, [round(sigma), seed]):
        yield in_file(noisy) if rounded else noisy, waiting.pop(0)


def _camera(frames: Iterable[np.ndarray], seed: int) -> Iterator[Pair]:
    rng = np.random.default_rng(seed)
    for frame in frames:
        even = np.rint(cropped(frame, 2) * 255).astype(np.uint8)
        noisy, clean = camera_noise(even, CAMERA_K, CAMERA_SIGMA, rng=rng)
        yield noisy[0], clean


def _duf(frames: Iterable[np.ndarray], scale: int) -> Iterator[Pair]:
    for frame in frames:
        clean = cropped(frame, scale)
        small = duf.low_resolution(clean[None], scale)[0]
        yield small[:clean.shape[0] // scale, :clean.shape[1] // scale], clean


def _bicubic(frames: Iterable[np.ndarray], scale: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for frame in frames:
        clean = np.ascontiguousarray(cropped(frame, scale))
        yield ops.imresize(clean[None], 1 / scale)[0], clean


def _footage(frames: Iterable[np.ndarray], seed: int) -> Iterator[Pair]:
    """All frames are held: an encoder looks ahead. Sides are multiples of 8, its colours have half the rows."""
    pairs = list(_bicubic((cropped(frame, 8) for frame in frames), 4))
    noisy = list(gaussian((small for small, _ in pairs), FOOTAGE_SIGMA, [round(FOOTAGE_SIGMA), seed]))
    if noisy:
        yield from zip(through_h264(np.stack(noisy), crf=FOOTAGE_CRF), (clean for _, clean in pairs))


def _spacetime(frames: Iterable[np.ndarray]) -> Iterator[Pair]:
    """Ends with a degraded frame: a last clean one without a successor is left out."""
    between: list[np.ndarray] = []
    for k, (small, clean) in enumerate(_bicubic(frames, 4)):
        if k % 2:
            between.append(clean)
            continue
        if between:
            yield None, between.pop()
        yield small, clean
