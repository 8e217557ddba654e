"""What a driver calls of its network, piece by piece, and in how much memory: the same list for `restore` and `plan`.

A piece is a page (refvr/plan) with the inputs that a clip of (h, w) frames gives it. `held` is what the driver keeps
meanwhile beside them: features of other frames of the window.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from refvr import ops
from refvr.nn.module import Module
from refvr.pipeline.drivers import row_of
from refvr.pipeline.motion import estimate_of_noise
from refvr.pipeline.safa_pair import enlarge, looks, refines
from refvr.plan.graph import Like
from refvr.records import record_of, resolved
from refvr.types import Config

if TYPE_CHECKING:
    from refvr.networks.duf import DUF
    from refvr.networks.edvr import EDVR
    from refvr.networks.fastdvdnet import FastDVDnet
    from refvr.networks.remonet import ReMoNet
    from refvr.networks.safa import SAFA

FLOWS = 176  # bytes a pixel of a small frame while scikit-image estimates its motion (167 measured)


@dataclass(frozen=True)
class Piece:
    """One page of a driver.

    inputs  as `capture` takes them; options: of the page
    held    bytes beside the inputs
    calls   for one frame of the result, in the steady state of a clip
    stores  whether its results may lie in files
    files    bytes on the disk that the driver keeps, the inputs among them
    before   bytes that making its inputs takes, beside `held`
    makes    (h, w) -> makes its inputs of frames of that size, where that takes time: for measuring it
    """

    name: str
    page: Callable[..., Any]
    inputs: tuple[Any, ...]
    options: dict[str, Any]
    held: int = 0
    calls: float = 1.0
    stores: bool = False
    files: int = 0
    before: int = 0
    makes: Callable[[int, int], Any] | None = None


def pieces(net: Module, h: int, w: int, *, files: bool = False, ensemble: bool = False) -> list[Piece]:
    """The pieces of a network's driver for frames of (h, w); sides grow to what the network wants.

    files     features that EDVR keeps for the next window lie on the disk
    ensemble  the driver is told that option: more calls, and more is kept
    """
    config, dtype = net.config, next(iter(net.parameters().values())).dtype
    multiple = getattr(config, "multiple", 1)
    rows, columns = h + -h % multiple, w + -w % multiple

    def image(c: int = 3, s: int = 1, kept: bool = False) -> Like:
        return Like((1, rows // s, columns // s, c), dtype, stored=kept and files)

    found = resolved(record_of(net).pieces)(net, config, image)
    if not ensemble:
        return found
    runs, kept = row_of(net).ensemble(net, image)
    disk = on_disk(*kept)
    return [replace(piece, held=piece.held + nbytes(*kept), files=piece.files + disk, calls=piece.calls * runs)
            for piece in found]


def remonet(net: ReMoNet, config: Config, image: Callable[..., Like]) -> list[Piece]:
    """A window, and its maps where it is told the level."""
    frames, maps = [image()] * config.frames, [image(2)] * config.frames
    if config.noise_map:
        return [Piece("window", net.window, (frames, maps), {}, calls=1 / (config.frames - 2))]
    return [Piece("window", net.window, (frames,), {}, calls=1 / config.frames)]


def fastdvdnet(net: FastDVDnet, config: Config, image: Callable[..., Like]) -> list[Piece]:
    """Three calls of the first stage for a window, of which two are known; and the second."""
    kept = 2 * 5 * nbytes(image())  # the window and its copy
    return [Piece("stage1", net.stage1, (image(), image(), image(), image(1)), {}, kept),
            Piece("temp2", net.temp2, (image(), image(), image(), image(1)), {}, kept)]


def stfan(net: Module, config: Config, image: Callable[..., Like]) -> list[Piece]:
    """A frame, with what the one before it left."""
    return _recurrent(net, image, 2 * config.widths[2])


def stfan_seed(net: Module, config: Config, image: Callable[..., Like]) -> list[Piece]:
    """A frame, with what the one before it left: half of STFAN's state."""
    return _recurrent(net, image, config.widths[2])


