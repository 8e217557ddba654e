"""One training step: forward, loss, backward, clip, update, average; and the state that a checkpoint keeps.

What the loss is says the network's objective (objective.py). Two networks see the same batch and hang on one tape, so
one backward gives both gradients (ReMoNet's mutual distillation, Xiang et al., AAAI 2022). Activations are freed as
the backward pass goes.
"""
from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from refvr import zoo
from refvr.autodiff import Tensor, backward
from refvr.autodiff.tape import array_of
from refvr.errors import RefvrError
from refvr.nn.module import Module
from refvr.train.objective import Batch, objective_of
from refvr.train.optim import Adam, Average, clip_gradients, gradient_norm
from refvr.train.perceptual import VGG19
from refvr.train.recipes import Recipe
from refvr.train.streams import WEIGHTS, stream
from refvr.types import Array

State = dict[str, np.ndarray]


USUAL, ENOUGH = 101, 20  # gradients whose median is the usual length; so many are needed before one is left out


class Step(NamedTuple):
    """What a step gave, means over its updates: loss, the first network's mean square error, the gradient's norm.

    skipped  updates that were left out because of their long gradients
    """

    loss: float
    mse: float
    norm: float
    skipped: int = 0


class DivergedError(RefvrError):
    """Loss or gradient became NaN or infinite. The update was not made."""


class Trainer:
    """The networks of a run with their optimisers.

    model, options  row of the zoo and the fields of its configuration that differ
    start           fills a network with weights instead of random ones
    vgg             for the perceptual loss
    networks        the first is the one that is kept; `parameters` are its arrays and the others', by path
    """

    def __init__(self, model: str, recipe: Recipe, *, seed: int, options: dict[str, Any] | None = None,
                 start: Callable[[Module], None] | None = None, vgg: VGG19 | None = None) -> None:
        self.recipe, self.model, self._vgg = recipe, model, vgg
        self.networks = [zoo.build(model, **(options or {})) for _ in range(recipe.networks)]
        for k, network in enumerate(self.networks):
            network.init(stream(seed, WEIGHTS, k))
            if start is not None:
                start(network)
        self.config = asdict(self.networks[0].config)
        self.objective = objective_of(zoo.row_of(model).network, self.networks[0].config)
        self._norms: deque[float] = deque(maxlen=USUAL)
        self._tensors = [network.train().watch() for network in self.networks]
        self.parameters = [{path: t.data for path, t in tensors.items()} for tensors in self._tensors]
        self.optimisers = [Adam(recipe.lr, betas=recipe.betas, weight_decay=recipe.weight_decay) for _ in self.networks]
        self.average = Average(self.parameters[0], recipe.average) if recipe.average else None

    def gradients(self, batch: Batch) -> tuple[Step, list[State]]:
        """Losses of a batch, and the gradients of every network of the last; no parameter changes."""
        last: tuple[Step, list[State]] | None = None
        for loss, mse in self.objective.losses(self.networks, batch, self.recipe, self._vgg):
            last = self._backward(loss, mse)
        if last is None:
            raise ValueError("the objective gave no loss; expected one for each network that learns")
        return last

    def step(self, batch: Batch, lr: float) -> Step:
        """The updates of a batch at learning rate `lr`. Raises DivergedError instead of one that is not finite."""
        losses = self.objective.losses(self.networks, batch, self.recipe, self._vgg)
        rows = [self._update(loss, mse, lr) for loss, mse in losses]
        loss, mean, norm = (float(np.mean(values)) for values in list(zip(*rows))[:3])
        return Step(loss, mean, norm, sum(row.skipped for row in rows))

    def _backward(self, loss: Array, mse: float) -> tuple[Step, list[State]]:
        backward(loss)
        found = [{path: _taken(t) for path, t in tensors.items()} for tensors in self._tensors]
        norm = math.sqrt(sum(gradient_norm(gradients) ** 2 for gradients in found))
        return Step(float(array_of(loss)), mse, norm), found

    def _update(self, loss: Array, mse: float, lr: float) -> Step:
        row, found = self._backward(loss, mse)
        if not math.isfinite(row.loss) or not math.isfinite(row.norm):
            raise DivergedError(f"the loss became {row.loss}, its gradient {row.norm}; expected finite numbers",
                                fix="lower --lr, or --set clip_norm=0.1")
        if self._unusual(row.norm):
            return row._replace(skipped=1)
        for parameters, gradients, optimiser in zip(self.parameters, found, self.optimisers):
            if self.recipe.clip_norm:
                clip_gradients(gradients, self.recipe.clip_norm)
            optimiser.step(parameters, gradients, lr)
        if self.average:
            self.average.update(self.parameters[0])
        return row

    def _unusual(self, norm: float) -> bool:
        """Is a gradient far longer than usual? Counts in what is usual either way, so a lasting change is accepted."""
        usual = float(np.median(self._norms)) if len(self._norms) >= ENOUGH else math.inf
        self._norms.append(norm)
        return bool(self.recipe.guard) and norm > self.recipe.guard * usual

    def weights(self) -> State:
        """What is validated and saved: the moving average, or the first network itself."""
        state = {path: array.copy() for path, array in self.networks[0].state().items()}
        return {**state, **{path: a.copy() for path, a in (self.average.values if self.average else {}).items()}}

    def state(self) -> State:
        """Everything that the next step depends on."""
        state = {"norms": np.array(self._norms, np.float64)}
        for k, (network, optimiser) in enumerate(zip(self.networks, self.optimisers), 1):
            state.update({f"network{k}/{path}": array for path, array in network.state().items()})
            state.update({f"optimiser{k}/{name}": array for name, array in optimiser.state().items()})
        if self.average:
            state.update({f"average/{name}": array for name, array in self.average.state().items()})
        return state

    def load(self, state: State) -> Trainer:
        """Continue from what `state` returned."""
        self._norms = deque(state["norms"].tolist(), maxlen=USUAL)
        for k, (network, optimiser) in enumerate(zip(self.networks, self.optimisers), 1):
            network.unwatch().load(_part(state, f"network{k}/"))
            self._tensors[k - 1] = network.watch()
            self.parameters[k - 1] = {path: t.data for path, t in self._tensors[k - 1].items()}
            optimiser.load(_part(state, f"optimiser{k}/"))
        if self.average:
            self.average.load(_part(state, "average/"))
        return self


def _part(state: State, prefix: str) -> State:
    return {name[len(prefix):]: array for name, array in state.items() if name.startswith(prefix)}


def _taken(parameter: Tensor) -> np.ndarray:
    """The gradient that backward left, as an own array; zeros where the loss does not depend on the parameter."""
    gradient, parameter.grad = parameter.grad, None
    return np.zeros_like(parameter.data) if gradient is None else np.ascontiguousarray(gradient)
