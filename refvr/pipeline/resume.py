"""What makes it right to go on with an unfinished output, and what a recurrent network left beside it.

An output is continued when all of this is as it was: the version of refvr, the input, the network with its weights, and
every option that the frames depend on. The number of threads does not matter: it changes no bits.
"""
from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterable
from glob import glob
from pathlib import Path
from typing import Any

import numpy as np

import refvr
from refvr.media.atomic import write_bytes
from refvr.media.writer import Writer
from refvr.nn.module import Module
from refvr.pipeline.carry import Carry
from refvr.types import Options

STATE_EVERY_S = 20.0   # what a recurrent network carries is large
_WHOLE = 1 << 28       # bytes of a file that are all read to recognise it; of a larger one samples
_SAMPLE, _SAMPLES = 1 << 20, 64
_ROOMS = ("ops", "nn", "networks", "pipeline", "shots")   # whose code decides about pixels


def about(source: str | Path, net: Module, model: str, options: Options) -> dict[str, Any]:
    """All that the frames depend on, as text and numbers, by the name that a message would use."""
    return {"version": version(), "input": recognise(source), "model": model, "weights": weights_of(net), **options}


def recognise(source: str | Path) -> str:
    """What tells an input from others: its size and contents; of files above 256 MB samples, and when it was changed.

    Of a folder or a glob of images: their names, sizes, and when they were changed.
    """
    path = Path(source)
    if not path.is_file():
        files = path.iterdir() if path.is_dir() else map(Path, glob(str(source)))
        return _hash(str((p.name, p.stat().st_size, p.stat().st_mtime_ns)).encode() for p in sorted(files))
    status = path.stat()
    with path.open("rb") as file:
        if status.st_size <= _WHOLE:
            return _hash(iter(lambda: file.read(_SAMPLE), b""))
        places = [k * (status.st_size - _SAMPLE) // (_SAMPLES - 1) for k in range(_SAMPLES)]
        head = str((status.st_size, status.st_mtime_ns)).encode()
        return _hash([head, *(file.read(_SAMPLE) for place in places if file.seek(place) >= 0)])


def weights_of(net: Module) -> str:
    """A hash of all parameters."""
    return _hash(part for name, array in sorted(net.state().items())
                 for part in (name.encode(), np.ascontiguousarray(array).tobytes()))


def version() -> str:
    """The version and a hash of the code that computes: a changed copy of a repository has other frames, too."""
    root = Path(refvr.__file__).parent
    code = _hash(file.read_bytes() for room in _ROOMS for file in sorted((root / room).rglob("*.py")))
    return f"{refvr.__version__} {code}"


def _hash(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:16]


class States:
    """What a recurrent network carries, kept in the part folder now and then, for the last two moments."""

    def __init__(self, writer: Writer) -> None:
        self._writer, self._last = writer, time.monotonic()

    def newest(self, frames: int) -> tuple[int, Carry]:
        """(frames that were done then, what was carried); (0, nothing) where there is none for up to `frames`."""
        for path in reversed(self._files()):
            done = int(path.stem.split("-")[1])
            if done <= frames:
                try:
                    with np.load(path, allow_pickle=False) as arrays:
                        return done, Carry(dict(arrays))
                except (OSError, ValueError, KeyError):
                    continue
        return 0, Carry()

    def keep(self, carry: Carry) -> None:
        """Keep it, if the last time is long ago. The frames before it are on the disk first."""
        if carry.take is None or self._writer.part is None or time.monotonic() - self._last < STATE_EVERY_S:
            return
        data, arrays = io.BytesIO(), dict[str, Any](carry.take())
        np.savez(data, **arrays)
        self._writer.sync()
        write_bytes(self._writer.part.file(f"state-{self._writer.written:09d}.npz"), data.getvalue())
        for old in self._files()[:-2]:
            old.unlink(missing_ok=True)
        self._last = time.monotonic()

    def _files(self) -> list[Path]:
        return self._writer.part.names("state-", ".npz") if self._writer.part else []
