"""What a page is about: one call of a network on a clip, and the clip around it before and after.

The demo scene is degraded as fits the task; a clip of one's own is taken as it comes, as `refvr restore` takes it.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from refvr.degrade.kinds import degradation
from refvr.degrade.motion_blur import EXPOSURE, STRIDE
from refvr.errors import InputError
from refvr.evaluate.tasks import TASKS, tasks_of
from refvr.nn import Module
from refvr.scene import Scene, render
from refvr.verify.runs.clip_frames import AHEAD, is_scene, scene_size
from refvr.verify.runs.inputs import call_of, frames_for, operands_on
from refvr.verify.runs.network_call import Subject, make_net, network_of

SIZE, FPS = (448, 256), 24     # of the clean scene
LENGTH = 120                   # frames of it that a page may be about: all before are rendered too
MOST = 448 * 256               # pixels of a frame of the result, up to which all of it is looked at
GRID = 16                      # parts of a large frame begin at multiples of it, as coarse features of the whole do
AROUND = 2                     # frames of the clip before and after the one in question that a page shows


@dataclass
class Sight:
    """One call of a network, ready to run.

    subject  network and operands;  frames: number -> (h, w, 3) of the clip as the network was given it
    frame    the number in question;  scale: of the result;  notes: what a reader of the page must know
    drawn    weights are drawn at random, since there are none
    whole    frames that are too large for a page, all of them: `frames` are a part, which begins at pixel `origin`
    """

    subject: Subject
    frames: dict[int, np.ndarray]
    frame: int
    scale: int
    notes: list[str]
    drawn: bool = False
    whole: dict[int, np.ndarray] | None = None
    origin: tuple[int, int] = (0, 0)

    def part(self, top: int, left: int, rows: int, columns: int) -> Sight:
        """The call on a part of the frames of a large clip, which lies inside and begins at a multiple of GRID."""
        whole = self.frames if self.whole is None else self.whole
        h, w, _ = whole[self.frame].shape
        (top, bottom), (left, right) = _span(top, rows, h), _span(left, columns, w)
        frames = {k: np.ascontiguousarray(f[top:bottom, left:right]) for k, f in whole.items()}
        s, about = self.subject, self.subject.about
        operands = operands_on(s.net, frames, self.frame, about["sigma"])
        subject = Subject(s.network, s.net, operands, s.options, s.results, about)
        return replace(self, subject=subject, frames=frames, origin=(top, left))

    @property
    def around(self) -> list[int]:
        """Numbers of the frames that a page shows."""
        return [k for k in range(self.frame - AROUND, self.frame + AROUND + 1) if k in self.frames]


def look(clip: str, model: str, frame: int, *, weights: str | None = None, sigma: float = 25, time: float = 0.5
         ) -> Sight:
    """The call that restores frame number `frame` of `clip`, a path, "scene" or "scene:448x256", with `model`.

    Raises InputError for a frame beyond the end, and for what cannot be read. Without weights they are drawn, and the
    notes say so.
    """
    notes: list[str] = []
    if frame < 0:
        raise InputError(f"got frame {frame}, expected one from 0 on")
    net = _net(model, weights, notes)
    network = network_of(net)
    frames = _scene(net, clip, frame, sigma, notes) if is_scene(clip) else frames_for(net, clip, frame)
    scale = getattr(net.config, "scale", 1)
    frames, whole, origin = _small_enough(frames, scale, notes)
    options, results = call_of(network, time)
    about = {"model": model, "input": clip, "frame": frame, "sigma": sigma, "time": time}
    subject = Subject(network, net, operands_on(net, frames, frame, sigma), options, results, about)
    size = getattr(net.config, "frames", 2)
    if len(frames) < size:
        notes.append(f"The clip has {len(frames)} frames and the network sees {size} at once: the rest are its own, "
                     "repeated or mirrored as `refvr restore` does it.")
    return Sight(subject, frames, frame, scale, notes, not has_weights(model, weights), whole, origin)


def has_weights(model: str, weights: str | None) -> bool:
    """Whether there are any, so that none need be drawn."""
    from refvr.zoo import folder

    return weights is not None or folder.find(model) is not None


def _net(model: str, weights: str | None, notes: list[str]) -> Module:
    from refvr import zoo

    if not has_weights(model, weights):
        zoo.row_of(model)
        notes.append(f"There are no weights of {model} here: these are drawn at random, and nothing on this page is "
                     "what a trained network does. Give the authors' file with --weights.")
        return make_net(model, init=0)
    return make_net(model, weights=weights)


def _scene(net: Module, clip: str, frame: int, sigma: float, notes: list[str]) -> dict[int, np.ndarray]:
    """The demo scene, degraded as this network's inputs are; a size in `clip` is that of what it is given."""
    if frame >= LENGTH:
        raise InputError(f"the demo scene has {LENGTH} frames here, expected one of number {frame}; they are counted "
                         "from 0", fix="choose another with --frame, or a clip")
    kind = TASKS[tasks_of(net)[0]].kinds(net, (sigma,))[0]
    made, given = degradation(kind), scene_size(clip)
    width, height = (side * made.scale for side in given) if given else SIZE
    notes.append(f"The clip is the demo scene at {width}x{height}, degraded: {kind}.")
    if kind == "blur":
        lively = (render(Scene(3), width, height, k / FPS, exposure_s=EXPOSURE / STRIDE / FPS)
                  for k in range(frame + AHEAD))
        return dict(enumerate(lively))
    clean = (render(Scene(), width, height, k / FPS) for k in range((frame + AHEAD) * made.keeps - made.keeps + 1))
    return dict(enumerate(small for small, _ in made.apply(clean) if small is not None))


def driver_options(s: Sight) -> dict[str, Any]:
    """What `restore_frames` is told, so that it answers as the network alone."""
    options: dict[str, Any] = {"sigma": s.subject.about["sigma"]} if "noise_map" in s.subject.operands else {}
    return options | ({"official": True} if s.subject.record.corners else {})   # on the grid of the network itself


def _span(first: int, size: int, whole: int) -> tuple[int, int]:
    """Where `size` pixels from about `first` on begin and end; what would be left at the far end goes along."""
    first = max(min(first, whole - size), 0) // GRID * GRID
    end = first + size
    return first, whole if whole - end < GRID else end


def _small_enough(frames: dict[int, np.ndarray], scale: int, notes: list[str]
                  ) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray] | None, tuple[int, int]]:
    """The frames; or the middle of them, where the tape of a whole one would not fit in memory, with all of them."""
    h, w, _ = next(iter(frames.values())).shape
    if h * w * scale * scale <= MOST:
        return frames, None, (0, 0)
    rows, columns = (min(side, limit // scale) for side, limit in zip((h, w), (SIZE[1], SIZE[0])))
    (top, bottom), (left, right) = _span((h - rows) // 2, rows, h), _span((w - columns) // 2, columns, w)
    notes.append(f"Frames of {w}x{h} pixels are too large for one page. All of the result is shown, smaller if need "
                 "be; values are exact where you click; a pixel's weights, and what the network says there, are those "
                 f"of a call on a part around it. The network, its maps and the mistakes are of the {right - left}x"
                 f"{bottom - top} pixels in the middle, from row {top} and column {left} on.")
    return {k: np.ascontiguousarray(f[top:bottom, left:right]) for k, f in frames.items()}, frames, (top, left)
