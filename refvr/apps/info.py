"""What a file is, or what refvr runs on, as plain values for people and programs."""
from __future__ import annotations

import os
import platform
import sys
from dataclasses import fields
from importlib import metadata
from pathlib import Path
from typing import Any

from refvr import __version__

LIBRARIES = ("numpy", "numba", "scipy", "pillow", "tifffile", "av", "h5py", "rich")
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


def facts(path: str | Path | None = None) -> dict[str, Any]:
    """Facts about a clip, a folder of images or a weight file; None: versions and the machine.

    Raises InputError for what is none of these.
    """
    if path is None:
        return _machine()
    state = _weights(path)
    return state if state is not None else _clip(path)


def _clip(path: str | Path) -> dict[str, Any]:
    from refvr.media import open_reader

    with open_reader(path) as reader:
        info = reader.info
        known = {field.name: getattr(info, field.name) for field in fields(info)}
        known["colour"] = info.colour and {f.name: getattr(info.colour, f.name) for f in fields(info.colour)}
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in known.items()
                 if value not in (None, (), {}, False)}
        plain |= {name: str(plain[name]) for name in ("fps", "time_base", "pixel_aspect") if name in plain}
        return plain | ({"warnings": list(reader.warnings)} if reader.warnings else {})


def _weights(path: str | Path) -> dict[str, Any] | None:
    """Facts about a weight file, or None for anything else (an HDF5 file may be a clip)."""
    try:
        with open(path, "rb") as file:
            if file.read(len(HDF5_MAGIC)) != HDF5_MAGIC:
                return None
    except OSError:
        return None  # a folder, a glob or nothing at all: the reader of clips knows what to say
    from refvr.checkpoints import h5
    from refvr.errors import WeightsError

    try:
        state, attributes = h5.load(path)
    except WeightsError:
        return None
    values = sum(array.size for array in state.values())
    return {"weights": str(path), **attributes, "arrays": len(state), "values": values}


def _machine() -> dict[str, Any]:
    from refvr import ops
    from refvr.ops.core.jit import kernel_cache

    return {"refvr": __version__, "python": platform.python_version(),
            **{name: metadata.version(name) for name in LIBRARIES},
            "platform": platform.platform(), "processor": _processor(), "cores": os.cpu_count() or 1,
            "threads": ops.thread_count(), "kernels": str(kernel_cache() or "not kept"), "executable": sys.executable}


def _processor() -> str:
    """The name of the CPU as the system gives it, with its vector instructions."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    vector = [name for name in ("avx2", "fma", "avx512f", "neon", "sve") if features.get(name)]
    return f"{llvm.get_host_cpu_name()} ({', '.join(vector) or 'no vector instructions known'})"
