"""Write a state dict as PyTorch's zip format, without PyTorch: `torch.load(path, weights_only=True)` reads it.

    NAME/data.pkl     a pickle, protocol 2: {name: _rebuild_tensor_v2(storage, 0, sizes, strides, False, OrderedDict())}
    NAME/data/K       elements of storage K, little-endian, beginning at a multiple of 64 bytes
    NAME/version      3

The pickle is put together here, opcode by opcode, since pickling would need PyTorch's classes.
Source: pytorch/pytorch, torch/serialization.py (_save) and caffe2/serialize/inline_container.h.
"""
from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path

import numpy as np

from refvr.errors import OutputError, WeightsError

STORAGES = {"float64": "DoubleStorage", "float32": "FloatStorage", "float16": "HalfStorage", "int64": "LongStorage",
            "int32": "IntStorage", "uint8": "ByteStorage", "int8": "CharStorage", "bool": "BoolStorage"}
ALIGNMENT = 64
DATE = (1980, 1, 1, 0, 0, 0)  # the same weights make the same bytes


def save(path: str | Path, state: Mapping[str, np.ndarray]) -> None:
    """Write `state` in the order and layout given; the file appears under its name only when complete."""
    path = Path(path)
    part = path.with_name(path.name + f".{os.getpid()}.part")
    folder = path.stem
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as file:
            _add(file, f"{folder}/data.pkl", _pickle(state))
            _add(file, f"{folder}/byteorder", b"little")
            for key, array in enumerate(state.values()):
                little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
                _add(file, f"{folder}/data/{key}", little.tobytes())
            _add(file, f"{folder}/version", b"3\n")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error}", fix="check the folder, its permissions and free space"
                          ) from error


def _add(file: zipfile.ZipFile, name: str, data: bytes) -> None:
    """An entry whose bytes begin at a multiple of ALIGNMENT, by means of an extra field of zeros."""
    info = zipfile.ZipInfo(name, DATE)
    begin = file.start_dir + 30 + len(name.encode()) + 4
    fill = -begin % ALIGNMENT
    info.extra = struct.pack("<HH", 0x4246, fill) + b"\0" * fill  # "FB", as PyTorch's own writer does
    file.writestr(info, data)


def _pickle(state: Mapping[str, np.ndarray]) -> bytes:
    return b"".join([b"\x80\x02}(", *_items(state), b"u."])


def _items(state: Mapping[str, np.ndarray]) -> Iterator[bytes]:
    for key, (name, array) in enumerate(state.items()):
        if array.dtype.name not in STORAGES:
            raise WeightsError(f"{name} is of type {array.dtype}; expected one of {', '.join(STORAGES)}")
        strides = tuple(prod(array.shape[k + 1:]) for k in range(array.ndim))
        yield b"".join([
            text_of(name), b"ctorch._utils\n_rebuild_tensor_v2\n(",
            b"(", text_of("storage"), f"ctorch\n{STORAGES[array.dtype.name]}\n".encode(), text_of(str(key)),
            text_of("cpu"), _number(array.size), b"tQ",                         # the persistent id of the storage
            _number(0), tuple_of(array.shape), tuple_of(strides), b"\x89",      # offset, sizes, strides, no gradient
            b"ccollections\nOrderedDict\n)RtR"])                                # no hooks; call _rebuild_tensor_v2


def text_of(text: str) -> bytes:
    """A string as pickle writes it."""
    return b"X" + struct.pack("<I", len(text.encode())) + text.encode()


def _number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value) if value < 1 << 31 else b"\x8a\x08" + struct.pack("<q", value)


def tuple_of(values: tuple[int, ...]) -> bytes:
    """A tuple of integers as pickle writes it."""
    return b"(" + b"".join(map(_number, values)) + b"t"
