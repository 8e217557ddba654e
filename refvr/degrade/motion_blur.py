"""Motion blur for clips: what an open shutter would have seen, from a clip's own motion.

    blurred_t = encode( mean over instants u in [t - e/2, t + e/2] of decode(frame at u) )        linear light
    frame at k + a = (1 - a) frame_k(x - a f(x)) + a frame_{k+1}(x + (1 - a) f(x))                0 <= a < 1

e  exposure in intervals of the clip; f: optical flow from frame k to k + 1 (rows, columns), Lucas-Kanade's, iterated
   from coarse to fine (scikit-image, optical_flow_ilk)
The instants lie at most half a pixel of the fastest motion apart, so that nothing is seen twice. The sharp answer is
frame t itself. Deblurring sets film at a high rate, average, and keep every n-th frame (Su et al., CVPR 2017, "DVD";
Nah et al., "GoPro"): with e = 1.8 and every second frame kept the shutter is open for nine tenths of the time.
Rendered scenes need no flow: scene/render.py exposes exactly.
"""
from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from refvr.drawing.canvas import decode, encode
from refvr.errors import InputError, TooShortError

EXPOSURE, STRIDE = 1.8, 2  # of the pairs that scores and recipes use
STEP_PX, FEWEST, MOST = 0.5, 9, 33  # between two instants; instants of one exposure


def motion_blur(frames: Iterable[np.ndarray], *, exposure: float = EXPOSURE, stride: int = STRIDE
                ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (blurred, sharp), each (h, w, 3) float32 in [0, 1], for every `stride`-th frame of a clip.

    frames    (h, w, 3) in [0, 1], one size
    exposure  how long the shutter is open, in intervals of the clip, above 0
    Frames whose exposure would begin before the clip or end after it are left out: the first is ceil(exposure / 2).
    Raises InputError for options that make no sense, a clip too short, and where scikit-image is missing.
    """
    if not 0 < exposure < math.inf or stride < 1:
        raise InputError(f"motion blur: got exposure {exposure}, stride {stride}; expected above 0 and at least 1")
    reach, held, flows, first = math.ceil(exposure / 2), [], [], 0
    count, made = 0, 0
    for frame in frames:
        count += 1
        held.append(np.asarray(frame, np.float32))
        if len(held) > 1:
            flows.append(flow_px(held[-2], held[-1]))
        if len(held) == 2 * reach + 1:
            if first % stride == 0:
                yield _exposed(held, flows, reach, exposure), held[reach]
                made += 1
            held, flows, first = held[1:], flows[1:], first + 1
    if not made:
        raise TooShortError(f"motion blur: the clip has {count} frames, expected at least {2 * reach + 1} for an "
                            f"exposure of {exposure} intervals", fix="take a longer clip or a shorter exposure")


def flow_px(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Optical flow (h, w, 2) from one frame to the next, rows before columns: first(x) lies at x + flow in second."""
    from skimage.registration import optical_flow_ilk

    grey = [frame.mean(-1, dtype=np.float32) for frame in (first, second)]
    return np.stack(optical_flow_ilk(*grey, radius=7, num_warp=6, prefilter=True, dtype=np.float32), -1)


def _exposed(frames: list[np.ndarray], flows: list[np.ndarray], centre: int, exposure: float) -> np.ndarray:
    """The mean of the light between centre - exposure / 2 and centre + exposure / 2."""
    fastest = max(float(np.percentile(np.hypot(*np.moveaxis(f, -1, 0)), 99)) for f in flows)
    count = int(np.clip(math.ceil(fastest * exposure / STEP_PX), FEWEST, MOST))
    light = [decode(frame) for frame in frames]
    total = np.zeros_like(light[0])
    for k in range(count):
        place = centre + ((k + 0.5) / count - 0.5) * exposure
        total += between(light, flows, place)
    return encode(total / np.float32(count))


def between(frames: list[np.ndarray], flows: list[np.ndarray], place: float) -> np.ndarray:
    """The frame at a fractional place: both neighbours moved along the flow and mixed."""
    from scipy.ndimage import map_coordinates

    k = min(int(place), len(flows) - 1)
    a = np.float32(place - k)
    if a == 0:
        return frames[k]
    grid = np.indices(frames[k].shape[:2], np.float32)
    motion = np.moveaxis(flows[k], -1, 0)
    moved = [np.stack([map_coordinates(frame[..., c], grid + by * motion, order=1, mode="nearest")
                       for c in range(3)], -1) for frame, by in ((frames[k], -a), (frames[k + 1], 1 - a))]
    return (1 - a) * moved[0] + a * moved[1]
