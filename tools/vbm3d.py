"""What V-BM3D makes of noisy clips, told the level: python tools/vbm3d.py CLIPS --sigmas 10 25 50 --frames 5

Prints PSNR by the protocol of `refvr score denoise`, on the same noise, and seconds of processor time a frame. It needs
an environment of its own that has refvr, Python 3.12 and: pip install vapoursynth==74 vapoursynth-bm3dcpu (the plug-in
speaks an interface that VapourSynth from 75 on has no longer, whatever its package says). Two passes, radius 2, in the
opponent colours that BM3D was published with, scaled so that noise keeps its deviation.
"""
from __future__ import annotations

import argparse
import time
from itertools import islice
from pathlib import Path

import numpy as np
import vapoursynth as vs

from refvr.degrade.kinds import degradation
from refvr.media import open_reader
from refvr.media.find import find_clips
from refvr.metrics.protocols import score

RADIUS = 2  # frames on each side
FACTOR = 1.85  # its coefficients are not normalised, so a larger level than the true one is best
STEP = 4  # pixels from one block of 8 x 8 to the next
TO_OPPONENT = np.array([[2, 2, 2], [6 ** 0.5, 0, -6 ** 0.5], [2 ** 0.5, -8 ** 0.5, 2 ** 0.5]]) / 12 ** 0.5


def denoised(frames: list[np.ndarray], sigma: float, factor: float) -> list[np.ndarray]:
    """Frames (h, w, 3) in [0, 1] with noise of `sigma` on the scale 0 .. 255; `factor` times that is told."""
    opponent = np.stack(frames) @ TO_OPPONENT.T.astype(np.float32)                       # (t, h, w, 3)
    source, told = _clip(opponent), [factor * sigma] * 3
    basic = _pass(source, None, told)
    return list(_frames(_pass(source, basic, told)) @ np.linalg.inv(TO_OPPONENT).T.astype(np.float32))


def _pass(source: vs.VideoNode, basic: vs.VideoNode | None, told: list[float]) -> vs.VideoNode:
    """One of the two passes: the basic estimate, or with it the final one."""
    given = {} if basic is None else {"ref": basic}
    return vs.core.bm3dcpu.BM3Dv2(source, sigma=told, radius=RADIUS, block_step=STEP, chroma=True, **given)


def _clip(x: np.ndarray) -> vs.VideoNode:
    """(t, h, w, 3) -> a clip of floats; colour differences lie around 0 there too."""
    blank = vs.core.std.BlankClip(format=vs.YUV444PS, width=x.shape[2], height=x.shape[1], length=len(x), keep=True)

    def filled(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        frame = f.copy()
        for plane in range(3):
            np.asarray(frame[plane])[:] = x[n, ..., plane]
        return frame

    return vs.core.std.ModifyFrame(blank, blank, filled)


def _frames(clip: vs.VideoNode) -> np.ndarray:
    return np.stack([np.stack([np.asarray(frame[plane]) for plane in range(3)], -1) for frame in clip.frames()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--sigmas", type=float, nargs="+", default=[10.0, 25.0, 50.0])
    parser.add_argument("--frames", type=int, default=5)
    parser.add_argument("--factor", type=float, default=FACTOR,
                        help=f"level that is told over the true one (default: {FACTOR}, the best of some)")
    args = parser.parse_args()
    vs.core.num_threads = 1
    print("| clip | sigma | noisy | V-BM3D | seconds a frame |\n| --- | ---: | ---: | ---: | ---: |")
    for path in find_clips(args.clips):
        with open_reader(path) as reader:
            frames = [frame.rgb for frame in islice(reader, args.frames)]
        for sigma in args.sigmas:
            noisy, clean = zip(*degradation(f"noise-{sigma:g}").apply(frames))
            began = time.process_time()
            y = denoised(list(noisy), sigma, args.factor)
            taken = (time.process_time() - began) / len(y)
            before, after = (score("denoise", np.stack(x), np.stack(clean)).psnr for x in (noisy, y))
            print(f"| {path.stem} | {sigma:g} | {before:.2f} | {after:.2f} | {taken:.2f} |", flush=True)


if __name__ == "__main__":
    main()
