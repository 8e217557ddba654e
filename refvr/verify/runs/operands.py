"""From the inputs of a port to those of ours: the way back of feeding.py."""
from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from refvr.errors import InputError
from refvr.nn import Module
from refvr.records import record_of
from refvr.verify.runs.as_array import array
from refvr.verify.runs.input_names import our_name

NUMBERS = ("times", "routing")   # what is given beside arrays


def operands_of(net: Module, inputs: Sequence[Any] | Mapping[str, Any]) -> tuple[dict[str, np.ndarray], list[float]]:
    """What our network is given where a port is given `inputs`; and single numbers among them, SAFA's times.

    inputs  in order, or by name, ours or official
    Images may be channels first or last, of a window frames in the batch, before or after the channels, or among
    them; whole numbers are levels, 0 to the largest of their type. Channels first are taken for the official order of
    colours. Raises InputError for a shape that does not fit, and for a name that is not known.
    """
    record = record_of(net)
    network, call = record.name, record.call
    names = [name for name in inspect.signature(net.forward).parameters if name not in NUMBERS]
    arrays, numbers = _named(network, names, inputs)
    found: dict[str, np.ndarray] = {}
    last = False   # whether the first one has its channels last
    for name, value in arrays.items():
        c = value.shape[-1 if last else 1] if name == "state" else call.map_channels if name == "noise_map" else 3
        window = name == "x" or (name == "noise_map" and call.map_by_frame)
        t = getattr(net.config, "frames", 1)
        laid_out = next(_window(value, t, c) if window else _image(value, c), None)
        if laid_out is None:
            axes = f"(n, {t}, {c}, h, w) or (n, {t}, h, w, {c})" if window else f"(n, {c}, h, w) or (n, h, w, {c})"
            raise InputError(f"input {name} is {'x'.join(map(str, value.shape))}, expected {axes}")
        ours, last = laid_out
        ours = ours[..., ::-1] if call.blue_first and c == 3 and not last else ours
        levels = np.iinfo(ours.dtype).max if ours.dtype.kind in "iu" else 1
        found[name] = np.ascontiguousarray(ours, np.float32) / np.float32(levels)
    return found, numbers


def _named(network: str, names: list[str], inputs: Sequence[Any] | Mapping[str, Any]
           ) -> tuple[dict[str, np.ndarray], list[float]]:
    """Our name -> array, in the order of the call; and single numbers."""
    if isinstance(inputs, Mapping):
        given = {our_name(network, name): array(value) for name, value in inputs.items()}
        given = {names[0]: next(iter(given.values()))} if len(given) == len(names) == 1 else given
    else:
        arrays = [array(x) for x in inputs]
        given = dict(zip([*names, *(f"input {k}" for k in range(len(names), len(arrays)))],
                         [value for value in arrays if value.size > 1]))
        given |= {f"number {k}": value for k, value in enumerate(arrays) if value.size == 1}
    numbers = [float(value.reshape(())) for value in given.values() if value.size == 1]
    more = [name for name, value in given.items() if name not in names and value.size > 1]
    if more:
        raise InputError(f"got an input {more[0]!r}, expected at most {len(names)}: {', '.join(names)}")
    return {name: given[name] for name in names if name in given and given[name].size > 1}, numbers


def _window(x: np.ndarray, t: int, c: int) -> Iterator[tuple[np.ndarray, bool]]:
    """(n, t, h, w, c), and whether channels were last."""
    if x.ndim == 4:
        if x.shape[:2] == (t, c) or x.shape[0] == t and x.shape[-1] == c:
            x = x[None]
        elif x.shape[1] == t * c:
            x = x.reshape(len(x), t, c, *x.shape[2:])
    if x.ndim != 5:
        return
    if x.shape[1:3] == (t, c):
        yield np.moveaxis(x, 2, -1), False
    if x.shape[1] == t and x.shape[-1] == c:
        yield x, True
    if x.shape[1:3] == (c, t):
        yield np.moveaxis(x, 1, -1), False


def _image(x: np.ndarray, c: int) -> Iterator[tuple[np.ndarray, bool]]:
    """(n, h, w, c), and whether channels were last."""
    x = x[None] if x.ndim == 3 else x
    if x.ndim != 4:
        return
    if x.shape[1] == c:
        yield np.moveaxis(x, 1, -1), False
    if x.shape[-1] == c:
        yield x, True
