"""The closed list: what the names in a PyTorch pickle stand for here.

A tensor is a storage (a run of elements of one type in the file), an offset, sizes and strides. Nothing is read while
the pickle is interpreted; sizes are checked against the file before anything is allocated. Elements are little-endian,
except in zip files that say otherwise. Sources: pytorch/pytorch, torch/_utils.py (_rebuild_*), torch/serialization.py.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Literal, NoReturn

import numpy as np

from refvr.checkpoints.contents import Inert, LazyArray, Mapped
from refvr.checkpoints.pickled import Known, dictionary
from refvr.errors import WeightsError

# Name of a storage class and of a dtype in PyTorch -> type of its elements.
STORAGES = {"DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "LongStorage": "int64",
            "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8",
            "BoolStorage": "bool", "BFloat16Storage": "bfloat16", "ComplexFloatStorage": "complex64",
            "ComplexDoubleStorage": "complex128", "UntypedStorage": "uint8"}
DTYPES = {"float64": "float64", "double": "float64", "float32": "float32", "float": "float32", "float16": "float16",
          "half": "float16", "bfloat16": "bfloat16", "int64": "int64", "long": "int64", "int32": "int32",
          "int": "int32", "int16": "int16", "short": "int16", "int8": "int8", "uint8": "uint8", "uint16": "uint16",
          "uint32": "uint32", "uint64": "uint64", "bool": "bool", "complex64": "complex64",
          "complex128": "complex128"}
QUANTISED = ("QUInt8Storage", "QInt8Storage", "QInt32Storage", "QUInt4x2Storage", "QUInt2x4Storage")
ByteOrder = Literal["<", ">", "="]

RAW = {"bfloat16": "uint16"}  # what NumPy has not is read as its bits
LARGEST = 1 << 48  # values; what a dimension, or a product of them, may be at most
SMALL = 1 << 16  # values that a tensor may repeat beyond what its storage holds


@dataclass
class Storage:
    """A run of `count` elements in the file.

    data, at  the mapped file and the byte where they begin, once that is known
    root      the storage whose bytes these are, from its number `at` on, for parts and other readings of it
    check     raises WeightsError when the bytes are damaged
    """

    dtype: str
    count: int
    data: Mapped | None = None
    at: int = 0
    order: ByteOrder = "<"
    root: Storage | None = None
    check: Callable[[], None] = lambda: None

    @property
    def itemsize(self) -> int:
        """Bytes of a number; 1 for quantised ones, which are never read."""
        return 1 if self.dtype in QUANTISED else np.dtype(RAW.get(self.dtype, self.dtype)).itemsize

    def elements(self, start: int, count: int) -> np.ndarray:
        """Elements `start` .. `start + count - 1`, as they lie in the file."""
        data, at, order = self._place()
        dtype = np.dtype(RAW.get(self.dtype, self.dtype)).newbyteorder(order)
        return np.frombuffer(data, dtype, count, at + start * self.itemsize)

    def _place(self) -> tuple[Mapped, int, ByteOrder]:
        if self.root is not None:
            data, at, order = self.root._place()
            return data, at + self.at * self.root.itemsize, order
        if self.data is None:
            raise WeightsError("the file names a storage and does not hold it", fix="download or save it again")
        self.check()
        return self.data, self.at, self.order


def storage_type(value: object) -> str:
    """The type of the elements of a storage class such as torch.FloatStorage."""
    name = value.name.rpartition(".")[2] if isinstance(value, Inert) else ""
    if name in QUANTISED:
        return name
    if name not in STORAGES:
        raise ValueError(f"a storage of the unknown type {name[:60]!r}")
    return STORAGES[name]


def count_of(value: object) -> int:
    """A size, an offset or a number of values."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LARGEST:
        raise ValueError(f"{str(value)[:40] if isinstance(value, int) else type(value).__name__} where a size or an "
                         "offset should stand")
    return value


def tensor(storage: object, offset: object, shape: object, stride: object, grad: object = False, hooks: object = None,
           metadata: object = None, *_: object) -> LazyArray:
    """torch._utils._rebuild_tensor and _rebuild_tensor_v2; `metadata` has the bits "neg" and "conj" of lazy views."""
    bits = {name for name in ("neg", "conj") if isinstance(metadata, dict) and metadata.get(name)}
    if bits and isinstance(storage, Storage) and storage.dtype == "bool":
        raise ValueError("truth values that are to be negated")
    if not isinstance(storage, Storage) or not isinstance(shape, tuple) or not isinstance(stride, tuple):
        raise ValueError("a tensor without storage, sizes or strides")
    sizes, strides = tuple(map(count_of, shape)), tuple(map(count_of, stride))
    offset, values = count_of(offset), prod(sizes)
    if len(sizes) != len(strides) or len(sizes) > 32 or prod(size for size in sizes if size) >= LARGEST:
        raise ValueError(f"a tensor of {len(sizes)} sizes, {len(strides)} strides, {values} values")
    reach = 1 + sum((size - 1) * step for size, step in zip(sizes, strides)) if values else 0
    if offset + reach > storage.count:
        raise ValueError(f"a tensor reaches to value {offset + reach} of a storage of {storage.count}")
    if values > max(storage.count, SMALL):
        raise ValueError(f"a tensor of {values} values repeats a storage of {storage.count}")
    if storage.dtype in QUANTISED:
        return _quantised(storage.dtype, sizes)

    def read() -> np.ndarray:
        flat = storage.elements(offset, reach)
        if not values:
            flat = np.empty(sizes, flat.dtype)
        elif values == reach and strides == _contiguous(sizes):
            flat = flat.reshape(sizes)
        else:
            steps = [step * flat.itemsize for step in strides]
            flat = np.ascontiguousarray(np.lib.stride_tricks.as_strided(flat, sizes, steps)).reshape(sizes)
        array = widened(flat, storage.dtype)
        array = array.conj() if "conj" in bits else array
        return -array if "neg" in bits else array

    return LazyArray(sizes, storage.dtype, read)


