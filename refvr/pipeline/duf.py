"""DUF over a clip: a window of seven frames around every frame, what each frame has alone computed once.

Beyond the ends of a clip the authors' test.py sees three black frames on either side (border "zero", the default). The
other borders are those of pipeline/edvr.py; BasicSR runs DUF with "reflection_circle". All take clips of any length.

Neighbouring windows share six frames. Their features (`DUF.features`) depend on the frame alone, so they are kept;
the bits of the result are those of one whole window after the other (a test compares). Black frames have features too.
In place (networks/duf_in_place.py) some of the first blocks' results are kept as well, where they already lie.
Source: yhjo09/VSR-DUF, test.py, mode L. Mode G, which makes the small frames itself: degrade/duf.py.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from refvr.errors import InputError
from refvr.networks import duf_in_place
from refvr.pipeline.edvr import BORDERS, centred_windows

_BLACK = -1  # index of a frame that is not there


def upscale_duf(net: Any, frames: Iterable[np.ndarray], *, border: str | None = None, clamp: bool = True
                ) -> Iterator[np.ndarray]:
    """Enlarge a stream of (h, w, 3) arrays of the network's float type, in [0, 1] and of one size.

    border  "zero", "replicate", "reflection", "reflection_circle" or "circle"; None: that of the network's Config
    clamp   limit the result to [0, 1], as the authors' driver does before it writes
    Yields (s h, s w, 3) for each frame of any clip of any size.
    """
    kept: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    volume = duf_in_place.Kept()
    for window, pictures in window_frames(frames, net._config.frames, border or net._config.border):
        if net.runs_in_place(pictures[window[0]]):
            y = duf_in_place.run(net, [pictures[j] for j in window], window, volume)
            yield np.clip(y, 0, 1) if clamp else y
            continue
        kept = {j: kept[j] for j in set(window) if j in kept}
        for j in window:
            if j not in kept:
                kept[j] = net.features(pictures[j][None, None])                         # 2 x (1, 1, h, w, 64)
        x, hidden = (np.concatenate([kept[j][part] for j in window], 1) for part in (0, 1))  # (1, 7, h, w, 64)
        y = net.merge(x, hidden, pictures[window[len(window) // 2]][None])[0]           # (s h, s w, 3)
        yield np.clip(y, 0, 1) if clamp else y


def window_frames(frames: Iterable[np.ndarray], size: int, border: str
                  ) -> Iterator[tuple[list[int], dict[int, np.ndarray]]]:
    """For every frame of a stream its window of `size`: (indices of the frames, frames by index); -1 is a black one."""
    if border not in ("zero", *BORDERS):
        raise InputError(f"DUF: got border {border!r}, expected one of {', '.join(('zero', *BORDERS))}")
    inside = "replicate" if border == "zero" else border
    for i, (window, held) in enumerate(centred_windows(frames, size, inside)):
        if border == "zero":  # an index that the rule had to change lay beyond the clip
            there = range(i - size // 2, i + size // 2 + 1)
            window = [j if j == wanted else _BLACK for j, wanted in zip(window, there)]
        yield window, held | {_BLACK: np.zeros_like(held[i])}
