"""Files of the safetensors library, read through it (extra `safetensors`); it checks sizes itself and runs nothing."""
from __future__ import annotations

import json
import struct
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from refvr.checkpoints.contents import Contents, LazyArray
from refvr.errors import WeightsError, printable

DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
          "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8",
          "BOOL": "bool"}


def read(path: str | Path) -> Contents:
    """The arrays of the file, and its metadata as others."""
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise WeightsError("this looks like a safetensors file, and the library is not installed",
                           fix="pip install 'refvr[safetensors]'") from None
    try:
        with safe_open(str(path), framework="numpy") as file:
            parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (the object is no mapping)
            arrays = {printable(name): _array(path, name, part) for name, part in parts.items()}
            others = {printable(name): repr(text[:60]) for name, text in (file.metadata() or {}).items()}
    except SafetensorError as error:
        raise WeightsError(f"it cannot be read as a safetensors file: {error}", fix="download or save it again"
                           ) from None
    return Contents("safetensors", {"": arrays}, others)


def _array(path: str | Path, name: str, part: Any) -> LazyArray:
    kind = part.get_dtype()
    if kind not in DTYPES:
        raise WeightsError(f"{name} is of type {kind}; expected one of {', '.join(DTYPES)}")
    return LazyArray(tuple(part.get_shape()), DTYPES[kind], partial(_read, path, name, DTYPES[kind]))


def _read(path: str | Path, name: str, dtype: str) -> np.ndarray:
    from safetensors import safe_open

    if dtype == "bfloat16":
        return _bfloat16(path, name)
    with safe_open(str(path), framework="numpy") as file:
        return file.get_tensor(name)


def _bfloat16(path: str | Path, name: str) -> np.ndarray:
    """As float32. NumPy has no such type and the library then gives nothing; it has checked the header by now."""
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        entry = json.loads(file.read(length))[name]
        begin, end = entry["data_offsets"]
        file.seek(8 + length + begin)
        bits = np.frombuffer(file.read(end - begin), "<u2")
    return (bits.astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])
