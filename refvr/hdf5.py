"""Reading HDF5 files that strangers wrote: what may be in one, and how much of it. Whoever reads one, reads it here.

The library does whatever a file asks for: it follows links and external storage to other files (which makes pixels of
the password file), loads plugins to unpack, fills terabytes that were never written, and walks through any number of
names. Here only what lies in the file itself is seen, by names that lead straight to it, and sizes are bounded by what
is stored.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from refvr.errors import InputError, RefvrError, printable

if TYPE_CHECKING:
    import h5py

NAMES, DEPTH, TEXT = 20_000, 32, 8 << 20  # names in a file, groups within groups, characters of all paths together
ATTRIBUTES, ATTRIBUTE_BYTES = 1_000, 1 << 20
FILTERS = {1, 2, 3, 32000}  # gzip, shuffle, checksum, lzf
# A data set above SMALL bytes may be packed to a fiftieth, or where it is read a part at a time, each part; gzip packs
# zeros to a thousandth
GROWTH, MOST_GROWTH, SMALL, UNSTORED = 50, 1100, 64 << 20, 1024
FIX = "save it plainly: own data sets, without links, external storage or plugins"


@contextmanager
def opened(path: str | Path) -> Iterator[h5py.File]:
    """The file, for reading. Whatever the library raises about it, here or in the block, becomes an InputError."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield file
    except RefvrError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}", fix="check the path") from error
    except (OSError, RuntimeError, ValueError, LookupError, TypeError, ArithmeticError, AttributeError,
            NotImplementedError) as error:
        raise InputError(f"{path} cannot be read as HDF5: {reason(error)}", fix="it is damaged, or another kind of file"
                         ) from error


def reason(error: BaseException) -> str:
    """The first line of what a library says."""
    return printable((str(error).splitlines() or [type(error).__name__])[0][:160])


def datasets(file: h5py.Group) -> dict[str, h5py.Dataset]:
    """Path -> data set, of all that lie in the file itself; those with several names under the first one.

    Links that lead on, soft or external, are not followed. Raises InputError where there are too many, or too deep.
    """
    import h5py

    found: dict[str, h5py.Dataset] = {}
    seen, left, text = set(), NAMES, TEXT
    groups = [("", file.id, 0)]
    while groups:
        prefix, group, depth = groups.pop()
        left -= group.get_num_objs()
        text -= (len(prefix) + 1) * group.get_num_objs()
        if left < 0 or text < 0 or depth > DEPTH:
            raise InputError(f"it has groups {depth} deep" if depth > DEPTH else f"it holds more than {NAMES} names",
                             fix=f"expected at most {NAMES} names, {DEPTH} groups deep")
        for name in _hard(group):
            item = h5py.h5o.open(group, name)
            address = h5py.h5o.get_info(item)
            path = f"{prefix}/{_text(name)}".removeprefix("/")
            text -= len(name)
            if (address.fileno, address.addr) in seen:
                continue
            seen.add((address.fileno, address.addr))
            if isinstance(item, h5py.h5g.GroupID):
                groups.append((path, item, depth + 1))
            elif isinstance(item, h5py.h5d.DatasetID):
                found[path] = h5py.Dataset(item)
    return dict(sorted(found.items(), key=lambda item: item[0].split("/")))


def members(file: h5py.Group, name: str) -> list[str] | None:
    """All names in a group of the file, links too; None where the file itself has no such group."""
    import h5py

    if name.encode() not in _hard(file.id):
        return None
    group = h5py.h5o.open(file.id, name.encode())
    if not isinstance(group, h5py.h5g.GroupID):
        return []
    names: list[bytes] = []
    group.links.iterate(names.append)
    return list(map(_text, names))


def _hard(group: h5py.Group) -> list[bytes]:
    """The names in a group that are the things themselves."""
    import h5py

    names: list[bytes] = []
    group.links.iterate(lambda name, info: names.append(name) if info.type == h5py.h5l.TYPE_HARD else None, info=True)
    return names


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def dtype_of(item: h5py.Dataset) -> np.dtype | None:
    """The type of a data set of numbers; None for texts, structures, references and what NumPy does not have."""
    try:
        dtype = item.dtype
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return None
    return dtype if dtype.kind in "fiub" and item.shape is not None else None


