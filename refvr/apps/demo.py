"""The demonstration: a clean clip, what a task does to it, what the network makes of that, and pictures of all three.

The clip is the project's own scene, or one that is given. The network sees the degraded frames as floats, neither
rounded nor clipped; the files that are written are ordinary 8-bit video.
"""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from refvr import ops, zoo
from refvr.apps.comparison import over_time, side_by_side
from refvr.degrade.kinds import degradation
from refvr.degrade.motion_blur import EXPOSURE, STRIDE
from refvr.errors import InputError, OutputError
from refvr.evaluate.tasks import Frames, Pairs, Task, answer, baseline, checked, make_pairs, task_of
from refvr.media import open_reader, open_writer
from refvr.media.atomic import made_folder
from refvr.media.clip import DEFAULT_FPS, ClipInfo, Frame
from refvr.metrics import score
from refvr.nn.module import Module
from refvr.pipeline.chosen import arithmetic, load_network
from refvr.scene import Scene, render

FPS = 24
LIVELY = Scene(3)  # things move three times as fast as on the demo scene, which an open shutter hardly blurs
NEAR = 0.1  # of means of channels, once more from the file
CRF = 12  # fine enough that noise survives the encoder

Report = Callable[[int, "int | None"], None]


@dataclass(frozen=True)
class DemoReport:
    """What `demo` did.

    model    that restored; kind: what was done to the clip, a name of degrade/kinds.py
    frames, width, height  of the clean clip
    before   what the clip is without the network: "noisy", "bicubic", "blurred", "blend + bicubic"
    psnr_before, psnr_restored  in dB by the task's protocol, mean over the frames that count
    seconds_per_frame  of the network alone, for each frame it gives
    truncated  None, or where the input ended early
    """

    task: str
    model: str
    kind: str
    source: str
    frames: int
    width: int
    height: int
    before: str
    psnr_before: float
    psnr_restored: float
    seconds_per_frame: float
    threads: int
    files: tuple[str, ...]
    truncated: str | None = None


def demo(out: str | Path = "refvr-demo", *, task: str = "denoise", source: str | Path | None = None,
         sigma: float = 25, frames: int = 20, size: tuple[int, int] = (448, 256), model: str | None = None,
         weights: str | Path | None = None, precision: str = "winograd", threads: int | None = None,
         progress: Report = lambda done, total: None) -> DemoReport:
    """Write degraded.mp4, restored.mp4, clean.mp4, comparison.png and over_time.png into the folder `out`.

    task     a row of evaluate/tasks.py
    source   a clip of one's own, taken as clean; None: a scene of `size` = (width, height) pixels
    sigma    standard deviation of the noise, 0..255, for denoising
    frames   number of frames of the scene; the first so many of `source`; they are held in memory
    precision  of the network: "winograd", "direct" (direct sums only) or "float64"
    Raises InputError, WeightsError or OutputError.
    """
    row = task_of(task)
    if frames < 1 or min(size) < 1 or not 0 < sigma <= 255:
        raise InputError(f"demo: got {frames} frames, size {size}, sigma {sigma}; expected positive numbers, sigma at "
                         "most 255")
    name = model or (Path(weights).name if weights else zoo.recommended(task))
    net, folder = load_network(None if weights and not model else name, weights, precision), made_folder(out)
    kind = task_of(task, net).kinds(net, (sigma,))[0]
    with ops.threads(threads), arithmetic(precision):
        pairs, rate, truncated = _pairs(row, kind, source, frames, size)
        _warm_up(row, net, kind)
        restored, seconds = _timed(row, net, pairs, progress)
    before = next(iter(row.baselines))
    shown = {before: baseline(row, before, pairs), f"restored by {name}": restored, "clean": pairs.clean}
    files = _videos(folder, pairs, restored, rate, degradation(kind).keeps if row.between else 1)
    files += _pictures(folder, row, pairs, shown)
    h, w, _ = pairs.clean[0].shape
    shown_source = str(source or ("a lively scene" if kind == "blur" else "the demo scene"))
    return DemoReport(task, name, kind, shown_source, len(pairs.clean), w, h, before,
                      _psnr(row, pairs, shown[before]), _psnr(row, pairs, restored),
                      seconds / len(restored), threads or ops.thread_count(), tuple(map(str, files)), truncated)


