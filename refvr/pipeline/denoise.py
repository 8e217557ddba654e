"""The sequence drivers of the denoisers: a stream of noisy frames in, a stream of clean ones out.

Each is what the authors' test script does around the network (windows, borders, padding, clamp, crop), with two
differences: every frame of any clip of any size is restored, and memory does not grow with the length of the clip.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from refvr.errors import InputError
from refvr.metrics.noise import NoiseLevel
from refvr.nn.module import Module
from refvr.nn.noise_gate import gate_map
from refvr.pipeline.driver import Driver, Ensemble
from refvr.pipeline.frames import checked, truncated_to_8_bits
from refvr.pipeline.noise import stream_noise
from refvr.pipeline.pad import crop, pad_to_multiple
from refvr.pipeline.windows import reflect_half, reflect_whole, windows
from refvr.pipeline.within_noise import within_noise
from refvr.plan.graph import Like
from refvr.plan.memory import Planned
from refvr.types import Options

if TYPE_CHECKING:
    from refvr.networks.fastdvdnet import FastDVDnet
    from refvr.networks.remonet import ReMoNet

FLAT_PX = 2  # around a pixel that is left as it is
GREY = 1.5 / 255  # colours that differ by less are those of a grey clip that went through 8 bits


def denoise_remonet(net: ReMoNet, frames: Iterable[np.ndarray], *, official: bool = False, start: int = 0
                    ) -> Iterator[np.ndarray]:
    """ReMoNet over disjoint windows of its T frames (denoise_seq_ReMoNet in xiangly55/ReMoNet, Gaussian_exp).

    frames    (h, w, 3) arrays in [0, 1], one size (pipeline/frames.py)
    official  leave out the last 1 or 2 frames (T = 5) that the authors' driver never writes: windows whose middle frame
              lies beyond the clip. By default such a tail gets a window with the same reflection.
    start     results before this number are not given; whole windows before it are not computed
    Yields one frame in [0, 1] for each input frame.
    """
    size, run = net.config.frames, Planned(net.window)
    passed = start % size  # of the first window
    for window, count in windows(checked(frames, net), size=size, step=size, rule=reflect_half, start=start):
        if official and count <= size // 2:
            return
        h, w, _ = window[0].shape
        y = run([pad_to_multiple(frame, net.config.multiple)[None] for frame in window])  # t x (1, h', w', 3)
        window.clear()
        for k in range(passed, count):
            yield crop(np.clip(y[k][0], 0, 1), h, w)
        passed = 0
        del y  # before the next window is computed


def denoise_told(net: ReMoNet, frames: Iterable[np.ndarray], *, level: NoiseLevel, ensemble: bool = False,
                 start: int = 0) -> Iterator[np.ndarray]:
    """ReMoNet that is told the noise level (ours), over windows that overlap: the middle three of five frames are kept.

    The first and the last of a window see fewer neighbours and come out 0.3 to 1 dB worse, which would flicker.
    Where there is no noise the frames pass as they are, elsewhere no more is taken away than noise of the level can be.
    Grey frames stay grey. `start` as above.

    ensemble  mean of every window and the same one backwards in time, rotated by 180 degrees: twice the work
    """
    frames = checked(frames, net)
    if not level.sigma:
        yield from islice(frames, start, None)
        return
    size, step, run = net.config.frames, told_step(net), Planned(net.window)
    passed = start % step  # of the first window
    for window, count in windows(frames, size=size, step=step, lead=1, rule=reflect_half, start=start):
        h, w, _ = window[0].shape
        padded = [pad_to_multiple(frame, net.config.multiple)[None] for frame in window]          # t x (1, h', w', 3)
        maps = [gate_map(level.map(frame)) for frame in padded]                                   # t x (1, h', w', 2)
        held = sum(x.nbytes for x in (*padded, *maps, *padded)) if ensemble else 0   # a window, and its result
        y = run(padded, maps, held=held)                                                          # t x (1, h', w', 3)
        if ensemble:
            other = _rotated(run(_rotated(padded), _rotated(maps), held=held))
            y = [(one + two) / one.dtype.type(2) for one, two in zip(y, other)]
            del other
        for k in range(1 + passed, 1 + count):
            frame = window[k]
            yield _kept(within_noise(crop(np.clip(y[k][0], 0, 1), h, w), frame, level.map(frame)), frame)
        window.clear()
        passed = 0
        del y, padded, maps  # before the next window is computed


def _ensemble(net: ReMoNet, image: Callable[..., Like]) -> Ensemble:
    """The window and its maps in their other position, and the result of the first."""
    return Ensemble(2, (image(), image(), image(2)) * net.config.frames)


def _rotated(window: Sequence[np.ndarray]) -> list[np.ndarray]:
    """t x (1, h, w, c), backwards in time and rotated by 180 degrees; twice is the window itself."""
    return [np.ascontiguousarray(frame[:, ::-1, ::-1]) for frame in reversed(window)]


def _kept(result: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """The result (h, w, 3), grey where the frame is, and the frame itself where it is flat: no noise is so even.

    Black frames between others, bars above and below, plain areas of drawings would else get what their neighbours in
    time have.
    """
    if np.ptp(frame, axis=-1).max() < GREY:
        result = np.repeat(result.mean(-1, keepdims=True), 3, -1)
    flat = _flat(frame)
    return np.where(flat[..., None], frame, result) if flat.any() else result


def _flat(frame: np.ndarray) -> np.ndarray:
    """Pixels (h, w) around which all that is within FLAT_PX in rows and columns has one colour."""
    along = [np.ones((size + 2 * FLAT_PX, other + 2 * FLAT_PX), bool) for size, other in (frame.shape[:2],) * 2]
    inner = slice(FLAT_PX, -FLAT_PX)
    along[0][FLAT_PX:-FLAT_PX - 1, inner] = (frame[1:] == frame[:-1]).all(-1)          # as the pixel below
    along[1][inner, FLAT_PX:-FLAT_PX - 1] = (frame[:, 1:] == frame[:, :-1]).all(-1)    # as the pixel to the right
    level = _all_of(along[1], 2 * FLAT_PX, 1)      # a row of 2 FLAT_PX + 1
    return _all_of(level, 2 * FLAT_PX + 1, 0) & _all_of(along[0], 2 * FLAT_PX, 0)[:, inner]


def _all_of(x: np.ndarray, count: int, axis: int) -> np.ndarray:
    """Whether `count` elements of x from each on are true; as many places as frames of so many fit, see _flat."""
    places = x.shape[axis] - 2 * FLAT_PX
    first, *others = (x.take(range(k, k + places), axis) for k in range(count))
    for other in others:
        first = first & other
    return first


def told_step(net: Module) -> int:
    """Frames that a window of `denoise_told` gives."""
    return net.config.frames - 2


def denoise_fastdvdnet(net: FastDVDnet, frames: Iterable[np.ndarray], *, sigma: float, start: int = 0
                       ) -> Iterator[np.ndarray]:
    """FastDVDnet over a window around every frame (denoise_seq_fastdvdnet in m-tassano/fastdvdnet).

    frames  (h, w, 3) arrays in [0, 1], one size (pipeline/frames.py)
    sigma   standard deviation of the noise on the scale of the frames, [0, 1]
    start   results before this number are neither computed nor given
    Yields one frame in [0, 1] for each input frame. A triplet of stage 1 serves three windows and is computed once.
    """
    if not 0 < sigma <= 1:
        raise InputError(f"FastDVDnet: got noise level {sigma}, expected above 0, at most 1 (the scale of the frames)",
                         fix="give sigma / 255")
    kept: dict[tuple[int, ...], Any] = {}
    stage1, temp2 = Planned(net.stage1), Planned(net.temp2)
    for window, _ in windows(enumerate(checked(frames, net)), size=5, lead=2, rule=reflect_whole, start=start):
        h, w, _ = window[0][1].shape
        x = pad_to_multiple(np.stack([frame for _, frame in window]), 4)[None]    # (1, 5, h', w', 3)
        noise_map = np.full((*x.shape[:1], *x.shape[2:4], 1), sigma, x.dtype)     # (1, h', w', 1)
        numbers = [number for number, _ in window]
        triplets = [tuple(numbers[k:k + 3]) for k in range(3)]
        kept = {key: kept[key] for key in triplets if key in kept}
        for k, key in enumerate(triplets):
            if key not in kept:
                kept[key] = stage1(x[:, k], x[:, k + 1], x[:, k + 2], noise_map, k=k, held=2 * x.nbytes)
        y = temp2(*(kept[key] for key in triplets), noise_map, held=2 * x.nbytes)   # (1, h', w', 3)
        yield crop(np.clip(y[0], 0, 1), h, w)


def _blind(net: ReMoNet, frames: Iterable[np.ndarray], official: bool = False, start: int = 0) -> Iterator[np.ndarray]:
    return _as_written(denoise_remonet(net, frames, official=official, start=start), official)


def _fastdvdnet(net: FastDVDnet, frames: Iterable[np.ndarray], sigma: float, official: bool = False, start: int = 0
          ) -> Iterator[np.ndarray]:
    return _as_written(denoise_fastdvdnet(net, frames, sigma=sigma / 255, start=start), official)


def _as_written(frames: Iterator[np.ndarray], official: bool) -> Iterator[np.ndarray]:
    """Both denoisers' authors compare floats and write files that are cut off to 8 bits; `official` is the files."""
    return map(truncated_to_8_bits, frames) if official else frames


