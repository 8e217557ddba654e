"""`refvr.diagnose`: which mistake makes these numbers? Run the catalogue and name what reproduces them (search.py)."""
from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from refvr.errors import InputError, RefvrError
from refvr.nn.module import Module
from refvr.verify.diagnose.deadline import Deadline
from refvr.verify.diagnose.diagnosis import Diagnosis
from refvr.verify.diagnose.operand_layouts import LAYOUTS, from_nchw
from refvr.verify.diagnose.search import QUIET, SKIP, Progress, Search
from refvr.verify.diagnose.targets import OperationTarget, PartTarget, Variant
from refvr.verify.mistakes import SUBJECTS


def diagnose(what: str | Module, mine: np.ndarray, inputs: Mapping[str, Any] | None = None, *, part: str = "",
             layout: str = "nhwc", weights: str | Path | None = None, seconds: float = 60.0,
             progress: Progress = QUIET, **options: object) -> Diagnosis:
    """Name the mistake that makes `mine` of `inputs`.

    what     an operation ("deform_conv2d"), a model of the zoo ("remonet-s") or one with a part ("remonet-s:conv1"),
             or a network that was made already, `part` then being the path of a module in it, "" for all of it
    mine     the result to be explained
    inputs   operands by name (x, weight, bias, offset_px ...), for a part its inputs; options may be among them
    layout   "nhwc" (ours) or "nchw": of all arrays, weights as (o, c, kh, kw); weights: a weight file of the model
    seconds  after which nothing more is tried
    progress(what, done, total) is told what is being tried
    Raises InputError for names, shapes and layouts that do not fit.
    """
    if layout not in LAYOUTS:
        raise InputError(f"diagnose: got layout {layout!r}, expected {' or '.join(LAYOUTS)}")
    mine = np.asarray(mine)
    if mine.dtype.kind not in "fiub":
        raise InputError(f"diagnose: got {mine.dtype} values, expected numbers")
    own_eps = float(np.finfo(mine.dtype).eps) if mine.dtype in (np.float16, np.float32) else 0.0

    def begun(layout: str) -> Search[Variant]:
        target = _target(what, part, dict(inputs or {}), options, layout, weights)
        ours = from_nchw(mine, _axes(target, mine)) if layout == "nchw" else mine
        return Search(target, ours.astype(np.float64), own_eps, Deadline(seconds), progress)

    try:
        search = begun(layout)
    except RefvrError as error:
        other, fits = next(each for each in LAYOUTS if each != layout), False
        with suppress(*SKIP):
            there = begun(other)
            fits = there.mine.shape == there.right.shape
        if fits:
            raise InputError(f"{error.message}; in layout {other} your arrays fit", fix=f"--layout {other}") from None
        raise
    return search.run()


def _axes(target: OperationTarget | PartTarget, mine: np.ndarray) -> str:
    if isinstance(target, PartTarget) and mine.ndim != 4:
        return "any" if mine.ndim < 4 else "clip" if target.result == "clip" else "frames"
    return target.result


def _target(what: str | Module, part: str, inputs: dict[str, Any], options: dict[str, Any], layout: str,
            weights: str | Path | None) -> OperationTarget | PartTarget:
    if isinstance(what, Module):
        return PartTarget(what, part, inputs, options, layout)
    name, _, path = what.partition(":")
    if name in SUBJECTS:
        return OperationTarget(name, inputs, options, layout)
    from refvr import zoo

    if name not in zoo.MODELS:
        raise InputError(f"diagnose: {name!r} is no operation and no model",
                         fix=f"operations are {', '.join(sorted(SUBJECTS))}; `refvr models` lists the models")
    return PartTarget(zoo.load(name, weights), path or part, inputs, options, layout, what)
