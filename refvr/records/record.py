"""The record of a network: all that the rest of refvr must know about it, in one place.

A part that lies in another room is a reference, "room.module:name" of refvr, which is imported when it is first wanted;
the thing itself will do as well (tests/records/test_toy_network.py). So a record costs nothing, and a room need not
know the rooms above it.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

Reference = Any   # "room.module:name", or the thing itself

# What recipes of small networks have in common
SMALL_RUN: dict[str, Any] = {
    "schedule": "cosine", "warmup": 100, "average": 0.999, "clip_weighting": "equal", "strides": (3.0, 1.0),
    "reverse": True, "shrink": 0.5, "augment": "sample", "jitter": 0.2, "guard": 10.0, "clip_norm": 1.0, "lr": 1e-3,
    "steps": 4000}


def resolved(reference: Reference) -> Any:
    """What a reference means: what "room.module:name" names; anything else is what it is."""
    if not isinstance(reference, str):
        return reference
    module, _, name = reference.partition(":")
    return getattr(import_module(f"refvr.{module}"), name)


@dataclass(frozen=True)
class Model:
    """One row: what a name stands for.

    network  name of the record; options: fields of the network's Config that differ from the default
    task     denoise, sr (super-resolution), deblur, spacetime (sr and new frames), refine
    weights  embedded file, "" if there is none
    source   paper and code; licence: of the code that defined it; note: what a user should know
    file     the authors' weight file, "" if none was published; where: the place they put it
    score    what they published for it
    recommended   what it is taken for where no model is named: its task, a scale of it ("sr x4"), footage as cameras
             and sites leave it ("sr real"); for sr one that was trained on bicubic pictures, since they are nearer to
             what users have than DUF's blurred ones
    """

    network: str
    task: str
    source: str
    licence: str
    note: str
    options: tuple[tuple[str, Any], ...] = ()
    weights: str = ""
    file: str = ""
    where: str = ""
    score: str = ""
    recommended: tuple[str, ...] = ()


@dataclass(frozen=True)
class Call:
    """What one call of a network is given, and what it answers.

    images      operands that are one frame each, (n, h, w, 3); none: there is "x", a window (n, t, h, w, 3) of
                config.frames
    map_channels, map_by_frame   of the operand "noise_map", where there is one: its channels; whether each frame of
                the window has its own
    state       a recurrent network: it takes "state", which the first call has not, and answers the next one
    times       it makes frames at `times` between two, steps by `routing`, and answers `frames` among other things
    all_frames  it answers every frame of its window, not one
    enlarged    how many times larger than those that come its frames are made before the call
    volumes     values between are (n, t, h, w, c)
    official    our name of an operand -> that of the official code;  blue_first: whose colours begin with blue
    from_clip   (net, frames by number, k, sigma) -> the operands that restore frame k
    from_array  (net, x, sigma) -> operands, of a window (n, t, h, w, 3)
    from_case   (case) -> (net, operands, options); None: no case is one call of it
    """

    images: tuple[str, ...] = ()
    map_channels: int = 1
    map_by_frame: bool = False
    state: bool = False
    times: bool = False
    all_frames: bool = False
    enlarged: int = 1
    volumes: bool = False
    official: dict[str, str] = field(default_factory=dict)
    blue_first: bool = False
    from_clip: Reference = "verify.runs.from_clip:window"
    from_array: Reference = "verify.runs.from_array:window"
    from_case: Reference = None

    @property
    def results(self) -> tuple[str, ...]:
        """Names of what it answers."""
        return ("output", "output_state") if self.state else ("output",)


@dataclass(frozen=True)
class Page:
    """What `refvr explain` shows of a network besides what it shows of all.

    says      (subject, values, y, x) -> exhibits of one pixel
    figures   name -> (seen, points) -> figure
    mistakes  of refvr/verify/mistakes, planted into it
    """

    says: Reference = None
    figures: dict[str, Reference] = field(default_factory=dict)
    mistakes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Race:
    """How it is timed.

    models   those that are raced where none is named -> size of their clips;  trained: of these, whose steps are
    stages   those whose stages are timed where no model is named
    patch    samples of a training step, and side of their patches
    options  what its driver is told;  call: what a call of it is told
    frames   (config) -> frames of the result that belong together: those of a window that gives several, or of a pair
    """

    models: dict[str, tuple[int, int]] = field(default_factory=dict)
    trained: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    patch: tuple[int, int] = (1, 64)
    options: dict[str, Any] = field(default_factory=dict)
    call: dict[str, Any] = field(default_factory=dict)
    frames: Callable[[Any], int] = lambda config: 1


@dataclass(frozen=True)
class Vector:
    """It as a test vector (verify/vectors/networks.py): tiny, with drawn weights and operands.

    config   fields of the network's Config that differ from the default
    arrays   operand -> shape;  options: what else the call is told
    answer   field of what the network answers that is compared; "": the answer, or the first of several
    """

    config: dict[str, Any]
    arrays: dict[str, tuple[int, ...]]
    options: dict[str, Any] = field(default_factory=dict)
    answer: str = ""


@dataclass(frozen=True)
class Network:
    """One network.

    name      in weight files and traces, "edvr";  title: of its class, "EDVR"
    page      the class; `Config` is beside it
    models    its configurations, by name
    tasks     rows of evaluate/tasks.py that it does, as far as its scale goes with them
    driver    Driver (pipeline/driver.py), how it runs over a clip; or (net) -> Driver where the configuration decides
    pieces    (net, config, image) -> what its driver calls (pipeline/pieces.py)
    call      what one call is given and answers
    corners   small pixels lie at the corner of the large ones that they stand for, as its authors have them
    objective what it is trained for (an Objective of train/objective.py); None: nothing trains it
    recipes   name of a model -> fields of a Recipe (train/recipes.py) that differ from the default; models that have
              none take that of the network's name
    releases  names that its tensors have in official files: releases, the usual one first (checkpoints/names.py)
    families  its golden cases: name -> Family (verify/cases/families)
    orders    name of a value, with * -> (channels) -> the order in which official code has them
    explained, race   for `refvr explain` and `refvr bench`
    vector    for `refvr vectors`
    """

    name: str
    title: str
    page: Reference
    models: dict[str, Model]
    tasks: tuple[str, ...]
    driver: Reference
    pieces: Reference = "pipeline.pieces:one_call"
    call: Call = Call()
    corners: bool = False
    objective: Reference = None
    recipes: dict[str, dict[str, Any]] = field(default_factory=dict)
    releases: Reference = ()
    families: Reference = None
    orders: tuple[tuple[str, Reference], ...] = ()
    explained: Page = Page()
    race: Race = Race()
    vector: Vector | None = None
