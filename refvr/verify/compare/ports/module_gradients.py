"""What a module of PyTorch computes backward: gradients of its modules' results, its inputs and parameters."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from refvr.checkpoints.releases import of_network
from refvr.errors import InputError
from refvr.verify.compare.gradients import Gradients
from refvr.verify.compare.ports.callables import ModulePort
from refvr.verify.compare.ports.onnx_graph import one_line
from refvr.verify.compare.ports.values import RunValues
from refvr.verify.runs.as_array import array, tensors_of
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.operands import operands_of


def gradients_of(port: ModulePort, subject: Subject, inputs: Sequence[Any]) -> Gradients:
    """Run it forward and backward once; `.grad` of nothing is touched, and hooks are gone afterwards.

    Raises InputError for a port that stops on the way.
    """
    import torch

    module = port.module
    tensors = [x.detach().clone().requires_grad_(x.is_floating_point()) for x in port.tensors(inputs)]
    wanted = [x for x in tensors if x.requires_grad]
    parameters = {name: value for name, value in module.named_parameters() if value.requires_grad}
    names = RunValues("")
    found: dict[str, np.ndarray] = {}

    def hook(name: str) -> Callable[..., None]:
        def seen(_: object, __: object, output: object) -> None:
            tensor = next(iter(tensors_of(output)), None)
            if tensor is not None and tensor.is_floating_point():
                called = names.add(name, array(tensor))
                if tensor.requires_grad:
                    tensor.register_hook(lambda gradient: found.__setitem__(called, array(gradient)))
        return seen

    handles = [part.register_forward_hook(hook(name)) for name, part in module.named_modules() if name]
    try:
        with torch.enable_grad():
            output = tensors_of(module(*tensors))[0]
            seed = np.random.default_rng(0).standard_normal(tuple(output.shape))
            answers = torch.autograd.grad(output, [*wanted, *parameters.values()],
                                          torch.from_numpy(seed).to(output), allow_unused=True)
    except Exception as error:  # whatever a port raises
        raise InputError(f"your module stops on the way back: {type(error).__name__}: {one_line(error)}") from error
    finally:
        for handle in handles:
            handle.remove()
    there = [np.zeros(tuple(x.shape), np.float32) if answer is None else array(answer)
             for answer, x in zip(answers, [*wanted, *parameters.values()])]
    found["output"] = seed.astype(array(output).dtype)
    of_inputs = [there[k] for k in range(len(wanted))]
    return Gradients(found, operands_of(subject.net, of_inputs)[0],
                     _ours(subject, module, dict(zip(parameters, there[len(wanted):]))), found["output"])


def _ours(subject: Subject, module: Any, gradients: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Gradients of parameters under our names and in our layout; none where the names are not official ones."""
    state = {name: array(value) for name, value in module.state_dict().items()}
    ours = subject.net.state()
    for release in of_network(subject.network):
        try:
            converted = release.forth({name: gradients.get(name, value) for name, value in state.items()
                                    if not release.ignored.match(name)})
            marked = release.forth({name: np.full(value.shape, float(name in gradients))
                                    for name, value in state.items() if not release.ignored.match(name)})
        except Exception:  # names of another release, or of none
            continue
        if all(name in ours and converted[name].shape == ours[name].shape for name in converted):
            return {name: value for name, value in converted.items() if np.all(marked[name])}
    return {}