def type_name(item: h5py.Dataset) -> str:
    """What a data set holds, in a few words."""
    try:
        return str(item.dtype)[:40] if item.shape is not None else "nothing"
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return "what is no type of NumPy"


def attributes(item: h5py.Group | h5py.Dataset) -> dict[str, Any]:
    """The attributes of a file, group or data set that are numbers or a text; others, and what is too large, are left
    out. Raises InputError where there are too many.
    """
    import h5py

    count = h5py.h5a.get_num_attrs(item.id)
    if count > ATTRIBUTES:
        raise InputError(f"it has {count} attributes", fix=f"expected at most {ATTRIBUTES}")
    found = {}
    for k in range(count):
        attribute = h5py.h5a.open(item.id, index=k)
        if _is_small(attribute):
            name = _text(attribute.name if isinstance(attribute.name, bytes) else attribute.name.encode())
            found[name] = item.attrs[name]
    return found


def _is_small(attribute: h5py.h5a.AttrID) -> bool:
    """Whether an attribute is a number, a text, or a few numbers. Many texts of any length may be one and the same."""
    import h5py

    kind, space = attribute.get_type(), attribute.get_space()
    if space.get_simple_extent_type() == h5py.h5s.NULL:
        return False
    if isinstance(kind, h5py.h5t.TypeStringID):
        return space.get_simple_extent_npoints() == 1 and attribute.get_storage_size() <= ATTRIBUTE_BYTES
    numbers = isinstance(kind, (h5py.h5t.TypeIntegerID, h5py.h5t.TypeFloatID, h5py.h5t.TypeEnumID))
    return numbers and attribute.get_storage_size() <= ATTRIBUTE_BYTES


def check(item: h5py.Dataset, *, in_parts: bool = False) -> None:
    """Raises InputError for a data set that is kept elsewhere, needs a plugin, or claims more than there is.

    in_parts  it is read along its first axis, a step at a time: each step and each packed piece may be SMALL or GROWTH
              times what is stored, all of it MOST_GROWTH times
    """
    create = item.id.get_create_plist()
    filters = [create.get_filter(k)[0] for k in range(create.get_nfilters())]
    if set(filters) - FILTERS or len(set(filters)) < len(filters):
        raise InputError(f"{item.name} is packed in a way that HDF5's own gzip and lzf are not", fix=FIX)
    if item.is_virtual or item.external:
        raise InputError(f"{item.name} is kept in other files, which are not opened", fix=FIX)
    if item.shape is None:
        return
    stored, size = item.id.get_storage_size(), item.id.get_type().get_size()
    whole = prod(item.shape) * size
    parts = [prod(item.chunks or ()) * size, prod(item.shape[1:]) * size] if in_parts else [whole]
    least = SMALL if stored else UNSTORED
    if whole > max(least, MOST_GROWTH * stored) or max(parts) > max(least, GROWTH * stored):
        raise InputError(f"{item.name} claims to be {whole} bytes, and {stored} are stored",
                         fix="download or save it again")


def values(item: h5py.Dataset) -> np.ndarray:
    """All of a data set of numbers, in native byte order. Raises InputError as `check` does, and for other types."""
    dtype = dtype_of(item)
    if dtype is None:
        raise InputError(f"{item.name} holds {type_name(item)}", fix="expected an array of numbers")
    check(item)
    return np.asarray(item[()]).astype(dtype.newbyteorder("="), copy=False)


def text(item: h5py.Dataset) -> str:
    """A data set that is one text, or bytes. Raises InputError for other things."""
    import h5py

    kind = item.id.get_type()
    if not isinstance(kind, h5py.h5t.TypeStringID) or item.shape != ():
        raise InputError(f"{item.name} is no text", fix="expected one text")
    if not kind.is_variable_str():
        check(item)
    value = item[()]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
