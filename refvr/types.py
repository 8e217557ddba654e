"""Words of signatures.

    Array    what operations and networks take and give: an ndarray, a Tensor on the tape, or a value of a graph that is
             not there yet. Whoever computes with NumPy itself says np.ndarray: there it is one.
    Floats   an ndarray of float32 or float64
    Shape    lengths of axes
    DType    what NumPy takes for one: np.float32, "float64"
    Config   what a network was built with: base of the dataclass `Config` beside its class
    Options  options of a call by name, on their way to the function that takes them

mypy reads them (docs/developing.md); nothing runs here.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
Shape: TypeAlias = tuple[int, ...]
DType: TypeAlias = DTypeLike
Options: TypeAlias = Mapping[str, Any]


class Array(Protocol):
    """Values with a shape, a float type, and + - * [] of their own."""

    @property
    def shape(self) -> Shape:
        """Lengths of the axes."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64, the same for all operands of a call."""

    @property
    def ndim(self) -> int:
        """Number of axes."""

    @property
    def size(self) -> int:
        """Number of elements."""

    def __getitem__(self, index: Any, /) -> Any:
        """A part; the index may be a slice, a number, an Ellipsis or several of them."""

    def __add__(self, other: Any, /) -> Any:
        """Element by element."""

    def __sub__(self, other: Any, /) -> Any:
        """Element by element."""

    def __mul__(self, other: Any, /) -> Any:
        """Element by element."""

    def __rsub__(self, other: Any, /) -> Any:
        """Element by element."""

    def __radd__(self, other: Any, /) -> Any:
        """Element by element."""

    def __rmul__(self, other: Any, /) -> Any:
        """Element by element."""


class Config:
    """Base of what networks are built with, frozen dataclasses; which fields one has, the page of its network says."""

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Any]]

        def __getattr__(self, name: str) -> Any:
            """A field, for code that serves several networks."""
