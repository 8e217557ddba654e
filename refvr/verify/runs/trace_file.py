"""Trace files: every named value of a run in HDF5, written as it is computed, and read back one at a time.

    attributes   refvr_trace 1, complete, layout, dtype, subject (JSON: how to make the same run again)
    inputs/NAME  what the network was given
    NAME         one dataset a value, in order of computation; attributes axes ("n h w c"), index, scope

The file has its final name only when it is complete; what an interruption leaves is NAME.partial.h5, and its attribute
`complete` is 0.
"""
from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from refvr import hdf5
from refvr.errors import InputError
from refvr.media.atomic import PartFile
from refvr.media.quiet import Quiet
from refvr.verify.runs.arrays_in import Arrays, open_arrays
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.tracing import Named, axes_of, in_layout, listen, wanted

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class TraceReport:
    """What was written: the file, names in order with their shapes as stored, bytes of values."""

    path: str
    subject: str
    layout: str
    dtype: str
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    bytes: int


class TraceWriter:
    """Writes values as they come."""

    def __init__(self, path: str | Path, subject: Subject, *, layout: str = "nhwc", dtype: str = "float32") -> None:
        import h5py

        self._part = PartFile(Path(path), str(subject.about.get("input", "")) or None)
        self._file = h5py.File(Quiet(self._part), "w", track_order=True)
        self._layout, self._volume = layout, subject.record.call.volumes
        self._file.attrs.update({"refvr_trace": 1, "complete": 0, "layout": layout, "dtype": dtype,
                                 "subject": json.dumps(subject.about)})
        for name, x in subject.operands.items():
            self._add(f"inputs/{name}", x, "")
        self.names: list[str] = []
        self.shapes: list[tuple[int, ...]] = []
        self.bytes = 0

    def write(self, named: Named, value: np.ndarray) -> None:
        """Append one value."""
        item = self._add(named.name, value, named.scope)
        item.attrs["index"] = len(self.names)
        self.names.append(named.name)
        self.shapes.append(item.shape)
        self.bytes += item.nbytes

    def _add(self, name: str, value: np.ndarray, scope: str) -> Any:
        transposed, axes = in_layout(value, self._layout, self._volume and value.shape[-1] != 3)
        item = self._file.create_dataset(name, transposed.shape, transposed.dtype, chunks=_chunks(transposed))
        for part in _bands(transposed):
            item[part] = transposed[part]
        item.attrs["axes"], item.attrs["scope"] = axes, scope
        self._part.check()
        return item

    def complete(self) -> None:
        """Give the file its final name."""
        self._file.attrs["complete"] = 1
        self._file.close()
        self._part.commit()

    def abandon(self) -> Path | None:
        """Keep what was written, under the name of a partial file; None if there is nothing."""
        self._file.close()
        if self.names and not self._part.error:
            return self._part.keep()
        self._part.discard()
        return None


def _chunks(x: np.ndarray) -> tuple[int, ...] | None:
    """Whole inner axes, so much of the outer ones as makes CHUNK_BYTES."""
    if not x.size or not x.ndim:
        return None
    chunk, room = [], max(1, CHUNK_BYTES // x.itemsize)
    for size in reversed(x.shape):
        chunk.append(max(1, min(size, room)))
        room = room // size if size <= room else 1
    return tuple(reversed(chunk))


def _bands(x: np.ndarray) -> list[tuple[Any, ...]]:
    """Parts along the first two long axes, so that a transposed array is copied a little at a time."""
    if x.ndim < 3:
        return [(...,)]
    step = max(1, 8 * CHUNK_BYTES // max(1, x.itemsize * prod(x.shape[2:])))
    return [(n, slice(k, k + step)) for n in range(x.shape[0]) for k in range(0, x.shape[1], step)]


def write_trace(subject: Subject, path: str | Path, *, only: Sequence[str] = (), every_op: bool = False,
                layout: str = "nhwc", dtype: str = "float32",
                progress: Callable[[int, int | None], None] = lambda done, total: None) -> TraceReport:
    """Run the subject and write every named value that `only` (globs) asks for.

    every_op  also the result of each single operation, "PATH:conv2d"
    Ctrl-C leaves what was written under a name with "partial". Raises InputError where nothing fits `only`.
    """
    writer = TraceWriter(path, subject, layout=layout, dtype=dtype)

    def heard(named: Named, value: np.ndarray) -> None:
        if wanted(named, only):
            writer.write(named, value)
            progress(len(writer.names), None)

    try:
        with listen(heard, operations=every_op):
            subject.run(np.dtype(dtype))
        if not writer.names:
            raise InputError(f"no name of the run fits {', '.join(only)}", fix="`refvr trace MODEL --names` lists them")
        writer.complete()
    except KeyboardInterrupt:
        kept = writer.abandon()
        raise KeyboardInterrupt(f"kept {len(writer.names)} values in {kept}" if kept else "nothing was kept") from None
    except BaseException:
        writer.names.clear()
        writer.abandon()
        raise
    return TraceReport(str(path), subject.title, layout, dtype, tuple(writer.names), tuple(writer.shapes), writer.bytes)


def is_trace(path: str | Path) -> bool:
    """Whether refvr wrote this file as a trace."""
    return _marked(_attributes(path))


def open_trace(path: str | Path) -> tuple[Arrays, dict[str, Any]]:
    """A trace of ours: its values in order of computation (inputs left out), and what its attributes say.

    Raises InputError for any other file.
    """
    attributes = _attributes(path)
    if not _marked(attributes):
        raise InputError(f"{path} is no trace file of refvr", fix="`refvr trace MODEL INPUT -o trace.h5` writes one")
    arrays = open_arrays(path)
    with hdf5.opened(path) as file:
        index = {name: hdf5.attributes(item).get("index") for name, item in hdf5.datasets(file).items()
                 if name in arrays.entries}
    known = {name: int(k) for name, k in index.items() if isinstance(k, (int, np.integer))}
    ordered = {name: arrays.entries[name] for name in sorted(known, key=known.__getitem__)}
    try:
        attributes["subject"] = json.loads(attributes.get("subject", "{}"))
    except (TypeError, ValueError, RecursionError):
        attributes["subject"] = None
    if not isinstance(attributes["subject"], dict):
        raise InputError(f"{path} does not say what it is a trace of", fix="write it again with `refvr trace`")
    return Arrays(Path(path), ordered), attributes


def _marked(attributes: Mapping[str, Any]) -> bool:
    mark = attributes.get("refvr_trace")
    return isinstance(mark, (int, np.integer)) and bool(mark > 0)   # otherwise it is not ours


def _attributes(path: str | Path) -> dict[str, Any]:
    try:
        with hdf5.opened(path) as file:
            return hdf5.attributes(file)
    except InputError:
        return {}


def list_names(subject: Subject) -> list[tuple[str, str, tuple[int, ...]]]:
    """(name, axes, shape) of every named value of a run, in order."""
    found = []
    with listen(lambda named, value: found.append((named.name, axes_of(value.shape), value.shape))):
        subject.run()
    return found
