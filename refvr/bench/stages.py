"""Where the time goes: single convolutions and whole networks, per frame and per stage, with their arithmetic rate.

One multiply-add counts as two operations; only convolutions are counted, which is nearly everything these networks do.
Each figure is the best of a few runs: other programs can only make a run slower.
"""
from __future__ import annotations

import os
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from types import ModuleType

import numpy as np

from refvr import ops, zoo
from refvr.bench.subjects import inputs_of
from refvr.errors import InputError
from refvr.nn import trace
from refvr.nn.layers import ConvTranspose2d
from refvr.nn.module import Module
from refvr.pipeline.drivers import restore_frames, takes_sigma

CONVOLUTIONS = {  # name: h, w, c_in, c_out, k, stride, groups
    "3x3 64->64": (180, 320, 64, 64, 3, 1, 1),
    "3x3 64->64, stride 2": (180, 320, 64, 64, 3, 2, 1),
    "3x3 32->32": (360, 640, 32, 32, 3, 1, 1),
    "1x1 64->64": (180, 320, 64, 64, 1, 1, 1),
    "5x5 depthwise 64": (180, 320, 64, 64, 5, 1, 64),
}
DeformPeer = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int], Callable[[], object]]
SCOPES = re.compile(r"^(step|triplet|frame)\d+\.")  # steps of a recurrence, frames of a window are added up


@dataclass(frozen=True)
class Convolution:
    """Best time of one convolution; `torch_ms` is None without PyTorch, `ratio` is ours / theirs (below 1: faster).

    onnx_ms  of onnxruntime, for the deformable convolution, which PyTorch has not; `ratio` is then to that
    """

    name: str
    size: str
    ms: float
    gflops: float
    torch_ms: float | None
    ratio: float | None
    onnx_ms: float | None = None


@dataclass(frozen=True)
class Stage:
    """A part of a network: milliseconds per frame, share of the whole, arithmetic rate."""

    name: str
    ms: float
    share: float
    gflops: float


@dataclass(frozen=True)
class Network:
    """A network on a clip: best time per frame, arithmetic per frame, rate, and where the time goes."""

    name: str
    size: str
    ms_per_frame: float
    gflop_per_frame: float
    gflops: float
    stages: tuple[Stage, ...]