def _pairs(task: Task, kind: str, source: str | Path | None, count: int, size: tuple[int, int]
           ) -> tuple[Pairs, Fraction, str | None]:
    """The pairs, the rate of the clean clip, and where the source ended early."""
    if source is None and kind == "blur":
        return checked(task, _exposed_scene(count, size)), Fraction(FPS), None
    if source is None:
        clean = [render(Scene(), *size, k / FPS) for k in range(count)]
        return make_pairs(task, kind, clean), Fraction(FPS), None
    with open_reader(source) as reader:
        clean = [frame.rgb for frame in islice(reader, count)]
        if not clean:
            raise InputError(f"{source} has no frames; expected at least one")
        rate = Fraction(reader.info.fps or DEFAULT_FPS) / (1 if task.between else degradation(kind).keeps)
        return make_pairs(task, kind, clean), rate, reader.truncated


def _exposed_scene(count: int, size: tuple[int, int]) -> Pairs:
    """A scene behind an open shutter, exactly; as long, measured in frames, as scores have it."""
    exposure_s = EXPOSURE / STRIDE / FPS
    blurred = [render(LIVELY, *size, k / FPS, exposure_s=exposure_s) for k in range(count)]
    return Pairs("blur", blurred, [render(LIVELY, *size, k / FPS) for k in range(count)], tuple(range(count)))


def _timed(task: Task, net: Module, pairs: Pairs, progress: Report) -> tuple[Frames, float]:
    """The answers, and the seconds they took."""
    restored, began = [], time.perf_counter()
    for frame in answer(task, net, pairs):
        restored.append(frame)
        progress(len(restored), len(pairs.clean))
    return restored, time.perf_counter() - began


def _psnr(task: Task, pairs: Pairs, frames: Frames) -> float:
    taken, truth = (np.stack([clip[k] for k in pairs.counted]) for clip in (frames, pairs.clean))
    return score(task.protocol, taken, truth).psnr


def _videos(folder: Path, pairs: Pairs, restored: Frames, rate: Fraction, keeps: int) -> list[Path]:
    """Three videos; of the degraded clip each frame lasts as long as `keeps` of the clean one."""
    files = []
    for name, frames, fps in (("degraded", pairs.inputs, rate / keeps), ("restored", restored, rate),
                              ("clean", pairs.clean, rate)):
        h, w, _ = frames[0].shape
        files.append(folder / f"{name}.mp4")
        with open_writer(files[-1], ClipInfo(w, h, len(frames), fps), crf=CRF) as writer:
            for k, frame in enumerate(frames):
                writer.write(Frame(np.clip(frame, 0, 1), k, 1 / fps))
        read_back(files[-1], frames)
    return files


def read_back(path: Path, frames: Frames) -> None:
    """The videos are what a user looks at, and reading is half of every other verb: OutputError where one fails."""
    means = [np.clip(frame, 0, 1).mean((0, 1)) for frame in frames]
    with open_reader(path) as reader:
        found = [frame.rgb.mean((0, 1)) for frame in reader]
    if len(found) != len(means) or np.abs(np.subtract(found, means)).max() > NEAR:
        raise OutputError(f"{path} does not hold the {len(means)} frames that were written to it; read back: "
                          f"{len(found)}", fix="report it with what `refvr info` prints")


def _pictures(folder: Path, task: Task, pairs: Pairs, shown: dict[str, Frames]) -> list[Path]:
    """Side by side the middle frame that counts, with its PSNR; and one column of pixels over time."""
    k = pairs.counted[len(pairs.counted) // 2]
    one = Pairs(pairs.kind, pairs.inputs, pairs.clean, (k,))
    titles = [name if frames is pairs.clean else f"{name}: {_psnr(task, one, frames):.2f} dB"
              for name, frames in shown.items()]
    pictures = {"comparison.png": side_by_side([(title, frames[k]) for title, frames in zip(titles, shown.values())]),
                "over_time.png": over_time(list(shown.items()))}
    for name, picture in pictures.items():
        with open_writer(folder / name, ClipInfo(picture.shape[1], picture.shape[0], 1)) as writer:
            writer.write(Frame(picture))
    return [folder / name for name in pictures]


def _warm_up(task: Task, net: Module, kind: str) -> None:
    """Compile every kernel on a few pixels, so that the time per frame is that of the network."""
    dots = [np.zeros((64, 64, 3), np.float32)] * 3
    pairs = Pairs(kind, dots, dots, (0, 1, 2)) if kind == "blur" else make_pairs(task, kind, dots)
    for _ in answer(task, net, pairs):
        pass
