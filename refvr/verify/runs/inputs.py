"""INPUT -> what a network is given: frame N of a clip with its window, an array of the network's own axes, a case."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from refvr import hdf5, zoo
from refvr.errors import InputError
from refvr.nn import Module
from refvr.pipeline.drivers import takes_sigma
from refvr.records import NETWORKS, record_of, resolved
from refvr.types import Options
from refvr.verify.runs.arrays_in import open_arrays
from refvr.verify.runs.clip_frames import AHEAD, InOrder, clip_frames
from refvr.verify.runs.network_call import Subject, make_net, network_of, weight_digest
from refvr.verify.runs.operands import operands_of
from refvr.verify.runs.which_frame import default_frame

Asks = Callable[[Module], dict[str, Any]]   # of a network: state, size, sigma, time, routing (compare/ports/asks.py)


def subject_of(model: str | None, source: str, *, weights: str | None = None, init: int | None = None,
               settings: Options | None = None, frame: int | None = None, sigma: float | None = None,
               time: float | None = None, routing: str | None = None, inputs: str | Mapping[str, Any] | None = None,
               asks: Asks | None = None) -> Subject:
    """The call of a network that MODEL and INPUT of the command line mean (docs/compare.md).

    inputs what the network is given in place of what INPUT has of that name: a file of arrays, or arrays, under our
           names or official ones; with a `source` of "" it is all that is given
    frame  which frame of a clip; None: the first whose window lies inside of it, see which_frame.py
    sigma  noise level 0..255, for networks that are told it; time: where SAFA's new frame
           lies between `frame` (0) and the next (1), None: half way;  routing: the scale of all its steps, None: as it
           chooses itself
    asks   what a program that is compared asks for where nothing is said of it here
    Raises InputError or WeightsError.
    """
    asked: dict[str, Any] = {"model": model, "weights": weights, "init": init, "settings": settings or {},
                             "input": str(source), "frame": frame, "sigma": sigma, "time": time}
    asked |= {} if routing is None else {"routing": routing}
    if inputs is not None:
        asked["inputs"] = inputs if isinstance(inputs, str) else "arrays"
    if is_case(source):
        from refvr.verify.runs.case_call import subject_of_case

        return _with(subject_of_case(source, asked | {"frame": frame or 0, "time": 0.5 if time is None else time}),
                     inputs)
    if model is None:
        raise InputError(f"{source} is neither a trace of refvr nor a golden case, or it is damaged",
                         fix="write one with `refvr trace`, or name a model before it")
    net = make_net(model, weights=weights, init=init, settings=settings)
    return _with(subject_on(net, source, asked, asks) if source else _bare(net, settled(net, asked, asks)), inputs)


def settled(net: Module, asked: dict[str, Any], asks: Asks | None) -> dict[str, Any]:
    """`asked` with what a program asks for where nothing is said, or the scene has no size; time is half way then."""
    by_program, asked = asks(net) if asks else {}, dict(asked)
    if asked["input"] == "scene" and "size" in by_program:
        asked["input"] = "scene:{}x{}".format(*by_program["size"])
    for name in ("time", "routing", *(["sigma"] if takes_sigma(net) else [])):
        if asked.get(name) is None and name in by_program:
            asked[name] = by_program[name]
    if asked.get("time") is None:
        asked["time"] = 0.5
    if asked.get("frame") is None and "inputs" not in asked and _window_name(asked["input"]) is None:
        asked["frame"] = default_frame(net, asked["input"], has_state=by_program.get("state", False))
    return asked


def _bare(net: Module, asked: dict[str, Any]) -> Subject:
    network = network_of(net)
    options, results = call_of(network, asked["time"], asked.get("routing"))
    about = asked | {"frame": asked["frame"] or 0, "network": network, "digest": weight_digest(net)}
    return Subject(network, net, {}, options, results, about)


def _with(subject: Subject, inputs: str | Mapping[str, Any] | None) -> Subject:
    """With other operands."""
    if inputs is None:
        return subject
    where = f"{inputs}: " if isinstance(inputs, str) else ""
    try:
        found, numbers = operands_of(subject.net, open_arrays(inputs) if isinstance(inputs, str) else inputs)
    except InputError as error:
        raise InputError(f"{where}{error.message.removeprefix(where)}", fix=error.fix) from None
    needed = [name for name, parameter in signature(subject.net.forward).parameters.items()
              if parameter.default is parameter.empty and name not in {*subject.operands, *subject.options, *found}]
    if needed:
        raise InputError(f"{where}got {', '.join(found) or 'nothing'}, expected {', '.join(needed)} too",
                         fix="add it, or name an INPUT that has it")
    operands = subject.operands | found
    subject.operands = {name: operands[name] for name in signature(subject.net.forward).parameters if name in operands}
    if numbers and "times" in subject.options:
        subject.options = {**subject.options, "times": numbers}
    return subject


def subject_on(net: Module, source: str, asked: dict[str, Any], asks: Asks | None = None) -> Subject:
    """The call of a network on INPUT; asked: model, and frame, sigma, time, routing where `subject_of` is told them."""
    asked = settled(net, asked | {"input": source}, asks)
    record, frame, sigma, source = record_of(net), asked.get("frame") or 0, asked.get("sigma"), asked["input"]
    network, call = record.name, record.call
    if takes_sigma(net) and sigma is None:
        raise InputError(f"{asked['model']} must be told the noise level", fix="add --sigma 25")
    array = _window_array(source)
    if array is not None:
        operands = resolved(call.from_array)(net, array, sigma)
    else:
        frames = InOrder(source, frame) if call.state else frames_for(net, source, frame)
        operands = operands_on(net, frames, frame, sigma)
    options, results = call_of(network, asked["time"], asked.get("routing"))
    about = asked | {"frame": frame, "network": network, "digest": weight_digest(net)}
    return Subject(network, net, operands, options, results, about)


def operands_on(net: Module, frames: dict[int, np.ndarray] | InOrder, k: int, sigma: float | None
                ) -> dict[str, np.ndarray]:
    """What restores frame k of a clip, given as number -> (h, w, 3)."""
    return resolved(record_of(net).call.from_clip)(net, frames, k, sigma)


def call_of(network: str, time: float, routing: str | None = None) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the call takes beside arrays, and what it answers."""
    call = NETWORKS[network].call
    options: dict[str, Any] = {"times": [time]} if call.times else {}
    return options | ({"routing": routing} if call.times and routing else {}), call.results


