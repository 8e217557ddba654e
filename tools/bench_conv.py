"""Time refvr's convolution against torch.nn.functional.conv2d: forward and backward, same threads, alternating.

    python tools/bench_conv.py                    one thread and all threads
    python tools/bench_conv.py --threads 2 --repeats 30 --only 3x3

Prints one line per case: the best of the repeats of each, GFLOP/s of ours, and ours / theirs (below 1: we are faster)
for torch on channels-first and on channels-last tensors. Backward means all of input, weight and bias gradients.
"""
from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable

import numpy as np

import refvr.ops as ops
from refvr.autodiff.tape import Tensor, backward

CASES = {  # name: (n, h, w, c_in, c_out, k, groups)
    "3x3 64->64, 180x320": (1, 180, 320, 64, 64, 3, 1),
    "3x3 32->32, 360x640": (1, 360, 640, 32, 32, 3, 1),
    "1x1 64->64, 180x320": (1, 180, 320, 64, 64, 1, 1),
    "5x5 depthwise 64, 180x320": (1, 180, 320, 64, 64, 5, 64),
    "5x5 depthwise 16->64, 180x320": (1, 180, 320, 16, 64, 5, 16),
    "3x3 64->96, 8 of 32x32": (8, 32, 32, 64, 96, 3, 1),
    "3x3 96->96, 8 of 32x32": (8, 32, 32, 96, 96, 3, 1),
    "3x3 15->32, 8 of 64x64": (8, 64, 64, 15, 32, 3, 1),
    "3x3 32->3, 8 of 64x64": (8, 64, 64, 32, 3, 3, 1),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, ops.thread_count()}))
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    options = parser.parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # else torch's idle threads keep ours from the processor
    try:
        import torch
    except ImportError:
        print("bench_conv: needs PyTorch to compare with; install it (pip install 'refvr[peers]')", file=sys.stderr)
        return 1
    print(f"refvr against torch {torch.__version__}, best of {options.repeats}, milliseconds")
    print(f"{'case':32}{'threads':>8}{'':>10}{'ours':>9}{'GFLOP/s':>9}{'torch':>9}{'ratio':>7}{'torch c.l.':>12}"
          f"{'ratio':>7}")
    for threads in options.threads:
        torch.set_num_threads(threads)
        with ops.threads(threads):
            for name, case in CASES.items():
                if options.only in name:
                    report(name, threads, case, options.repeats, torch)
    return 0


def report(name: str, threads: int, case: tuple[int, ...], repeats: int, torch) -> None:
    n, h, w, c, o, k, groups = case
    flops = 2 * n * h * w * o * k * k * c // groups
    contenders = [ours(*case), theirs(torch, torch.contiguous_format, *case), theirs(torch, torch.channels_last, *case)]
    for direction, work in (("forward", flops), ("backward", 2 * flops)):
        mine, first, last = alternate([pair[direction] for pair in contenders], repeats)
        print(f"{name:32}{threads:8}{direction:>10}{mine * 1e3:9.2f}{work / mine / 1e9:9.0f}{first * 1e3:9.2f}"
              f"{mine / first:7.2f}{last * 1e3:12.2f}{mine / last:7.2f}", flush=True)


def alternate(calls: list[Callable[[], float]], repeats: int) -> list[float]:
    """The best seconds of each, taken in turn so that whatever else the machine does meets all of them."""
    times = [[call() for call in calls] for _ in range(repeats + 1)][1:]
    return [float(best) for best in np.min(times, axis=0)]


def data(n: int, h: int, w: int, c: int, o: int, k: int, groups: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape, np.float32)
            for shape in ((n, h, w, c), (k, k, c // groups, o), (o,), (n, h, w, o))]


def ours(*case: int) -> dict[str, Callable[[], float]]:
    *operands, dy = data(*case)

    def forward() -> float:
        start = time.perf_counter()
        ops.conv2d(*operands, groups=case[-1])
        return time.perf_counter() - start

    def back() -> float:
        y = ops.conv2d(*(Tensor(a) for a in operands), groups=case[-1])
        start = time.perf_counter()
        backward(y, dy)
        return time.perf_counter() - start
    return {"forward": forward, "backward": back}


def theirs(torch, layout, *case: int) -> dict[str, Callable[[], float]]:
    x, weight, bias, dy = (torch.from_numpy(a) for a in data(*case))
    x, dy = (a.permute(0, 3, 1, 2).contiguous(memory_format=layout) for a in (x, dy))
    operands = x, weight.permute(3, 2, 0, 1).contiguous(memory_format=layout), bias
    options = {"padding": case[-2] // 2, "groups": case[-1]}

    def forward() -> float:
        with torch.inference_mode():
            start = time.perf_counter()
            torch.nn.functional.conv2d(*operands, **options)
            return time.perf_counter() - start

    def back() -> float:
        y = torch.nn.functional.conv2d(*(a.detach().requires_grad_() for a in operands), **options)
        start = time.perf_counter()
        y.backward(dy)
        return time.perf_counter() - start
    return {"forward": forward, "backward": back}


if __name__ == "__main__":
    sys.exit(main())
