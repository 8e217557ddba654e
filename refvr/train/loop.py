"""One training step: forward, loss, backward, clip, update, average; and the state that a checkpoint keeps.

    loss = sum over networks i of distance(y_i, clean)  +  similarity(y_1, y_2) with two networks

Both networks see the same batch and hang on one tape, so one backward gives both gradients (ReMoNet's mutual
distillation, Xiang et al., AAAI 2022). Activations are freed as the backward pass goes.
"""
from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from refvr import ops
from refvr.autodiff import Tensor, array_of, backward
from refvr.errors import RefvrError
from refvr.networks import zoo
from refvr.train.optim import Adam, Average, clip_gradients, gradient_norm
from refvr.train.recipes import Recipe
from refvr.train.streams import WEIGHTS, stream

State = dict[str, np.ndarray]


class Step(NamedTuple):
    """What a step gave: its loss, that of the first network alone per value (mean square), the gradient's norm."""

    loss: float
    mse: float
    norm: float


class DivergedError(RefvrError):
    """Loss or gradient became NaN or infinite. The weights are those before the step."""


def distance(y: Tensor, clean: np.ndarray, loss: str) -> Tensor:
    """The loss of one network's output, a single value."""
    if loss == "sum_of_squares":
        return ops.mse_loss(y, clean, "sum") * (1 / (2 * len(clean)))
    return {"mse": ops.mse_loss, "l1": ops.l1_loss, "charbonnier": ops.charbonnier_loss}[loss](y, clean)


class Trainer:
    """The networks of a run with their optimisers.

    model, options  row of the zoo and the numbers of its configuration that differ
    start           weights for every network instead of random ones
    networks        the first is the one that is kept; `parameters` are its arrays and the others', by path
    """

    def __init__(self, model: str, recipe: Recipe, *, seed: int, options: dict[str, Any] | None = None,
                 start: State | None = None) -> None:
        self.recipe, self.model = recipe, model
        self.networks = [zoo.build(model, **(options or {})) for _ in range(recipe.networks)]
        for k, network in enumerate(self.networks):
            network.init(stream(seed, WEIGHTS, k))
            if start is not None:
                network.load(start)
        self.config = asdict(self.networks[0]._config)
        self._tensors = [network.train().watch() for network in self.networks]
        self.parameters = [{path: t.data for path, t in tensors.items()} for tensors in self._tensors]
        self.optimisers = [Adam(recipe.lr, weight_decay=recipe.weight_decay) for _ in self.networks]
        self.average = Average(self.parameters[0], recipe.average) if recipe.average else None

    def gradients(self, noisy: np.ndarray, clean: np.ndarray) -> tuple[Step, list[State]]:
        """Loss of a batch (n, t, h, w, 3) and the gradients of every network; changes nothing."""
        outputs = [network(noisy) for network in self.networks]
        loss = distance(outputs[0], clean, self.recipe.loss)
        for y in outputs[1:]:
            loss = loss + distance(y, clean, self.recipe.loss) + ops.similarity_loss(outputs[0], y)
        mse = float(ops.mse_loss(array_of(outputs[0]), clean))
        backward(loss)
        found = [{path: _taken(t) for path, t in tensors.items()} for tensors in self._tensors]
        norm = math.sqrt(sum(gradient_norm(gradients) ** 2 for gradients in found))
        return Step(float(loss.data), mse, norm), found

    def step(self, noisy: np.ndarray, clean: np.ndarray, lr: float) -> Step:
        """One update at learning rate `lr`. Raises DivergedError, with nothing changed, if it would not be finite."""
        row, found = self.gradients(noisy, clean)
        if not math.isfinite(row.loss) or not math.isfinite(row.norm):
            raise DivergedError(f"the loss became {row.loss}, its gradient {row.norm}; expected finite numbers",
                                fix="lower --lr, or --set clip_norm=0.1")
        for parameters, gradients, optimiser in zip(self.parameters, found, self.optimisers):
            if self.recipe.clip_norm:
                clip_gradients(gradients, self.recipe.clip_norm)
            optimiser.step(parameters, gradients, lr)
        if self.average:
            self.average.update(self.parameters[0])
        return row

    def weights(self) -> State:
        """What is validated and saved: the moving average, or the first network itself."""
        state = {path: array.copy() for path, array in self.networks[0].state().items()}
        return {**state, **{path: a.copy() for path, a in (self.average.values if self.average else {}).items()}}

    def state(self) -> State:
        """Everything that the next step depends on."""
        state = {}
        for k, (network, optimiser) in enumerate(zip(self.networks, self.optimisers), 1):
            state.update({f"network{k}/{path}": array for path, array in network.state().items()})
            state.update({f"optimiser{k}/{name}": array for name, array in optimiser.state().items()})
        if self.average:
            state.update({f"average/{name}": array for name, array in self.average.state().items()})
        return state

    def load(self, state: State) -> Trainer:
        """Continue from what `state` returned."""
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
