"""What a file of weights holds: groups of named arrays that are not read yet, and a word on everything else.

A state dict nested in a dictionary becomes a group named by the keys that lead to it: "params", "state_dict",
"optimizer.state.0"; a bare one is the group "". A pickled module, or one of TorchScript, is a group too, with the names
its state dict had.
"""
from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any, Protocol, TypeAlias, TypeGuard

import numpy as np

from refvr.errors import printable

Mapped: TypeAlias = "bytes | mmap.mmap"  # a file, or a pickle out of one

DEPTH, VALUES, TEXT, NAME = 40, 200_000, 8 << 20, 300  # what is beyond is left out, and said so
SCRIPT = "__torch__."  # what names of TorchScript's own classes begin with
ITEM_BYTES = {"bfloat16": 2}


@dataclass(frozen=True, slots=True)
class LazyArray:
    """An array in a file.

    dtype   as stored: a name of NumPy, or "bfloat16"
    read    the array, in native byte order; bfloat16 comes as float32. May be a view of the mapped file
    refusal why it cannot be read, "" if it can; `read` raises WeightsError then
    """

    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], np.ndarray] = field(repr=False)
    refusal: str = ""

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes as stored."""
        return self.size * (ITEM_BYTES.get(self.dtype) or (0 if self.refusal else np.dtype(self.dtype).itemsize))


@dataclass
class Contents:
    """All that a reader found.

    format  "PyTorch, zip", "HDF5" ...
    groups  group -> name -> array
    others  path -> one line about a value that is no array
    Names and lines are printable, whatever the file has there.
    globals of the pickle that are no part of the closed list; none was imported
    notes   what a user should know, one line each
    """

    format: str
    groups: dict[str, dict[str, LazyArray]] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    globals: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


class Inert:
    """A value whose class is unknown here: its name and what the file says about it. Nothing can be done with it.

    args   arguments it would have been made with, or None for the bare class or function
    state  what its attributes would have been set from; items: what it would have held as a list or dictionary
    """

    __slots__ = ("name", "args", "state", "items")

    def __init__(self, name: str, args: object = None) -> None:
        self.name, self.args = name, args
        self.state: object = None
        self.items: object = None


def sort_into(contents: Contents, tree: object) -> Contents:
    """Walk nested containers and fill groups and others. Shared containers are walked once, cycles therefore too."""
    budget, seen, deep = _Budget(), set(), 0
    stack: list[tuple[str, Iterator[tuple[str, object]]]] = [("", iter([("", tree)]))]  # a depth-first walk
    while stack:
        prefix, parts = stack[-1]
        name, value = next(parts, (None, None))
        if name is None:
            stack.pop()
            continue
        path = f"{prefix}.{name}" if prefix else name
        if not budget.allows(path):
            continue
        if isinstance(value, LazyArray):
            contents.groups.setdefault(prefix, {})[name or "tensor"] = value
        elif not isinstance(value, (dict, list, tuple, Inert)) or _is_plain(value):
            contents.others[path] = _short(value)
        elif id(value) not in seen and len(stack) > DEPTH:
            deep += 1
        elif id(value) not in seen:
            seen.add(id(value))
            if _is_script(value):
                contents.groups[path] = dict(_of_script(value, budget))
                continue
            if _is_module(value):
                contents.groups[path] = dict(_of_module(value, budget))
            if isinstance(value, Inert):
                contents.others[path] = _short(value)
            stack.append((path, _parts(value)))
    if deep:
        contents.notes.append(f"{deep} values nested deeper than {DEPTH} levels were left out")
    if budget.refused:
        contents.notes.append(f"{budget.refused} values were left out: there are too many")
    return contents


class _Budget:
    """How many values, and how much text of names, one file may take."""

    def __init__(self) -> None:
        self.values, self.text, self.refused = VALUES, TEXT, 0

    def allows(self, name: str) -> bool:
        self.values, self.text = self.values - 1, self.text - len(name)
        allowed = self.values >= 0 and self.text >= 0
        self.refused += not allowed
        return allowed


def _name(key: object) -> str:
    text = str(key)
    return printable(text if len(text) <= NAME else text[:NAME] + "...")


def _parts(value: dict | list | tuple | Inert) -> Iterator[tuple[str, object]]:
    """(name, value) of everything directly inside."""
    if isinstance(value, dict):
        yield from ((_name(key), part) for key, part in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((str(k), part) for k, part in enumerate(value))
    elif _is_module(value):
        yield from ((_name(key), part) for key, part in value.state.items() if not str(key).startswith("_"))
    else:
        for held in (value.args, value.items, value.state):
            if isinstance(held, (dict, list, tuple)):
                yield from _parts(held)
            elif held is not None:
                yield "value", held


def _is_plain(value: dict | list | tuple | Inert) -> bool:
    """Whether one line describes a container: it is empty, or a run of numbers and texts."""
    if isinstance(value, Inert):
        return value.args is None and value.state is None and value.items is None
    if isinstance(value, dict):
        return not value
    return all(isinstance(part, (int, float, str, type(None))) for part in value)


class _Stateful(Protocol):
    """An inert value whose attributes are known by name; of a module, "_modules" is a dictionary too."""

    state: dict[str, Any]


def _is_module(value: object) -> TypeGuard[_Stateful]:
    state = value.state if isinstance(value, Inert) else None
    return isinstance(state, dict) and isinstance(state.get("_modules"), dict) \
        and isinstance(state.get("_parameters"), dict)


def _is_script(value: object) -> TypeGuard[_Stateful]:
    return isinstance(value, Inert) and value.name.startswith(SCRIPT) and isinstance(value.state, dict)


def _of_script(module: _Stateful, budget: _Budget) -> Iterator[tuple[str, LazyArray]]:
    """Arrays of a TorchScript module, whose parameters, buffers and parts are all its attributes."""
    todo, seen = [("", module, 0)], set()
    while todo:
        path, at, depth = todo.pop()
        if id(at) in seen or depth > DEPTH:
            continue
        seen.add(id(at))
        parts = []
        for key, value in at.state.items():
            full = f"{path}{_name(key)}"
            if isinstance(value, LazyArray) and budget.allows(full):
                yield full, value
            elif _is_script(value) and budget.allows(full):
                parts.append((f"{full}.", value, depth + 1))
        todo += reversed(parts)


def _of_module(module: _Stateful, budget: _Budget) -> Iterator[tuple[str, LazyArray]]:
    """Arrays of a pickled torch.nn.Module under the names of its state dict."""
    todo: list[tuple[str, object, int]] = [("", module, 0)]
    seen: set[int] = set()
    while todo:
        path, at, depth = todo.pop()
        if not _is_module(at) or id(at) in seen or depth > DEPTH:
            continue
        seen.add(id(at))
        for kind in ("_parameters", "_buffers"):
            held = at.state.get(kind)
            for name, value in held.items() if isinstance(held, dict) else ():
                if isinstance(value, LazyArray) and budget.allows(full := f"{path}{_name(name)}"):
                    yield full, value
        todo += [(f"{path}{_name(name)}.", part, depth + 1) for name, part in reversed(at.state["_modules"].items())
                 if budget.allows(path)]


def _short(value: object) -> str:
    """One line about a plain value, a function or a short run of such."""
    if isinstance(value, Inert):
        return f"{printable(value.name)}, not imported"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, str):
        return repr(value[:60]) + ("..." if len(value) > 60 else "")
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_short(part) for part in value[:6])}{', ...' if len(value) > 6 else ''}]"
    return "{}" if isinstance(value, dict) else repr(value) if isinstance(value, (int, float, type(None))) \
        else type(value).__name__
