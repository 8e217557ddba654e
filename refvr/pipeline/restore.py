"""`restore`: a clip in, a restored clip out. Reader -> frames -> driver of the network -> frames -> writer, all lazy.

What belongs to a frame beside its picture (time, alpha, name) waits in a queue as long as the picture is in the
network's window, so memory is a window, whatever the length of the clip.
"""
from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from refvr import ops
from refvr.errors import InputError, RefvrError
from refvr.media import open_reader, open_writer
from refvr.media.clip import Frame, Writer
from refvr.networks import zoo
from refvr.networks.duf import DUF
from refvr.networks.edvr import EDVR
from refvr.networks.fastdvdnet import FastDVDnet
from refvr.networks.safa import SAFA
from refvr.networks.stfan import STFAN
from refvr.networks.stfan_seed import STFANSeed
from refvr.pipeline.denoise import denoise_fastdvdnet, denoise_remonet
from refvr.pipeline.duf import upscale_duf
from refvr.pipeline.edvr import restore_edvr
from refvr.pipeline.safa import check_rate, named_rule, restore_safa, restore_safa_clip, retimed
from refvr.pipeline.stfan import deblur_stfan

PRECISIONS = ("fast", "exact", "float64")  # float32 any way of computing; float32 direct sums only; all in float64

Report = Callable[[int, "int | None"], None]  # frames done, frames in all where known


@dataclass(frozen=True)
class RestoreReport:
    """What `restore` did.

    frames     written
    expected   frames that the input's header promises; None where it does not say
    seconds    from opening to closing; the first run on a machine contains the compilation of kernels
    width, height  of the output; super-resolution enlarges
    truncated  None, or one line saying where the input ended early; all frames before are in the output
    warnings   what reader and writer noticed, one line each
    """

    source: str
    target: str
    frames: int
    expected: int | None
    width: int
    height: int
    seconds: float
    threads: int
    precision: str
    truncated: str | None
    warnings: tuple[str, ...]


def restore(source: str | Path, target: str | Path, *, model: str | None = None, weights: str | Path | None = None,
            sigma: float | None = None, precision: str = "fast", threads: int | None = None, official: bool = False,
            ensemble: bool = False, rate: int = 1, routing: str = "threshold", fps: Fraction | float | None = None,
            codec: str | None = None, crf: float | None = None, pix_fmt: str | None = None, overwrite: bool = True,
            progress: Report = lambda done, total: None) -> RestoreReport:
    """Restore the clip `source` into `target`; formats, times and further streams are described in docs/restore.md.

    model      a name of `refvr models`; None: the recommended one, or what `weights` is for
    weights    weight file in place of the embedded one
    sigma      noise level on the scale 0..255, for networks that are told it (FastDVDnet); blind ones take none
    precision  "fast", "exact" (direct sums only) or "float64"
    threads    None: all cores; the bytes of the output do not depend on it
    official   as the authors' own driver, which may leave out frames or cut off 8 bits: see the network's page
    ensemble   mean over four flips, for networks that are used so (EDVR)
    rate       output frames for each input frame (SAFA: 2, 4, 8 ...); times and sound stay as they are
    routing    how SAFA chooses scales: "threshold", "full", "half", "quarter", or the seed of draws, "7"
    fps        a frame rate in place of the times of the input; folders of images and arrays have none (25)
    codec, crf, pix_fmt   of a video; see docs/restore.md
    progress   called with (frames done, frames in all or None) after each frame
    Raises InputError, WeightsError or OutputError; what was finished before is kept beside `target` and named.
    A truncated input is not an exception: see RestoreReport.truncated.
    """
    started = time.monotonic()
    net, rule = load_network(model, weights, precision), named_rule(routing)
    check_options(net, sigma=sigma, ensemble=ensemble, rate=rate, routing=rule)
    with ExitStack() as stack:
        stack.enter_context(ops.threads(threads))
        reader = stack.enter_context(open_reader(source))
        width, height = (scale_of(net) * size for size in (reader.info.width, reader.info.height))
        info = retimed(reader.info, rate) if rate != 1 else reader.info
        writer = open_writer(target, info, width=width, height=height, codec=codec, crf=crf, pix_fmt=pix_fmt,
                             fps=fps, overwrite=overwrite,
                             copy_streams_from=source if reader.info.kind == "video" else None)
        frames = restore_clip(reader, net, sigma=sigma, official=official, ensemble=ensemble, rate=rate, routing=rule)
        _write_all(frames, writer, info.frames_hint, progress)
    return RestoreReport(str(source), str(target), writer.written, reader.info.frames, width, height,
                         time.monotonic() - started, threads or ops.thread_count(), precision, reader.truncated,
                         tuple(reader.warnings + writer.warnings))


def load_network(model: str | None = None, weights: str | Path | None = None, precision: str = "fast") -> Any:
    """The network of `zoo.load` in the float type of `precision`."""
    if precision not in PRECISIONS:
        raise InputError(f"precision: got {precision!r}, expected one of {', '.join(PRECISIONS)}")
    net = zoo.load(model, weights)
    return net.astype(np.float64).fold() if precision == "float64" else net