def _recurrent(net: Module, image: Callable[..., Like], channels: int) -> list[Piece]:
    return [Piece("frame", net, (image(), image(), image(), image(channels, 4)), {})]


def duf(net: DUF, config: Config, image: Callable[..., Like]) -> list[Piece]:
    """A window."""
    return [Piece("window", duf_window(net), ([image()] * config.frames,), {})]


def edvr(net: EDVR, config: Config, image: Callable[..., Like]) -> list[Piece]:
    """Features of a frame, windows of them, pictures."""
    s, c, t = (4 if config.hr_in else 1), config.features, config.frames
    pyramid, fused = tuple(image(c, s * level, kept=True) for level in (1, 2, 4)), image(c, s, kept=True)
    one, frames = nbytes(*pyramid), t * nbytes(image())
    disk = {"stores": True, "files": t * on_disk(*pyramid)}
    return [Piece("extract", net.extract, (image(),), {}, (t - 1) * one + frames, **disk),
            Piece("fuse", net.fuse, ([pyramid] * t,), {}, frames, **disk),
            Piece("reconstruct", net.reconstruct, (fused, image()), {}, t * one + frames, files=disk["files"])]


def safa(net: SAFA, config: Config, image: Callable[..., Like]) -> list[Piece]:
    """At the largest scale: which one a step takes is known when it has looked. `files`: all that is enlarged."""
    h, w = (-(-4 * side // 32) * 32 for side in image().shape[1:3])

    def like(c: int, s: int = 1, kept: bool = True) -> Like:
        return image(kept=kept)._replace(shape=(1, h // s, w // s, c))

    large, features, flow, t = like(3), like(config.channels, 2), like(6), like(1, 2, kept=False)
    motion = nbytes(like(4)) * config.motion
    images, step = 2 * nbytes(large) + motion, (features, features, features, flow, t)
    files = on_disk(large, large, *step[:3], features, flow, flow, like(4))
    seen = {"held": images + nbytes(features), "calls": len(net.blocks), "files": files}
    small, flows = like(4, 4, kept=False), FLOWS * (h // 4) * (w // 4)
    estimate = [Piece("motion", enlarge, (small,), {}, images, stores=True, files=files, before=flows,
                      makes=estimate_of_noise)] * config.motion
    return [*estimate, Piece("head", net.head, (large,), {}, nbytes(large, features), stores=True, files=files),
            Piece("fuse", net.fuse, (features, features), {}, images, stores=True, files=files),
            Piece("look", looks(net), step, {}, **seen),
            Piece("refine", refines(net), step, {"k": 0, "choice": ((1, 1),)}, stores=True, **seen),
            Piece("paint", net.painted, (large, large, features, features, flow, t), {}, nbytes(features) + motion,
                  files=files)]


def one_call(net: Module, config: Config, image: Callable[..., Like]) -> list[Piece]:
    """Whatever has a single call of a window, or of images, for each frame of the result."""
    window = image()._replace(shape=(1, config.frames, *image().shape[1:])) if hasattr(config, "frames") else image()
    return [Piece("call", net, (window,), {})]


def nbytes(*values: Like | np.ndarray) -> int:
    """Bytes of memory of arrays that are there or not."""
    return sum(0 if getattr(x, "stored", False) else bytes_of(x) for x in values)


def on_disk(*values: Like) -> int:
    """Bytes of those that lie in files."""
    return sum(bytes_of(x) for x in values if x.stored)


def bytes_of(x: Like | np.ndarray) -> int:
    """Bytes of an array, wherever it lies."""
    return int(np.prod(x.shape, dtype=np.int64)) * np.dtype(x.dtype).itemsize


def duf_window(net: DUF) -> Callable[[list[Any]], Any]:
    """DUF's page for a list of frames (1, h, w, 3), which need not lie in one array."""
    return lambda frames: net(ops.stack(frames, axis=1))