def _told(net: ReMoNet, frames: Iterable[np.ndarray], sigma: float | NoiseLevel | None = None,
          ensemble: bool = False, start: int = 0) -> Iterator[np.ndarray]:
    """The level is that of the first frames where none is given."""
    if sigma is None:
        sigma, frames = stream_noise(checked(frames, net))
    level = sigma if isinstance(sigma, NoiseLevel) else NoiseLevel(sigma)
    return denoise_told(net, frames, level=level, ensemble=ensemble, start=start)


def _first_of_told(net: Module, start: int, options: Options) -> int:
    """As `first_of_windows`, for windows that overlap."""
    return max(0, start - 2 * net.config.frames) // told_step(net) * told_step(net)


FASTDVDNET = Driver(_fastdvdnet, ("sigma", "official"), needs=("sigma",))
_BLIND = Driver(_blind, ("official",), step=lambda net, options: net.config.frames)
_TOLD = Driver(_told, ("sigma", "ensemble"), first=_first_of_told, step=lambda net, options: told_step(net),
               ensemble=_ensemble,
               noise_map=lambda x, sigma: gate_map(np.full((*x.shape[:-1], 1), sigma / 255, x.dtype)))


def remonet(net: Module) -> Driver:
    """With a map of the noise level beside the frames, or without."""
    return _TOLD if net.config.noise_map else _BLIND
