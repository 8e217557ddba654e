"""What a page is about: one call of a network on a clip, and the clip around it before and after.

The demo scene is degraded as fits the task; a clip of one's own is taken as it comes, as `refvr restore` takes it.
"""
from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np

from refvr.degrade.kinds import degradation
from refvr.degrade.motion_blur import EXPOSURE, STRIDE
from refvr.errors import InputError
from refvr.media import open_reader
from refvr.media.scene import Scene, render
from refvr.nn import Module
from refvr.pipeline.tasks import TASKS
from refvr.verify.runs.inputs import AHEAD, BUILDERS, call_of
from refvr.verify.runs.network_call import Subject, make_net, network_of

SIZE, FPS = (448, 256), 24     # of the clean scene
MOST = 448 * 256               # pixels of a frame of the result, up to which all of it is looked at
AROUND = 2                     # frames of the clip before and after the one in question that a page shows


@dataclass
class Sight:
    """One call of a network, ready to run.

    subject  network and operands;  frames: number -> (h, w, 3) of the clip as the network was given it
    frame    the number in question;  scale: of the result;  notes: what a reader of the page must know
    drawn    weights are random numbers, since there are none
    """

    subject: Subject
    frames: dict[int, np.ndarray]
    frame: int
    scale: int
    notes: list[str]
    drawn: bool = False

    def at(self, frame: int) -> Subject:
        """The call for another frame of the clip."""
        if frame == self.frame:
            return self.subject
        net, network = self.subject.net, self.subject.network
        operands = BUILDERS[network](net, self.frames, frame, self.subject.about["sigma"])
        return Subject(network, net, operands, self.subject.options, self.subject.results, self.subject.about)

    @property
    def around(self) -> list[int]:
        """Numbers of the frames that a page shows."""
        return [k for k in range(self.frame - AROUND, self.frame + AROUND + 1) if k in self.frames]


def look(clip: str, model: str, frame: int, *, weights: str | None = None, sigma: float = 25, time: float = 0.5
         ) -> Sight:
    """The call that restores frame number `frame` of `clip`, a path or "scene", with `model`.

    Raises InputError for a frame beyond the end, and for what cannot be read. Without weights they are drawn, and the
    notes say so.
    """
    notes = []
    if frame < 0:
        raise InputError(f"got frame {frame}, expected one from 0 on")
    net = _net(model, weights, notes)
    network = network_of(net)
    frames = _scene(net, frame, sigma, notes) if clip == "scene" else _clip(clip, frame, net)
    scale = getattr(net._config, "scale", 1)
    frames = _small_enough(frames, scale, notes)
    options, results = call_of(network, time)
    about = {"model": model, "input": clip, "frame": frame, "sigma": sigma, "time": time}
    subject = Subject(network, net, BUILDERS[network](net, frames, frame, sigma), options, results, about)
    size = getattr(net._config, "frames", 2)
    if len(frames) < size:
        notes.append(f"The clip has {len(frames)} frames and the network sees {size} at once: the rest are its own, "
                     "repeated or mirrored as `refvr restore` does it.")
    return Sight(subject, frames, frame, scale, notes, not has_weights(model, weights))


def has_weights(model: str, weights: str | None) -> bool:
    """Whether there are any, so that none need be drawn."""
    from refvr.networks import folder

    return weights is not None or folder.find(model) is not None


def _net(model: str, weights: str | None, notes: list[str]) -> Module:
    from refvr.networks import zoo

    if not has_weights(model, weights):
        zoo.row_of(model)
        notes.append(f"There are no weights of {model} here: these are drawn at random, and nothing on this page is "
                     "what a trained network does. Give the authors' file with --weights.")
        return make_net(model, init=0)
    return make_net(model, weights=weights)


def _clip(path: str, frame: int, net: Module) -> dict[int, np.ndarray]:
    """Frames around the one in question; where a state comes from the beginning, all before it."""
    size = getattr(net._config, "frames", 1)   # disjoint windows begin at its multiples
    first = 0 if type(net).__name__.startswith("STFAN") else max(0, frame - AHEAD) // size * size
    frames, count = {}, 0
    with open_reader(path) as reader:
        for k, f in enumerate(islice(reader, frame + AHEAD)):
            count = k + 1
            if k >= first:
                frames[k] = f.rgb
    if frame not in frames:
        raise InputError(f"{path} has {count} frames, expected one of number {frame}; they are counted from 0",
                         fix="choose another with --frame")
    return frames


def _scene(net: Module, frame: int, sigma: float, notes: list[str]) -> dict[int, np.ndarray]:
    """The demo scene as somebody would have it who needs this network."""
    task = next(row for row in TASKS.values() if type(net).__name__ in row.networks)
    kind = task.kinds(net, (sigma,))[0]
    notes.append(f"The clip is the demo scene at {SIZE[0]}x{SIZE[1]}, degraded: {kind}.")
    if kind == "blur":
        lively = (render(Scene(3), *SIZE, k / FPS, exposure_s=EXPOSURE / STRIDE / FPS) for k in range(frame + AHEAD))
        return dict(enumerate(lively))
    made = degradation(kind)
    clean = (render(Scene(), *SIZE, k / FPS) for k in range((frame + AHEAD) * made.keeps - made.keeps + 1))
    return dict(enumerate(small for small, _ in made.apply(clean) if small is not None))


def _small_enough(frames: dict[int, np.ndarray], scale: int, notes: list[str]) -> dict[int, np.ndarray]:
    """The frames, or the middle of them where the tape of a whole one would not fit in memory."""
    h, w, _ = next(iter(frames.values())).shape
    if h * w * scale * scale <= MOST:
        return frames
    rows, columns = (min(side, limit // scale) for side, limit in zip((h, w), (SIZE[1], SIZE[0])))
    top, left = (h - rows) // 2, (w - columns) // 2
    notes.append(f"Frames of {w}x{h} pixels are too large for one page: it shows the {columns}x{rows} in the middle, "
                 f"from row {top} and column {left} on, and the network was given these alone.")
    return {k: np.ascontiguousarray(f[top:top + rows, left:left + columns]) for k, f in frames.items()}