def widened(array: np.ndarray, dtype: str) -> np.ndarray:
    """In native byte order; the bits of bfloat16 as float32, whose upper half they are."""
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    return (array.astype(np.uint32) << 16).view(np.float32) if dtype == "bfloat16" else array


def _contiguous(sizes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(prod(sizes[k + 1:]) for k in range(len(sizes)))


def _quantised(name: str, sizes: tuple[int, ...]) -> LazyArray:
    refusal = f"quantised ({name}): only its authors know what was lost; save the weights before quantisation"

    def read() -> np.ndarray:
        raise WeightsError(f"a tensor is {refusal}")

    return LazyArray(sizes, name, read, refusal)


def _quantised_tensor(storage: object, offset: object, shape: object, *_: object) -> LazyArray:
    if not isinstance(storage, Storage) or not isinstance(shape, tuple):
        raise ValueError("a quantised tensor without storage or sizes")
    return _quantised(storage.dtype, tuple(map(count_of, shape)))


def _tensor_v3(storage: object, offset: object, shape: object, stride: object, grad: object, hooks: object,
               dtype: object, *more: object) -> LazyArray:
    """Types that have no storage class: the storage is bytes, `dtype` says what they are."""
    name = dtype.name.removeprefix("torch.") if isinstance(dtype, Inert) else ""
    if name not in DTYPES or not isinstance(storage, Storage):
        raise ValueError(f"a tensor of the unsupported type {name[:60]!r}")
    typed = Storage(DTYPES[name], 0, root=storage)
    if storage.itemsize != 1:
        raise ValueError("the bytes of a tensor lie in a storage of larger elements")
    typed.count = storage.count // typed.itemsize
    return tensor(typed, offset, shape, stride, grad, hooks, *more[:1])


def _parameter(data: object, *_: object) -> object:
    return data


def _subclass(function: object, cls: object, args: object, *_: object) -> object:
    """torch._tensor._rebuild_from_type_v2: a tensor with attributes, which are left out."""
    rebuild = REBUILD.get(function.name) if isinstance(function, Inert) else None
    return rebuild(*args) if rebuild and isinstance(args, tuple) else Inert(getattr(function, "name", "?"), args)


REBUILD: dict[str, Callable[..., object]] = {
    "torch._utils._rebuild_tensor": tensor, "torch._utils._rebuild_tensor_v2": tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3, "torch._utils._rebuild_qtensor": _quantised_tensor,
    "torch._utils._rebuild_parameter": _parameter, "torch._utils._rebuild_parameter_with_state": _parameter,
}


class Dtype:
    """numpy.dtype of a scalar: its code, and its byte order once BUILD has said it."""

    def __init__(self, code: str, *_: object) -> None:
        if code not in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"):
            raise ValueError(f"a number of the unsupported type {str(code)[:20]!r}")
        self.code, self.order = code, "="

    def take_state(self, state: object) -> None:
        """The state of numpy.dtype: (version, byte order, ...)."""
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
            raise ValueError("a number without byte order")
        self.order = state[1]


def _scalar(dtype: object, data: object) -> bool | int | float:
    if not isinstance(dtype, Dtype) or not isinstance(data, bytes) or len(data) != int(dtype.code[1]):
        raise ValueError("a NumPy number without type or value")
    return np.frombuffer(data, dtype.order + dtype.code)[0].item()


def _encode(text: object, encoding: object = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise ValueError("a text in an unexpected encoding")
    return text.encode("latin-1")


def _mapping(pairs: object = (), *_: object) -> dict[object, object]:
    if isinstance(pairs, dict):
        return pairs
    if not isinstance(pairs, (list, tuple)) or not all(isinstance(p, (list, tuple)) and len(p) == 2 for p in pairs):
        raise ValueError("an ordered dictionary made of something else than pairs")
    return dictionary(pairs)


def _sequence(values: object = ()) -> list[object]:
    if not isinstance(values, (list, tuple)):
        raise ValueError("a set or a list made of something else than values")
    return list(values)


def _only_a_name(*_: object) -> NoReturn:
    raise ValueError("a type is called")


KNOWN: Known = {
    **REBUILD, "torch._tensor._rebuild_from_type_v2": _subclass,
    "torch.Size": lambda sizes=(): tuple(_sequence(sizes)),
    "collections.OrderedDict": _mapping, "builtins.dict": _mapping, "__builtin__.dict": _mapping,
    "collections.defaultdict": lambda *_: {},
    "builtins.set": _sequence, "__builtin__.set": _sequence, "builtins.list": _sequence,
    "_codecs.encode": _encode, "numpy.dtype": Dtype,
    "numpy.core.multiarray.scalar": _scalar, "numpy._core.multiarray.scalar": _scalar,
    **{f"{module}.{name}": _only_a_name for name in (*STORAGES, *QUANTISED) for module in
       ("torch", "torch.cuda", "torch.storage")},
    **{f"torch.{name}": _only_a_name for name in DTYPES},
}