def needs_sigma(net: Any) -> bool:
    """Whether a network must be told the noise level."""
    return isinstance(net, FastDVDnet)


def scale_of(net: Any) -> int:
    """How many times larger the output of a network is than its input, each way."""
    return getattr(net._config, "scale", 1)


def restore_frames(frames: Iterable[np.ndarray], net: Any, *, sigma: float | None = None, official: bool = False,
                   ensemble: bool = False, rate: int = 1, routing: Any = "threshold") -> Iterator[np.ndarray]:
    """Restore a stream of (h, w, 3) RGB arrays in [0, 1]; yields one array of the network's float type for each.

    sigma     noise level on the scale 0..255; required by FastDVDnet, not accepted by other networks
    ensemble  mean over four flips; EDVR only
    rate      output frames for each input frame, routing how scales are chosen; SAFA only (pipeline/safa.py)
    """
    dtype = next(iter(net.parameters().values())).dtype
    stream = (np.asarray(frame, dtype) for frame in frames)
    check_options(net, sigma=sigma, ensemble=ensemble, rate=rate, routing=routing)
    if needs_sigma(net):
        return denoise_fastdvdnet(net, stream, sigma=sigma / 255)
    if isinstance(net, SAFA):
        return (y for _, y in restore_safa(net, stream, rate=rate, routing=routing, official=official))
    if isinstance(net, DUF):
        return upscale_duf(net, stream)
    if isinstance(net, EDVR):
        return restore_edvr(net, stream, ensemble=ensemble)
    if isinstance(net, (STFAN, STFANSeed)):
        return deblur_stfan(net, stream, official=official)
    return denoise_remonet(net, stream, official=official)


def check_options(net: Any, *, sigma: float | None, ensemble: bool, rate: int, routing: Any) -> None:
    """InputError for what a network needs and is not given, or is given and does not know."""
    name = type(net).__name__
    if ensemble and not isinstance(net, EDVR):
        raise InputError(f"{name} has no ensemble of flips", fix="leave --ensemble out, or use EDVR")
    if isinstance(net, SAFA):
        check_rate(rate)
    elif rate != 1 or routing != "threshold":
        raise InputError(f"{name} makes no new frames and has no scales to choose; got rate {rate} and routing "
                         f"{routing!r}", fix="leave --rate and --routing out, or use --model safa")
    if needs_sigma(net) and sigma is None:
        raise InputError(f"{name} must be told the noise level", fix="give sigma, 0..255 (--sigma 25)")
    if sigma is not None and not needs_sigma(net):
        raise InputError(f"{name} is blind: it estimates the noise itself; got sigma {sigma}",
                         fix="leave sigma out, or use --model fastdvdnet")


def restore_clip(clip: Iterable[Frame], net: Any, *, sigma: float | None = None, official: bool = False,
                 ensemble: bool = False, rate: int = 1, routing: Any = "threshold") -> Iterator[Frame]:
    """`restore_frames` for frames with times, alpha and names, which the results carry on; alpha grows with them."""
    check_options(net, sigma=sigma, ensemble=ensemble, rate=rate, routing=routing)
    if isinstance(net, SAFA):
        return restore_safa_clip(net, clip, rate=rate, routing=routing, official=official)
    return _one_for_one(clip, net, sigma=sigma, official=official, ensemble=ensemble)


def _one_for_one(clip: Iterable[Frame], net: Any, **options: Any) -> Iterator[Frame]:
    """Networks that answer every frame with one."""
    waiting: deque[Frame] = deque()

    def pictures() -> Iterator[np.ndarray]:
        for frame in clip:
            waiting.append(frame)
            yield frame.rgb

    for rgb in restore_frames(pictures(), net, **options):
        frame = waiting.popleft()
        yield replace(frame, rgb=rgb.astype(np.float32, copy=False), alpha=_enlarged(frame.alpha, scale_of(net)))


def _enlarged(alpha: np.ndarray | None, scale: int) -> np.ndarray | None:
    """Bilinear, which is what stands below the networks' pictures too."""
    return alpha if alpha is None or scale == 1 else ops.resize_bilinear(alpha[None, ..., None], scale=scale)[0, ..., 0]


def _write_all(frames: Iterable[Frame], writer: Writer, total: int | None, progress: Report) -> None:
    """Write `frames` and complete the file; an error or Ctrl-C says what was kept of it."""
    try:
        with writer:
            for frame in frames:
                writer.write(frame)
                progress(writer.written, total)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_kept(writer)) from None
    except RefvrError as error:
        if writer.partial is None:
            raise
        raise type(error)(f"{error.message}; {_kept(writer)}", fix=error.fix) from error


def _kept(writer: Writer) -> str:
    if writer.partial is None:
        return "no frame was finished yet, nothing was written"
    return f"kept {writer.written} finished frame{'s' * (writer.written != 1)} in {writer.partial}"
