"""Files that PyTorch wrote with torch.save, read without PyTorch and without executing anything.

    zip      since 1.6: NAME/data.pkl, a pickle that refers to storages by key; NAME/data/KEY, their elements;
             NAME/byteorder. Entries are stored, not packed, so they are mapped
    legacy   until 1.5, and on request later: five pickles (magic number, protocol, facts about the machine, the object,
             the keys of the storages), then for each key a count in 64 bits and the elements. Little-endian, whatever
             the machine was: bytes were swapped when written
    tar      before 0.1.10: pth_tar.py

Source: pytorch/pytorch, torch/serialization.py and torch/csrc/serialization.cpp.
"""
from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from refvr.checkpoints import zip_entries
from refvr.checkpoints.contents import SCRIPT, Contents, Mapped, sort_into
from refvr.checkpoints.pickled import BYTES, interpret
from refvr.checkpoints.pth_objects import KNOWN, ByteOrder, Storage, count_of, storage_type
from refvr.checkpoints.zip_entries import STORED, Entry
from refvr.errors import WeightsError

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
FEW = 200  # opcodes of a pickle of a few numbers and texts
NO_TENSORS = "no tensor is in this file"


def read_zip(data: Mapped, entries: dict[str, Entry]) -> Contents:
    """The checkpoint in the zip file `data` (bytes or a memory map) with that directory."""
    pickles = [name for name in entries if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise WeightsError(f"a zip file with {len(pickles)} files data.pkl; a file by torch.save has one",
                           fix="expected a file written by torch.save, numpy.savez or refvr")
    folder = pickles[0].removesuffix("data.pkl")
    order: ByteOrder = _order(data, entries.get(f"{folder}byteorder"))
    storages: dict[str, Storage] = {}

    def storage(pid: object) -> Storage:
        dtype, key, count, view = _reference(pid)
        if key not in storages:
            entry = entries.get(f"{folder}data/{key}")
            if entry is None:
                raise ValueError(f"the elements of storage {key[:40]!r} are missing")
            storages[key] = found = Storage(dtype, count, data, entry.at, order, check=_checked(data, entry))
            if entry.method != STORED:
                raise WeightsError("its tensors are packed (deflated), which torch.save never does: the file was "
                                   "unpacked and packed again",
                                   fix="unpack it and pack it with zip -0 -r, or download it again")
            if entry.size != count * found.itemsize:
                raise ValueError(f"storage {key[:40]!r} should be {count} values of {dtype}, and is {entry.size} bytes")
        return _agreeing(storages[key], dtype, count, view)

    text = zip_entries.unpacked(data, entries[pickles[0]], BYTES)
    tree, _, inert = interpret(text, known=KNOWN, persistent=storage)
    own = [name for name in inert if name.startswith(SCRIPT)]  # classes that the archive itself defines, as text
    contents = Contents("PyTorch, TorchScript" if own else "PyTorch, zip",
                        globals=tuple(name for name in inert if name not in own))
    if order == ">":
        contents.notes.append("written on a big-endian machine")
    return _with_tensors(sort_into(contents, tree))


def read_legacy(data: Mapped) -> Contents:
    """The checkpoint that begins with the pickle of PyTorch's magic number."""
    magic, at, inert = interpret(data, known=KNOWN)
    if type(magic) is not int or magic != MAGIC:
        raise WeightsError("a pickle, but not one by torch.save" + _named(inert),
                           fix="save the state dict with torch.save, or as .safetensors or .npz")
    protocol, at, _ = interpret(data, at, known=KNOWN, steps=FEW)
    if protocol != PROTOCOL:
        raise WeightsError(f"a PyTorch file of protocol {str(protocol)[:20]}; expected {PROTOCOL}")
    machine, at, _ = interpret(data, at, known=KNOWN, steps=FEW)
    storages: dict[str, Storage] = {}

    def storage(pid: object) -> object:
        if isinstance(pid, tuple) and len(pid) >= 2 and pid[0] == "module":
            return pid[1]  # a class with its source code, which is of no use here
        dtype, key, count, view = _reference(pid)
        return _agreeing(storages.setdefault(key, Storage(dtype, count)), dtype, count, view)

    tree, at, inert = interpret(data, at, known=KNOWN, persistent=storage)
    keys, at, _ = interpret(data, at, known=KNOWN)
    _place(data, at, keys, storages)
    contents = Contents("PyTorch, legacy", globals=inert)
    if isinstance(machine, dict) and machine.get("little_endian") is False:
        contents.notes.append("written on a big-endian machine")
    return _with_tensors(sort_into(contents, tree))


def _place(data: Mapped, at: int, keys: object, storages: dict[str, Storage]) -> None:
    """Say where each storage lies: one after the other, in the order of `keys`, each after its count."""
    if not isinstance(keys, list) or len(keys) != len(storages) or {*map(str, keys)} != storages.keys():
        raise WeightsError("the list of storages does not fit the tensors of the file: it is damaged",
                           fix="download or save it again")
    for key in keys:
        found = storages[str(key)]
        begin, end = at + 8, at + 8 + found.count * found.itemsize
        if end > len(data):
            raise WeightsError(f"the file is cut off: it is {len(data)} bytes, and storage {str(key)[:40]!r} of "
                               f"{found.count} {found.dtype} would end at {end}", fix="download it again")
        if struct.unpack("<q", data[at:begin])[0] != found.count:
            raise WeightsError(f"storage {str(key)[:40]!r} says two different sizes: the file is damaged",
                               fix="download or save it again")
        found.data, found.at, at = data, begin, end


def _reference(pid: object) -> tuple[str, str, int, object]:
    """("storage", class, key, device, count[, part of a storage]) -> type of elements, key, count, part."""
    if not isinstance(pid, tuple) or len(pid) not in (5, 6) or pid[0] != "storage" \
            or not isinstance(pid[2], (str, int)):
        raise ValueError("a reference that is none to a storage")
    return storage_type(pid[1]), str(pid[2]), count_of(pid[4]), pid[5] if len(pid) == 6 else None


def _agreeing(storage: Storage, dtype: str, count: int, view: object) -> Storage:
    """The storage, or the part (key, offset, count) of it, if the reference says the same as the first one did."""
    if (storage.dtype, storage.count) != (dtype, count):
        raise ValueError(f"a storage of {storage.count} {storage.dtype} is named as {count} {dtype} too")
    if view is None:
        return storage
    if not isinstance(view, tuple) or len(view) != 3:
        raise ValueError("a part of a storage has no place in it")
    start, length = count_of(view[1]), count_of(view[2])
    if start + length > count:
        raise ValueError("a part of a storage reaches beyond it")
    return Storage(dtype, length, at=start, root=storage)


def _order(data: Mapped, entry: Entry | None) -> ByteOrder:
    """Byte order of the storages; files without the entry are older than big-endian support."""
    text = b"little" if entry is None else zip_entries.unpacked(data, entry, 16)
    if text not in (b"little", b"big"):
        raise WeightsError(f"byte order {text!r}; expected little or big")
    return "<" if text == b"little" else ">"


def _checked(data: Mapped, entry: Entry) -> Callable[[], None]:
    """A function that compares the checksum of an entry, once."""
    done = False

    def check() -> None:
        nonlocal done
        if not done and zlib.crc32(memoryview(data)[entry.at:entry.at + entry.size]) != entry.crc:
            raise WeightsError(f"{entry.name} is damaged: its checksum is not what the file says",
                               fix="download it again (or save it without set_crc32_options(False))")
        done = True

    return check


def _with_tensors(contents: Contents) -> Contents:
    if not contents.groups:
        raise WeightsError(NO_TENSORS + _named(contents.globals), fix="expected a state dict")
    return contents


def _named(inert: tuple[str, ...]) -> str:
    if not inert:
        return ""
    names = ", ".join(name[:60] for name in inert[:3])
    return f"; it names {names}{' and more' if len(inert) > 3 else ''}, which was not imported"
