"""Values of PyTorch, JAX, TensorFlow and others as arrays of NumPy."""
from __future__ import annotations

from typing import Any

import numpy as np

from refvr.errors import InputError


class TracedError(InputError):
    """A value that has no numbers yet: its function is being compiled."""


def array(value: object) -> np.ndarray:
    """A copy of a tensor in its own type, or float32 where NumPy has none like it (bfloat16).

    Raises TracedError for a value of a function that is being compiled.
    """
    if hasattr(value, "detach"):
        tensor = value.detach()
        value = (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).cpu().numpy()
    if hasattr(value, "numpy") and not isinstance(value, np.ndarray) and callable(value.numpy):
        value = value.numpy()
    try:
        found = np.array(value)
    except Exception as error:  # JAX, TensorFlow and MLX have no common class
        why = " ".join(str(error).split())[:200]
        raise TracedError(f"got a value of type {type(value).__name__} without numbers: {why}",
                          fix="compare a function that is not compiled") from error
    return found.astype(np.float32) if found.dtype.kind == "V" else found


def tensors_of(answer: object) -> list[Any]:
    """The tensors of an answer, however they are nested, in order."""
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, (list, tuple)):
        return [tensor for part in answer for tensor in tensors_of(part)]
    return [answer] if hasattr(answer, "shape") and hasattr(answer, "dtype") else []


def result_name(k: int) -> str:
    """What the k-th result of a port is called."""
    return ("output", "output_state")[k] if k < 2 else f"output_{k}"
