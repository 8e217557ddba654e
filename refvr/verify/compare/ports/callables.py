"""Ports in this process: a module of PyTorch, which is hooked, and a function, which keeps values itself."""
from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple, Protocol, TypeGuard

import numpy as np

from refvr.errors import InputError
from refvr.records import NETWORKS
from refvr.verify.compare.ports.feeding import Given, Wanted
from refvr.verify.compare.ports.kept import Taker, keeping
from refvr.verify.compare.ports.onnx_graph import one_line
from refvr.verify.compare.ports.values import NAMED, RunValues
from refvr.verify.runs.as_array import TracedError, array, result_name, tensors_of
from refvr.verify.runs.input_names import our_name


class TorchModule(Protocol):
    """What is used here of a module of PyTorch."""

    training: bool

    def __call__(self, *inputs: object) -> object:
        """Its answer to tensors."""

    def forward(self, *inputs: object) -> object:
        """Its answer, without hooks."""

    def parameters(self) -> Iterator[Any]:
        """Its tensors."""

    def state_dict(self) -> Mapping[str, Any]:
        """Path -> tensor, buffers too."""

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """(path, tensor) of what is trained."""

    def children(self) -> Iterator[object]:
        """The modules right in it."""

    def named_modules(self) -> Iterator[tuple[str, Any]]:
        """(path, module) of it and all in it."""


