"""Clips through the peers as the authors' programs go: a whole window for every frame, nothing kept between windows.

Frames are (h, w, 3) arrays, red first, as everywhere in refvr; what happens at the ends of a clip, padding and cropping
are those of refvr/pipeline. `AsOurs` makes a peer answer like a network of refvr, to compare the two.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from refvr.networks.safa import Interpolated
from refvr.pipeline.duf import window_frames
from refvr.pipeline.edvr import centred_windows
from refvr.pipeline.pad import crop, pad_to_multiple
from refvr.pipeline.stfan import pad_to_4
from refvr.pipeline.windows import reflect_half, reflect_whole, windows

Clip = Iterable[np.ndarray]


def tensor(x: Any) -> Tensor:
    """(..., h, w, c) -> (..., c, h, w), without a copy: it is channels last in memory."""
    return torch.from_numpy(np.ascontiguousarray(x)).movedim(-1, -3)


def array(x: Tensor) -> np.ndarray:
    """The way back."""
    return np.ascontiguousarray(x.movedim(-3, -1).numpy())


class AsOurs:
    """A peer that is called as the network of refvr is, with arrays, channels last and red first."""

    def __init__(self, peer: nn.Module) -> None:
        self.peer, self.config = peer, peer.config

    def __call__(self, *arrays: Any, routing: Any = "threshold", motion: np.ndarray | None = None) -> Any:
        """Arrays for arrays; None stays None (STFAN's first state)."""
        if motion is not None:
            raise NotImplementedError("the peer is the authors' SAFA, which is given no motion")
        with torch.inference_mode():
            if self.peer.network == "SAFA":
                return self._safa(*arrays, routing)
            y = self.peer(*(None if x is None else self._given(x) for x in arrays))
            return tuple(map(array, y)) if isinstance(y, tuple) else array(y)

    def _given(self, x: np.ndarray) -> Tensor:
        x = tensor(x)
        return x.contiguous() if getattr(self.peer, "layout", None) == torch.contiguous_format else x

    def _safa(self, image0: np.ndarray, image1: np.ndarray, times: Any, routing: Any) -> Interpolated:
        images = [self._given(image[..., ::-1]) for image in (image0, image1)]
        times = np.asarray(times, np.float32)
        times = np.broadcast_to(times, (len(image0), times.size)) if times.ndim == 1 else times
        frames, p, s = self.peer(*images, torch.from_numpy(times.copy()), routing)
        return Interpolated(array(frames)[..., ::-1], p.numpy(), s.numpy())


def restore(peer: nn.Module, frames: Clip, **options: Any) -> Iterator[np.ndarray]:
    """A clip of (h, w, 3) float arrays; options as refvr.pipeline.drivers.restore_frames takes them."""
    return _DRIVERS[peer.network](AsOurs(peer), frames, **options)


def _remonet(net: AsOurs, frames: Clip) -> Iterator[np.ndarray]:
    size = net.config.frames
    for window, count in windows(frames, size=size, step=size, rule=reflect_half):
        x = pad_to_multiple(np.stack(window), net.config.multiple)[None]
        yield from crop(np.clip(net(x)[0], 0, 1), *window[0].shape[:2])[:count]


def _fastdvdnet(net: AsOurs, frames: Clip, sigma: float) -> Iterator[np.ndarray]:
    for window, _ in windows(frames, size=5, lead=2, rule=reflect_whole):
        x = pad_to_multiple(np.stack(window), 4)[None]
        y = net(x, np.full((1, *x.shape[2:4], 1), sigma / 255, x.dtype))[0]
        yield crop(np.clip(y, 0, 1), *window[0].shape[:2])


def _duf(net: AsOurs, frames: Clip, official: bool = True) -> Iterator[np.ndarray]:
    if not official:
        raise ValueError("the peer leaves DUF's frames where the authors have them; compare with official=True")
    for window, pictures in window_frames(frames, net.config.frames, net.config.border):
        yield np.clip(net(np.stack([pictures[j] for j in window])[None])[0], 0, 1)


def _edvr(net: AsOurs, frames: Clip) -> Iterator[np.ndarray]:
    config = net.config
    for window, held in centred_windows(frames, config.frames, config.border):
        h, w, _ = held[window[0]].shape
        x = np.stack([pad_to_multiple(held[j], config.multiple) for j in window])[None]
        yield crop(np.clip(net(x)[0], 0, 1), config.scale * h, config.scale * w)


def edvr_keeping_features(peer: nn.Module, frames: Clip) -> Iterator[np.ndarray]:
    """EDVR with the features of a frame computed once and kept for the windows that see it, as our driver does it."""
    net, config, kept = AsOurs(peer), peer.config, {}
    for window, held in centred_windows(frames, config.frames, config.border):
        h, w, _ = held[window[0]].shape
        with torch.inference_mode():
            given = {j: net._given(pad_to_multiple(held[j], config.multiple)[None]) for j in set(window)}
            kept = {j: kept[j] if j in kept else peer.extract(peer._as_weights(x)) for j, x in given.items()}
            y = peer.from_features([kept[j] for j in window], given[window[config.reference]])
        yield crop(np.clip(array(y)[0], 0, 1), config.scale * h, config.scale * w)


def _stfan(net: AsOurs, frames: Clip) -> Iterator[np.ndarray]:
    previous = restored = state = None
    for frame in frames:
        x = pad_to_4(frame)[None]
        previous, restored = (x, x) if previous is None else (previous, restored)
        y, state = net(x, previous, restored, state)
        previous, restored = x, np.clip(y, 0, 1)
        yield crop(restored[0], *frame.shape[:2])


def _safa(net: AsOurs, frames: Clip, rate: int = 1, routing: Any = "threshold") -> Iterator[np.ndarray]:
    """As pipeline/safa.py: `rate` frames for each pair, and the last one."""
    before = pair = None
    for frame in frames:
        now = _enlarged(frame)
        if before is not None:
            pair = before, now
            yield from _between(net, pair, [k / rate for k in range(rate)], routing, frame.shape)
        before = now
    if before is not None:
        yield from _between(net, *((pair, [1.0]) if pair else ((before, before), [0.0])), routing, frame.shape)


def _between(net: AsOurs, pair: tuple[np.ndarray, np.ndarray], times: list[float], routing: Any, shape: Any
             ) -> Iterator[np.ndarray]:
    for y in net(*pair, times, routing=routing).frames[0]:
        yield crop(y, 4 * shape[0], 4 * shape[1])


def _enlarged(frame: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        large = interpolate(tensor(frame[None]), scale_factor=4, mode="bicubic", align_corners=False)
    return pad_to_multiple(array(large)[0], 32)[None]


_DRIVERS = {"ReMoNet": _remonet, "FastDVDnet": _fastdvdnet, "DUF": _duf, "EDVR": _edvr, "STFAN": _stfan,
            "STFANSeed": _stfan, "SAFA": _safa}
