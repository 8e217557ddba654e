"""Optimisers and what surrounds an update: Adam, AdamW, gradient clipping, the moving average of weights.

Adam, step s = 1, 2, ... with gradient g of parameter w:

    m = m + (1 - b1) (g - m)            v = b2 v + (1 - b2) g^2
    w = w - lr / (1 - b1^s) * m / (sqrt(v) / sqrt(1 - b2^s) + eps)

AdamW takes w = w (1 - lr * decay) first. Parameters and gradients are {name: array}; parameters change in place.
The order of operations is that of torch.optim.Adam on one tensor, so float32 agrees with it to the last digits.
Source: Kingma and Ba, "Adam", ICLR 2015; Loshchilov and Hutter, "Decoupled weight decay", ICLR 2019.
"""
from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from refvr.errors import InputError
from refvr.ops.reduce import total

Arrays = Mapping[str, np.ndarray]


class Adam:
    """Adam with the moments of every parameter it has seen.

    lr            learning rate used when `step` is not given one
    weight_decay  decoupled decay per step and unit of learning rate (AdamW); 0: plain Adam
    steps         updates made so far
    """

    def __init__(self, lr: float = 1e-3, *, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0.0) -> None:
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.steps = 0
        self._moments: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def step(self, parameters: Arrays, gradients: Arrays, lr: float | None = None) -> None:
        """Update every array of `parameters` in place with the gradient of its name, at learning rate `lr`."""
        missing = [name for name in parameters if name not in gradients]
        if missing:
            raise InputError(f"Adam: got no gradient for {missing[0]} ({len(missing)} missing), expected all",
                             fix="give zeros for what the loss does not depend on")
        self.steps += 1
        lr = self.lr if lr is None else lr
        for name, w in parameters.items():
            if name not in self._moments:
                self._moments[name] = np.zeros_like(w), np.zeros_like(w)
            self._update(w, gradients[name], *self._moments[name], lr)

    def _update(self, w: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray, lr: float) -> None:
        b1, b2 = self.betas
        real = w.dtype.type  # keeps float32 arithmetic float32
        m += real(1 - b1) * (g - m)
        v *= real(b2)
        v += real(1 - b2) * (g * g)
        if self.weight_decay:
            w *= real(1 - lr * self.weight_decay)
        denominator = np.sqrt(v)
        denominator /= real(math.sqrt(1 - b2 ** self.steps))
        denominator += real(self.eps)
        w -= real(lr / (1 - b1 ** self.steps)) * (m / denominator)

    def state(self) -> dict[str, np.ndarray]:
        """Everything that the next step depends on: "steps", "m/NAME", "v/NAME"."""
        state = {"steps": np.asarray(self.steps, np.int64)}
        for name, (m, v) in self._moments.items():
            state[f"m/{name}"], state[f"v/{name}"] = m, v
        return state

    def load(self, state: Arrays) -> Adam:
        """Continue from what `state` returned."""
        self.steps = int(state["steps"])
        names = [key[2:] for key in state if key.startswith("m/")]
        self._moments = {name: (state[f"m/{name}"].copy(), state[f"v/{name}"].copy()) for name in names}
        return self


def gradient_norm(gradients: Arrays) -> float:
    """Euclidean length of all gradients together, summed in float64."""
    return math.sqrt(sum(total(g.astype(np.float64) ** 2) for g in gradients.values()))


def clip_gradients(gradients: Arrays, longest: float) -> float:
    """Scale all gradients in place so that their norm is at most `longest`; returns the norm before.

    The factor is longest / (norm + 1e-6), as in torch.nn.utils.clip_grad_norm_.
    """
    norm = gradient_norm(gradients)
    if norm > longest:
        for g in gradients.values():
            g *= g.dtype.type(longest / (norm + 1e-6))
    return norm


class Average:
    """Exponential moving average of weights: a = a + (1 - d) (w - a), d = min(decay, (1 + s) / (10 + s)) at update s.

    The growing d lets the average forget the start values within the first updates.
    """

    def __init__(self, parameters: Arrays, decay: float = 0.999) -> None:
        self.decay, self.steps = decay, 0
        self.values = {name: w.copy() for name, w in parameters.items()}

    def update(self, parameters: Arrays) -> None:
        """Move towards `parameters`."""
        self.steps += 1
        d = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for name, a in self.values.items():
            a += a.dtype.type(1 - d) * (parameters[name] - a)

    def state(self) -> dict[str, np.ndarray]:
        """"steps" and "a/NAME"."""
        return {"steps": np.asarray(self.steps, np.int64), **{f"a/{name}": a for name, a in self.values.items()}}

    def load(self, state: Arrays) -> Average:
        """Continue from what `state` returned."""
        self.steps = int(state["steps"])
        self.values = {key[2:]: a.copy() for key, a in state.items() if key.startswith("a/")}
        return self