def is_module(port: object) -> TypeGuard[TorchModule]:
    """Whether it is a module of PyTorch, without importing it: who has one has imported it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(port, torch.nn.Module)


class Takes(NamedTuple):
    """What a port in this process takes, before there is anything to give it."""

    wanted: list[Wanted]


def takes(port: object) -> Takes:
    """Its parameters, of those with a default a state alone; nothing where a port takes any number."""
    called = getattr(port, "forward", port)
    if not callable(called):
        return Takes([])
    try:
        parameters = inspect.signature(called).parameters.values()
    except (TypeError, ValueError):
        return Takes([])
    kinds = [parameter.kind for parameter in parameters]
    return Takes([] if inspect.Parameter.VAR_POSITIONAL in kinds else [
        Wanted(parameter.name, None) for parameter in parameters
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        and (parameter.default is parameter.empty or any(our_name(name, parameter.name) == "state" for name in NETWORKS
                                                         ))])


def wanted_by(port: Callable[..., Any], given: Given) -> list[Wanted]:
    """What a function takes: parameters without a default, and those with one that is an input of ours."""
    try:
        parameters = inspect.signature(port).parameters.values()
    except (TypeError, ValueError):
        return [Wanted(name, None) for name in given.operands]
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return [Wanted(name, None) for name in [*given.operands, *given.options]]
    known = given.operands.keys() | given.options.keys()
    return [Wanted(parameter.name, None) for parameter in parameters
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
            and (parameter.default is parameter.empty or our_name(given.network, parameter.name) in known)]


def _trains(module: TorchModule) -> bool:
    """Whether its norms and dropouts are in training mode, each by its own flag; where there are none of PyTorch's, any
    module that has no other in it. What holds them has a flag as well, which does nothing.
    """
    from torch.nn.modules.batchnorm import _NormBase
    from torch.nn.modules.dropout import _DropoutNd

    modules = [inner for _, inner in module.named_modules()]
    deciding = [inner for inner in modules if isinstance(inner, (_NormBase, _DropoutNd))]
    return any(inner.training for inner in deciding or modules if deciding or not list(inner.children()))


class Port:
    """A port and a run of it; a Program (programs.py), too."""

    def __init__(self, port: Callable[..., Any], given: Given) -> None:
        self.port, self.wanted = port, wanted_by(port, given)

    def results(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        """The arrays that it answers to inputs by name, flattened in order. Raises InputError where it stops."""
        found = RunValues("")
        self._run([feeds[want.name] for want in self.wanted], found)
        if found.stopped:
            raise InputError(found.stopped)
        return [found["output"]] if "output" in found else []

    def values(self, feeds: dict[str, np.ndarray], title: str) -> RunValues:
        """What it keeps and answers; of one that raises, what it kept before."""
        return self.values_of([feeds[want.name] for want in self.wanted], title)

    def values_of(self, inputs: Sequence[object], title: str) -> RunValues:
        """What it keeps and answers, of inputs as they are."""
        found = RunValues(title)
        self._run(inputs, found)
        if found.stopped and not len(found):
            raise InputError(f"{title} stops before anything is computed: {found.stopped.partition(': ')[2]}")
        if not len(found):
            raise InputError(f"{title} returns no real numbers and keeps none", fix='call refvr.keep("name", x) in it')
        return found

    def _run(self, inputs: Sequence[object], found: RunValues) -> None:
        try:
            with self._listening(found) as taken:
                answer = self._call(inputs, found)
        except TracedError:
            raise
        except Exception as error:  # whatever a port raises: what came before is compared
            found.stopped = f"half way, what comes before is compared: {type(error).__name__}: {one_line(error)}"
            return
        if isinstance(answer, Mapping) and answer and all(isinstance(name, str) for name in answer):
            for name, value in answer.items():
                taken(name, value)
            return
        for k, value in enumerate(tensors_of(answer)):
            found.add_result(result_name(k), array(value))

    def _listening(self, found: RunValues) -> AbstractContextManager[Taker]:
        raise NotImplementedError

    def _call(self, inputs: Sequence[object], found: RunValues) -> object:
        raise NotImplementedError


class FunctionPort(Port):
    """A function of NumPy, JAX, TensorFlow ... that calls `keep`."""

    def _run(self, inputs: Sequence[object], found: RunValues) -> None:
        try:
            super()._run(inputs, found)
        except TracedError:   # once more, uncompiled
            jax = sys.modules.get("jax")
            if jax is None:
                raise
            found.notes.append("your function is compiled; to see its values it was run with jax.disable_jit()")
            with jax.disable_jit():
                super()._run(inputs, found)

    @contextmanager
    def _listening(self, found: RunValues) -> Iterator[Taker]:
        def taken(name: str, value: object) -> None:
            found.add(name, array(value), NAMED)

        with keeping(taken):
            yield taken

    def _call(self, inputs: Sequence[object], found: RunValues) -> object:
        return self.port(*inputs)


class ModulePort(Port):
    """A module of PyTorch; hooks see what each of its modules answers, and are gone afterwards."""

    def __init__(self, module: TorchModule, given: Given) -> None:
        import torch

        inner = getattr(module, "_orig_mod", module)
        inner = inner.module if isinstance(inner, torch.nn.DataParallel) else inner
        if isinstance(inner, torch.jit.ScriptModule):
            raise InputError("a module of TorchScript takes no hooks", fix="save it and compare the file")
        self.module, self.notes = inner, []
        if inner is not module:
            self.notes.append(f"of your {type(module).__name__} the module in it was run, which hooks can see")
        if _trains(inner):
            self.notes.append("your module is in training mode: norms use the batch, dropout drops; call eval()")
        super().__init__(inner.forward, given)
        self.port = inner

    @contextmanager
    def _listening(self, found: RunValues) -> Iterator[Taker]:
        found.notes += self.notes

        def taken(name: str, value: object, kinds: str = NAMED) -> None:
            for tensor in tensors_of(value):   # the first has the name of the module, as ours
                found.add(name, array(tensor), kinds)
                break

        def hook(name: str) -> Callable[..., None]:
            return lambda module, inputs, output: taken(name, output, "f")

        handles = [module.register_forward_hook(hook(name)) for name, module in self.module.named_modules() if name]
        try:
            with keeping(taken):
                yield taken
        finally:
            for handle in handles:
                handle.remove()

    def tensors(self, inputs: Sequence[object]) -> list[Any]:
        """The inputs as tensors, where the module is and in its type."""
        import torch

        like = next((value for value in self.module.parameters() if value.is_floating_point()), None)
        tensors: list[Any] = [x if torch.is_tensor(x) else torch.from_numpy(np.array(x)) for x in inputs]
        if like is None:
            return tensors
        return [x.to(like.device, like.dtype) if x.is_floating_point() else x.to(like.device) for x in tensors]

    def _call(self, inputs: Sequence[object], found: RunValues) -> object:
        import torch

        tensors = self.tensors(inputs)
        versions = [x._version for x in tensors]
        with torch.no_grad():
            answer = self.module(*tensors)
        found.notes += [f"your module changes input {k} in place: what it does again with it is another thing"
                        for k, (x, version) in enumerate(zip(tensors, versions)) if x._version != version]
        return answer


def port_of(port: object, given: Given) -> Port:
    """A module or a function. Raises InputError for anything else."""
    if is_module(port):
        return ModulePort(port, given)
    if callable(port):
        return FunctionPort(port, given)
    raise InputError(f"got a port of type {type(port).__name__}, expected a module of PyTorch, a function, a "
                     "dictionary of arrays or the path of a file")
