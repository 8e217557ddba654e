"""Reverse-mode differentiation: a tape that records what operations did to Tensors. It knows no operation itself."""
from refvr.autodiff.check import gradcheck
from refvr.autodiff.tape import Tensor, array_of, backward, record

__all__ = ["Tensor", "array_of", "backward", "gradcheck", "record"]
