"""Clips through the peers as the authors' programs go: a whole window for every frame, nothing kept between windows.

Frames are (h, w, 3) arrays, red first, as everywhere in refvr; what happens at the ends of a clip, padding and cropping
are those of refvr/pipeline. Each network's way is `restore` in its file. `AsOurs` makes a peer answer like a network of
refvr, to compare the two.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import torch_peers
from refvr.networks.safa import Interpolated

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
            if self.peer.record.call.times:
                return self._between(*arrays, routing)
            y = self.peer(*(None if x is None else self.given(x) for x in arrays))
            return tuple(map(array, y)) if isinstance(y, tuple) else array(y)

    def given(self, x: np.ndarray) -> Tensor:
        """For the peer, in its layout of memory."""
        x = tensor(x)
        return x.contiguous() if getattr(self.peer, "layout", None) == torch.contiguous_format else x

    def _between(self, image0: np.ndarray, image1: np.ndarray, times: Any, routing: Any) -> Interpolated:
        images = [self.given(image[..., ::-1]) for image in (image0, image1)]
        times = np.asarray(times, np.float32)
        times = np.broadcast_to(times, (len(image0), times.size)) if times.ndim == 1 else times
        frames, p, s = self.peer(*images, torch.from_numpy(times.copy()), routing)
        return Interpolated(array(frames)[..., ::-1], p.numpy(), s.numpy())


def restore(peer: nn.Module, frames: Clip, **options: Any) -> Iterator[np.ndarray]:
    """A clip of (h, w, 3) float arrays; options as refvr.pipeline.drivers.restore_frames takes them."""
    return torch_peers.module_of(peer.record).restore(AsOurs(peer), frames, **options)
