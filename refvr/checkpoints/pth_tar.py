"""PyTorch files from before 0.1.10: a tar file of `storages`, `tensors` and `pickle`.

    storages  a pickled count; for each a pickled (key, device, class), its length in 64 bits and its elements; then
              the pickled list of parts (key, key of the whole, offset, length)
    tensors   a pickled count; for each a pickled (key, key of its storage, class), then in binary the number of
              dimensions (32 bits, and 32 more of no meaning), sizes, strides, offset (64 bits each)
    pickle    the object; persistent ids are the keys of tensors

Source: pytorch/pytorch, torch/serialization.py, legacy_load.
"""
from __future__ import annotations

import struct

from refvr.checkpoints.contents import Contents, LazyArray, Mapped, sort_into
from refvr.checkpoints.pickled import interpret
from refvr.checkpoints.pth_objects import KNOWN, Storage, count_of, storage_type, tensor
from refvr.errors import WeightsError

BLOCK, MEMBERS, DIMENSIONS = 512, 100, 32
COUNT, FEW = 10_000, 50  # storages, or tensors; opcodes of what describes one


def read(data: Mapped) -> Contents:
    """The checkpoint in the tar file `data` (bytes or a memory map)."""
    places = _members(data)
    missing = [name for name in ("storages", "tensors", "pickle") if name not in places]
    if missing:
        raise WeightsError(f"a tar file without {', '.join(missing)}: no PyTorch file",
                           fix="if it was packed by hand, unpack it first")
    try:
        tensors = _tensors(data, places["tensors"], _storages(data, places["storages"]))
        tree, _, inert = interpret(data, places["pickle"], known=KNOWN, persistent=lambda key: tensors[str(key)])
    except WeightsError:
        raise
    except (ValueError, TypeError, KeyError, struct.error) as error:
        raise WeightsError(f"the file is damaged: {str(error)[:200]}", fix="download or save it again") from None
    contents = sort_into(Contents("PyTorch, tar", globals=inert), tree)
    if not contents.groups:
        raise WeightsError("no tensor is in this file", fix="expected a state dict")
    return contents


def _members(data: Mapped) -> dict[str, int]:
    """Name -> where its bytes begin."""
    found, at = {}, 0
    for _ in range(MEMBERS):
        header = data[at:at + BLOCK]
        name = header[:100].rstrip(b"\0").decode("latin-1")
        if len(header) < BLOCK or not name:
            break
        digits = header[124:136].strip(b" \0")
        if not digits or set(digits) - set(b"01234567"):
            raise WeightsError("the tar file is damaged: a member has no size")
        found[name.removeprefix("./")] = at + BLOCK
        at += BLOCK + -(-int(digits, 8) // BLOCK) * BLOCK
    return found


def _number(value: object) -> int:
    """How many storages, or tensors, there are."""
    count = count_of(value)
    if count > COUNT:
        raise ValueError(f"{count} storages or tensors; expected at most {COUNT}")
    return count


def _tuple(value: object, count: int | None) -> tuple[object, ...] | list[object]:
    """A value of the pickle that must be a run of so many values."""
    if not isinstance(value, (tuple, list)) or count not in (None, len(value)):
        raise ValueError(f"a {type(value).__name__} where {count or 'some'} values should stand")
    return value


def _storages(data: Mapped, at: int) -> dict[str, Storage]:
    count, at, _ = interpret(data, at, known=KNOWN, steps=FEW)
    found: dict[str, Storage] = {}
    for _ in range(_number(count)):
        one, at, _ = interpret(data, at, known=KNOWN, steps=FEW)
        key, _, kind = _tuple(one, 3)
        storage = Storage(storage_type(kind), count_of(struct.unpack("<q", data[at:at + 8])[0]), data, at + 8)
        at += 8 + storage.count * storage.itemsize
        if at > len(data):
            raise ValueError("a storage reaches beyond the file")
        found[str(count_of(key))] = storage
    parts, _, _ = interpret(data, at, known=KNOWN)
    for part in _tuple(parts, None):
        key, whole, offset, length = map(count_of, _tuple(part, 4))
        root = found[str(whole)]
        if offset + length > root.count:
            raise ValueError("a part of a storage reaches beyond it")
        found[str(key)] = Storage(root.dtype, length, at=offset, root=root)
    return found


def _tensors(data: Mapped, at: int, storages: dict[str, Storage]) -> dict[str, LazyArray]:
    count, at, _ = interpret(data, at, known=KNOWN, steps=FEW)
    found = {}
    for _ in range(_number(count)):
        one, at, _ = interpret(data, at, known=KNOWN, steps=FEW)
        key, storage, _ = _tuple(one, 3)
        dimensions = struct.unpack("<i4x", data[at:at + 8])[0]
        if not 0 <= dimensions <= DIMENSIONS:
            raise ValueError(f"a tensor of {dimensions} dimensions")
        numbers = struct.unpack(f"<{2 * dimensions + 1}q", data[at + 8:at + 16 + 16 * dimensions])
        at += 16 + 16 * dimensions
        found[str(count_of(key))] = tensor(storages[str(count_of(storage))], numbers[-1], numbers[:dimensions],
                                           numbers[dimensions:-1])
    return found
