"""What users of VapourSynth have without a network: V-BM3D and NNEDI3, where its packages are installed.

    pip install vapoursynth==74 && pip install --no-deps vapoursynth-bm3dcpu vapoursynth-znedi3          Python 3.12

(bm3dcpu speaks an interface that VapourSynth from 75 on has no longer, whatever its package says.) Both work on the
channels that their users give them: V-BM3D on the opponent colours that it was published with, scaled so that noise
keeps its deviation, NNEDI3 on Y, Cb and Cr. Frames are (h, w, 3), float RGB nominally in [0, 1].
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from refvr.pipeline.enlarge import shifted

if TYPE_CHECKING:
    import vapoursynth

Filter: TypeAlias = "Callable[[vapoursynth.Core, vapoursynth.VideoNode], vapoursynth.VideoNode]"
Frames = list[np.ndarray]

RADIUS = 2  # frames on each side
FACTOR = 1.85  # its coefficients are not normalised, so a larger level than the true one is best
STEP = 4  # pixels from one block of 8 x 8 to the next
_OPPONENT = np.array([[2, 2, 2], [6 ** 0.5, 0, -6 ** 0.5], [2 ** 0.5, -8 ** 0.5, 2 ** 0.5]]) / 12 ** 0.5
_YCBCR = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


def installed(plugin: str) -> bool:
    """Is VapourSynth here, and does it load that plug-in?"""
    if find_spec("vapoursynth") is None:
        return False
    import vapoursynth

    return hasattr(vapoursynth.core, plugin)


def v_bm3d(frames: Sequence[np.ndarray], sigma: float) -> Frames:
    """V-BM3D in its two passes, radius 2, told `sigma` (0 .. 1)."""
    told = [FACTOR * sigma * 255] * 3

    def both(core: vapoursynth.Core, source: vapoursynth.VideoNode) -> vapoursynth.VideoNode:
        options = {"sigma": told, "radius": RADIUS, "block_step": STEP, "chroma": True}
        basic = core.bm3dcpu.BM3Dv2(source, **options)
        return core.bm3dcpu.BM3Dv2(source, ref=basic, **options)

    return _filtered(frames, _OPPONENT, both)


def nnedi3(frames: Sequence[np.ndarray], scale: int, *, centred: bool = True) -> Frames:
    """`scale` (2 or 4) times larger; `centred` as in pipeline/enlarge.py.

    Each doubling keeps the rows that come in as the even ones that come out, so small pixel i lies on large pixel
    scale * i; where it should not, the result is shifted by a Lanczos interpolation.
    """
    def doubled(core: vapoursynth.Core, source: vapoursynth.VideoNode) -> vapoursynth.VideoNode:
        for _ in range({2: 1, 4: 2}[scale]):
            for _ in range(2):
                source = core.std.Transpose(core.znedi3.nnedi3(source, field=1, dh=True))
        return source

    large = _filtered(frames, _YCBCR, doubled)
    return shifted(large, (1 - scale) / 2) if centred else large


def _filtered(frames: Sequence[np.ndarray], matrix: np.ndarray, filtered: Filter) -> Frames:
    """The frames through VapourSynth in the colours that `matrix` gives, and back."""
    import vapoursynth

    from refvr import ops

    core = vapoursynth.core
    core.num_threads = ops.thread_count()
    clip = filtered(core, _clip(vapoursynth, np.stack(frames) @ matrix.T.astype(np.float32)))
    back = np.linalg.inv(matrix).T.astype(np.float32)
    return [np.stack([np.asarray(frame[plane]) for plane in range(3)], -1) @ back for frame in clip.frames()]


def _clip(vs: ModuleType, x: np.ndarray) -> vapoursynth.VideoNode:
    """(t, h, w, 3) -> a clip of floats; colour differences lie around 0 there too."""
    blank = vs.core.std.BlankClip(format=vs.YUV444PS, width=x.shape[2], height=x.shape[1], length=len(x), keep=True)

    def filled(n: int, f: vapoursynth.VideoFrame) -> vapoursynth.VideoFrame:
        frame = f.copy()
        for plane in range(3):
            np.asarray(frame[plane])[:] = x[n, ..., plane]
        return frame

    return vs.core.std.ModifyFrame(blank, blank, filled)
