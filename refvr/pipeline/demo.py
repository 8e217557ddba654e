"""The demonstration: a clean clip, noise of known strength on it, and what the network makes of that.

The clip is the project's own scene, or one that is given. The network sees the noisy frames as floats, neither rounded
nor clipped (the protocol "denoise" of metrics/protocols.py); the files that are written are ordinary 8-bit video.
"""
from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from refvr import ops
from refvr.degrade.noise import gaussian
from refvr.errors import InputError, OutputError
from refvr.media import open_reader, open_writer
from refvr.media.clip import ClipInfo, Frame, Writer
from refvr.media.scene import Scene
from refvr.media.scene import frames as scene_frames
from refvr.metrics import psnr
from refvr.pipeline.comparison import side_by_side
from refvr.pipeline.drivers import needs_sigma, restore_frames
from refvr.pipeline.restore import load_network

SEED, FPS = 20, 24
CRF = 12  # fine enough that the noise in noisy.mp4 survives the encoder


@dataclass(frozen=True)
class DemoReport:
    """What `demo` did: PSNR in dB before and after (mean over frames), seconds per frame of the network alone.

    truncated  None, or where the input ended early
    """

    source: str
    frames: int
    width: int
    height: int
    sigma: float
    psnr_noisy: float
    psnr_restored: float
    seconds_per_frame: float
    threads: int
    files: tuple[str, ...]
    truncated: str | None = None


@dataclass
class _Result:
    """One frame on its way through the demonstration."""

    clean: Frame
    noisy: np.ndarray
    restored: np.ndarray


def demo(out: str | Path = "refvr-demo", *, source: str | Path | None = None, sigma: float = 25, frames: int = 20,
         size: tuple[int, int] = (448, 256), model: str | None = None, weights: str | Path | None = None,
         threads: int | None = None, progress: Callable[[int, int | None], None] = lambda done, total: None
         ) -> DemoReport:
    """Write noisy.mp4, restored.mp4, clean.mp4 (of the scene) and comparison.png into the folder `out`.

    source   a clip of one's own, taken as clean; None: the scene, `size` = (width, height) pixels
    sigma    standard deviation of the noise, 0..255
    frames   number of frames of the scene; the first so many of `source`
    Raises InputError, WeightsError or OutputError.
    """
    if frames < 1 or min(size) < 1 or not 0 <= sigma <= 255:
        raise InputError(f"demo: got {frames} frames, size {size}, sigma {sigma}; expected positive numbers, sigma at "
                         "most 255")
    net, folder, reader = load_network(model, weights), _folder(out), None
    with ExitStack() as stack:
        stack.enter_context(ops.threads(threads))
        if source is None:
            info, clip = ClipInfo(*size, frames, Fraction(FPS)), _scene(size, frames)
        else:
            reader = stack.enter_context(open_reader(source))
            info, clip = replace(reader.info, frames=None, has_alpha=False, streams=()), islice(reader, frames)
        writers = {name: stack.enter_context(open_writer(folder / f"{name}.mp4", info, crf=CRF))
                   for name in ("noisy", "restored", *(() if source else ("clean",)))}
        _warm_up(net, sigma)
        watch = _Stopwatch()
        ratios, shown = [], None
        for k, result in enumerate(_results(clip, net, sigma, watch)):
            _write(writers, result)
            ratios.append([psnr(np.clip(x, 0, 1), result.clean.rgb) for x in (result.noisy, result.restored)])
            shown = result if k <= frames // 2 else shown
            progress(k + 1, frames)
    before, after = np.mean(ratios, 0)
    picture = folder / "comparison.png"
    _write_picture(picture, shown, sigma, "the clip itself" if source else "clean")
    return DemoReport(str(source or "the demo scene"), len(ratios), info.width, info.height, sigma, float(before),
                      float(after), watch.seconds / len(ratios), threads or ops.thread_count(),
                      tuple(str(w.path) for w in writers.values()) + (str(picture),), reader and reader.truncated)


class _Stopwatch:
    """Adds up the time spent in the iterators it is put around."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, items: Iterable[Any], sign: int = 1) -> Iterator[Any]:
        """The same items; the time to make them counts, or is taken off with sign -1."""
        items = iter(items)
        while True:
            started = time.perf_counter()
            try:
                item = next(items)
            except StopIteration:
                return
            finally:
                self.seconds += sign * (time.perf_counter() - started)
            yield item


def _results(clip: Iterable[Frame], net: Any, sigma: float, watch: _Stopwatch) -> Iterator[_Result]:
    """Add noise and restore; `watch` gets the time of the network without that of making its input."""
    waiting: deque[_Result] = deque()

    def clean() -> Iterator[np.ndarray]:
        for frame in clip:
            waiting.append(_Result(frame, frame.rgb, frame.rgb))
            yield frame.rgb

    def noisy() -> Iterator[np.ndarray]:
        for picture in gaussian(clean(), sigma, SEED):
            waiting[-1].noisy = picture
            yield picture

    level = sigma if needs_sigma(net) else None
    for restored in watch.around(restore_frames(watch.around(noisy(), -1), net, sigma=level)):
        result = waiting.popleft()
        result.restored = restored
        yield result


def _write(writers: dict[str, Writer], result: _Result) -> None:
    pictures = {"noisy": np.clip(result.noisy, 0, 1), "restored": result.restored, "clean": result.clean.rgb}
    for name, writer in writers.items():
        writer.write(replace(result.clean, rgb=pictures[name], alpha=None))


def _write_picture(path: Path, shown: _Result | None, sigma: float, truth: str) -> None:
    """The comparison of one frame, with its own PSNR in the captions."""
    if shown is None:
        raise InputError("the clip has no frames; expected at least one")
    clean, noisy = shown.clean.rgb, np.clip(shown.noisy, 0, 1)
    columns = [(f"noisy, sigma {sigma:g}: {psnr(noisy, clean):.2f} dB", noisy),
               (f"restored: {psnr(shown.restored, clean):.2f} dB", shown.restored), (truth, clean)]
    picture = side_by_side(columns)
    with open_writer(path, ClipInfo(picture.shape[1], picture.shape[0], 1)) as writer:
        writer.write(Frame(picture))


def _scene(size: tuple[int, int], count: int) -> Iterator[Frame]:
    for k, rgb in enumerate(scene_frames(Scene(), *size, FPS, count)):
        yield Frame(rgb, k, Fraction(1, FPS))


def _folder(out: str | Path) -> Path:
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}", fix="choose another --out") from error
    return folder


def _warm_up(net: Any, sigma: float) -> None:
    """Compile every kernel on a few pixels, so that the time per frame is that of the network."""
    dot = np.zeros((8, 8, 3), np.float32)
    for _ in restore_frames([dot], net, sigma=sigma if needs_sigma(net) else None):
        pass
