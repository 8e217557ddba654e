"""The network that fits what was asked for, and the arithmetic that it computes in."""
from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from refvr import ops, zoo
from refvr.errors import InputError
from refvr.nn.module import Module
from refvr.pipeline.drivers import scale_of
from refvr.pipeline.rate import Rate
from refvr.precision_names import PRECISIONS, present_name


def chosen(task: str | None, model: str | None, scale: int | None, weights: str | Path | None, precision: str,
            rate: Rate, real: bool = False) -> tuple[Module, str | None]:
    """The network and its name, if it has one, that fit what was asked for."""
    if model is None and weights is None:
        wanted = "sr" if scale not in (None, 1) or real else "denoise" if rate == 1 else "spacetime"
        model = zoo.recommended(task or wanted, scale, real=real)
    elif real:
        raise InputError("real footage chooses the model, but one is given", fix="leave one of the two out")
    elif task is not None and model is not None and zoo.row_of(model).task != task:
        raise InputError(f"{model} is for {zoo.row_of(model).task}, got the task {task}", fix="leave one of them out")
    net = load_network(model, weights, precision)
    if scale is not None and scale_of(net) != scale:
        raise InputError(f"scale: got {scale}, but {model or 'this network'} enlarges {scale_of(net)} times; expected "
                         "the two to agree", fix="leave one of them out")
    return net, model


def load_network(model: str | None = None, weights: str | Path | None = None, precision: str = "winograd") -> Module:
    """The network of `zoo.load` in the float type of `precision`."""
    precision = present_name(precision)
    if precision not in PRECISIONS:
        raise InputError(f"precision: got {precision!r}, expected one of {', '.join(PRECISIONS)}")
    net = zoo.load(model, weights)
    return net.astype(np.float64) if precision == "float64" else net


def arithmetic(precision: str) -> AbstractContextManager[None]:
    """A context that computes as `restore` does in that precision; the network is `load_network`'s."""
    return ops.precision("direct" if precision == "float64" else precision)