def is_case(path: str) -> bool:
    """Whether it is the file of a golden case."""
    if Path(path).suffix not in (".h5", ".hdf5"):
        return False
    try:
        with hdf5.opened(path) as file:
            return "meta" in hdf5.attributes(file)
    except InputError:
        return False


def frames_for(net: Module, source: str, wanted: int) -> dict[int, np.ndarray]:
    """index -> (h, w, 3): the frames of a clip that restoring the wanted one may need, and no others.

    Those around it, from where windows that do not overlap begin; all before it where a state comes from the beginning.
    """
    size = getattr(net.config, "frames", 1)
    reach = max(AHEAD, size)
    first = 0 if record_of(net).call.state else max(0, wanted - reach) // size * size
    return clip_frames(source, first, wanted, reach)


def _window_name(source: str) -> str | None:
    """The name of the one array of five axes in a .npy or .h5 file; None where there is none such."""
    if Path(source).suffix not in (".npy", ".h5", ".hdf5") or not Path(source).is_file():
        return None
    fives = [name for name, entry in open_arrays(source).entries.items() if len(entry.shape) == 5]
    return fives[0] if len(fives) == 1 else None


def _window_array(source: str) -> np.ndarray | None:
    """That array with the axes of a window, (n, t, h, w, 3) or (n, t, 3, h, w)."""
    name = _window_name(source)
    if name is None:
        return None
    x = open_arrays(source)[name]
    x = x if x.shape[-1] == 3 else np.moveaxis(x, 2, -1)
    if x.shape[-1] != 3 or x.dtype.kind not in "fu":
        raise InputError(f"{source} is {x.dtype} of shape {x.shape}, expected a window (n, t, h, w, 3) or "
                         "(n, t, 3, h, w)")
    levels = np.iinfo(x.dtype).max if x.dtype.kind == "u" else 1
    return np.ascontiguousarray(x, np.float32) / np.float32(levels)


def default_model(network: str) -> str:
    """The first row of the zoo for a network."""
    return next(name for name, row in zoo.MODELS.items() if row.network == network)