def bench_convolutions(repeats: int = 10, deform_peer: DeformPeer | None = None) -> Iterator[Convolution]:
    """Time conv2d, and in turn with it PyTorch's on as many threads where that is installed.

    deform_peer  (x, offset_px, mask, weight, threads) -> a call to race deform_conv2d against, or None
    """
    torch = _torch()
    rng = np.random.default_rng(0)
    for name, (h, w, c, o, k, stride, groups) in CONVOLUTIONS.items():
        x = rng.standard_normal((1, h, w, c), np.float32)
        weight, bias = rng.standard_normal((k, k, c // groups, o), np.float32), rng.standard_normal(o, np.float32)
        calls: list[Callable[[], object]] = [partial(ops.conv2d, x, weight, bias, stride=stride, groups=groups)]
        calls += [_torch_conv2d(torch, x, weight, bias, stride, groups)] if torch else []
        best = _best_in_turn(calls, repeats)
        flop = 2 * ops.conv2d(x, weight, bias, stride=stride, groups=groups).size * k * k * c // groups
        yield Convolution(name, f"{w}x{h}", best[0] * 1e3, flop / best[0] / 1e9, best[1] * 1e3 if torch else None,
                          best[0] / best[1] if torch else None)
    yield _bench_deformable(repeats, deform_peer)


def _bench_deformable(repeats: int, peer: DeformPeer | None) -> Convolution:
    """An alignment step of EDVR-M: 9 taps, 8 offset groups, offsets of two pixels. PyTorch itself has none."""
    rng, (h, w, c, groups) = np.random.default_rng(0), (180, 320, 64, 8)
    x, weight = rng.standard_normal((1, h, w, c), np.float32), rng.standard_normal((3, 3, c, c), np.float32)
    offset_px = 2 * rng.standard_normal((1, h, w, 18 * groups), np.float32)
    mask = rng.random((1, h, w, 9 * groups), np.float32)
    calls: list[Callable[[], object]] = [partial(ops.deform_conv2d, x, offset_px, mask, weight)]
    calls += [peer(x, offset_px, mask, weight, ops.thread_count())] if peer else []
    best = _best_in_turn(calls, repeats)
    flop = 2 * h * w * 9 * c * c
    return Convolution("deformable 3x3 64->64", f"{w}x{h}", best[0] * 1e3, flop / best[0] / 1e9, None,
                       best[0] / best[1] if peer else None, best[1] * 1e3 if peer else None)


def bench_network(name: str, size: tuple[int, int] = (320, 180), *, frames: int = 10, repeats: int = 3) -> Network:
    """Time a model of the zoo, with random weights, on a clip of `frames` frames of `size` = (width, height)."""
    net = zoo.build(name).init(np.random.default_rng(0))
    _name_modules(net)
    clip = list(np.random.default_rng(1).random((frames, size[1], size[0], 3), np.float32))
    sigma = 25.0 if takes_sigma(net) else None

    def run() -> None:
        for _ in restore_frames(clip, net, sigma=sigma):
            pass

    seconds = _best_in_turn([run], repeats)[0] / frames
    times, flops = _by_stage(net, run)
    whole = sum(times.values())
    stages = tuple(Stage(stage, spent / frames * 1e3, spent / whole, flops[stage] / spent / 1e9)
                   for stage, spent in sorted(times.items(), key=lambda item: -item[1]))
    flop = sum(flops.values()) / frames
    return Network(name, f"{size[0]}x{size[1]}", seconds * 1e3, flop / 1e9, flop / seconds / 1e9, stages)


def _by_stage(net: Module, run: Callable[[], None]) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds and operations of one traced run, by the first two parts of module names.

    A name arrives when its value is ready; the time since the name before is counted for it.
    """
    modules = dict(net.modules())
    seconds: dict[str, float] = defaultdict(float)
    operations: dict[str, float] = defaultdict(float)
    last = time.perf_counter()

    def listen(name: str, value: np.ndarray) -> None:
        nonlocal last
        now, path = time.perf_counter(), SCOPES.sub("", name)
        stage = ".".join(path.split(".")[:2])
        seconds[stage] += now - last
        last = now
        convolution = getattr(modules.get(path), "conv", modules.get(path))  # a ConvNorm runs as one convolution
        weight = getattr(convolution, "weight", None)
        if weight is not None and weight.ndim >= 4:
            share = 4 if isinstance(convolution, ConvTranspose2d) else 1  # of its taps a pixel sees a quarter
            operations[stage] += 2 * value.size * np.prod(weight.shape[:-1]) / share

    with trace(listen):
        run()
    return seconds, operations


def _name_modules(net: Module) -> None:
    """One run from the top on a few pixels: gives every module its full path, and compiles the kernels."""
    side = net.config.multiple
    net(*inputs_of(net, 1, side, [0.5]))


def _best_in_turn(calls: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """The best seconds of each; taken in turn, so that whatever else the machine does meets all of them."""
    if repeats < 1:
        raise InputError(f"repeats: got {repeats}, expected at least 1")
    times = np.full((repeats + 1, len(calls)), np.inf)
    for turn in range(repeats + 1):  # the first turn is a warm-up that the minimum ignores
        for k, call in enumerate(calls):
            started = time.perf_counter()
            call()
            times[turn, k] = time.perf_counter() - started
    return times[1:].min(0).tolist()


def _torch() -> ModuleType | None:
    """PyTorch on our number of threads, or None."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # else its idle threads keep ours from the processor
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(ops.thread_count())
    return torch


def _torch_conv2d(torch: ModuleType, x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int, groups: int
                  ) -> Callable[[], object]:
    tensors = [torch.from_numpy(np.ascontiguousarray(a))
               for a in (x.transpose(0, 3, 1, 2), weight.transpose(3, 2, 0, 1), bias)]

    def call() -> object:
        with torch.inference_mode():
            return torch.nn.functional.conv2d(*tensors, stride=stride, padding=weight.shape[0] // 2, groups=groups)

    return call
