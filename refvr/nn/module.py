"""Module: a function with named parameters, made of other modules.

Parameters and buffers are plain attributes: every float array (or Tensor) of a module is a parameter unless its name
is in `buffers`; every Module, and every Module in a list, is a child. Names are paths: "unet.down1.skip.weight".
Attributes that begin with an underscore are neither. A network keeps what it was built with in `config`.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from refvr.autodiff.tape import Tensor, array_of
from refvr.errors import WeightsError
from refvr.nn.trace import inside, listening, note
from refvr.types import Config, DType

Self = TypeVar("Self", bound="Module")


class Module:
    """Base of layers, blocks and networks. Subclasses define `forward`."""

    config: Config  # of a network
    buffers: tuple[str, ...] = ()
    training = False
    _path = ""  # its name in a trace, see `name_parts`

    def __call__(self, *args: object, **options: object) -> Any:
        """`forward`, whose result gets the module's path as its name in a trace."""
        if listening():
            with inside(self._path):
                y = self.forward(*args, **options)
        else:
            y = self.forward(*args, **options)
        return note(self._path, y) if self._path and not isinstance(y, tuple) else y

    def forward(self, *args: Any, **options: Any) -> object:
        """What the module computes."""
        raise NotImplementedError(type(self).__name__)

    def name_parts(self) -> None:
        """Give every part its path as its name. A network does so once, at the end of its constructor."""
        for path, module in self.modules():
            module._path = path

    def children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of each part, in the order in which the constructor made them."""
        for name, value in vars(self).items():
            if name.startswith("_"):
                continue
            if isinstance(value, Module):
                yield name, value
            elif isinstance(value, (list, tuple)):
                yield from ((f"{name}.{k}", part) for k, part in enumerate(value) if isinstance(part, Module))

    def modules(self, path: str = "") -> Iterator[tuple[str, Module]]:
        """(path, module) of this module and everything in it."""
        yield path, self
        for name, child in self.children():
            yield from child.modules(f"{path}.{name}" if path else name)

    def _arrays(self, buffers: bool) -> dict[str, tuple[Module, str]]:
        """Path -> (owner, attribute) of all parameters, or of all buffers."""
        found = {}
        for path, module in self.modules():
            for name, value in vars(module).items():
                if isinstance(value, (np.ndarray, Tensor)) and not name.startswith("_") \
                        and (name in module.buffers) == buffers:
                    found[f"{path}.{name}" if path else name] = (module, name)
        return found

    def parameters(self) -> dict[str, Any]:
        """Path -> array, or Tensor after `watch`."""
        return {path: getattr(owner, name) for path, (owner, name) in self._arrays(False).items()}

    def state(self) -> dict[str, np.ndarray]:
        """Path -> array of all parameters and buffers: what is saved."""
        places = self._arrays(False) | self._arrays(True)
        return {path: array_of(getattr(owner, name)) for path, (owner, name) in places.items()}

    def load(self: Self, state: Mapping[str, np.ndarray]) -> Self:
        """Take parameters and buffers from `state`; every one must be there, with its shape, and nothing else.

        Raises WeightsError with the first differences.
        """
        places = self._arrays(False) | self._arrays(True)
        problems = [f"missing {path}" for path in places if path not in state]
        problems += [f"unknown {path}" for path in state if path not in places]
        for path, (owner, name) in places.items():
            want = array_of(getattr(owner, name))
            if path in state and state[path].shape != want.shape:
                problems.append(f"{path} has shape {state[path].shape} instead of {want.shape}")
        if problems:
            more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
            raise WeightsError(f"weights do not fit {type(self).__name__}: {'; '.join(problems[:3])}{more}",
                               fix="`refvr models` lists networks and configurations")
        for path, (owner, name) in places.items():
            want = array_of(getattr(owner, name))
            setattr(owner, name, np.array(state[path], want.dtype, order="C"))
        return self

    def astype(self: Self, dtype: DType) -> Self:
        """Convert all parameters and float buffers to float32 or float64, in place."""
        for owner, name in (self._arrays(False) | self._arrays(True)).values():
            value = array_of(getattr(owner, name))
            if value.dtype.kind == "f":
                setattr(owner, name, value.astype(dtype))
        return self

    def watch(self) -> dict[str, Tensor]:
        """Put every parameter on the tape; returns path -> Tensor."""
        for path, (owner, name) in self._arrays(False).items():
            setattr(owner, name, Tensor(array_of(getattr(owner, name)), name=path))
        return self.parameters()

    def unwatch(self: Self) -> Self:
        """Take the parameters off the tape again."""
        for owner, name in self._arrays(False).values():
            setattr(owner, name, array_of(getattr(owner, name)))
        return self

    def train(self: Self, on: bool = True) -> Self:
        """Switch layers that behave differently in training (batch norm) to that behaviour, or back."""
        for _, module in self.modules():
            module.training = on
        return self

    def init(self: Self, rng: np.random.Generator) -> Self:
        """Draw start values: every part with an `init_own(rng)` fills its own parameters, in order of containment."""
        for _, module in self.modules():
            getattr(module, "init_own", lambda rng: None)(rng)
        return self

    def parameter_count(self) -> int:
        """Number of trained values."""
        return sum(array_of(p).size for p in self.parameters().values())
