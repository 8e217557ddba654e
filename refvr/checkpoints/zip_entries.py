"""The directory of a zip file: name -> where its bytes lie. Nothing is extracted, nothing is unpacked here.

    end record      PK 5 6, at most 64 KiB before the end: number of entries, size and place of the directory
    zip64           PK 6 6, named by PK 6 7 before the end record: the same in 64 bits
    entry           PK 1 2: method, CRC, sizes, place of the local header PK 3 4, after which the bytes lie

Python's zipfile is not used because it loads a directory of any size and copies what it reads; these files are mapped.
Source: APPNOTE.TXT of PKWARE, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16, 4.5.3.
"""
from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from refvr.checkpoints.contents import Mapped
from refvr.errors import WeightsError

ENTRIES = 100_000
STORED, DEFLATED = 0, 8
WIDE = 0xFFFFFFFF  # stands in 32 bits for "see the zip64 part"


@dataclass(frozen=True)
class Entry:
    """One file inside: where its bytes begin, how many there are packed and unpacked."""

    name: str
    at: int
    packed: int
    size: int
    method: int
    crc: int


def entries(data: Mapped) -> dict[str, Entry]:
    """All entries of the zip file `data` (bytes or a memory map). Raises WeightsError for anything irregular."""
    try:
        count, at = _end(data)
        if count > ENTRIES:
            raise WeightsError(f"a zip file of {count} entries; expected at most {ENTRIES}")
        found: dict[str, Entry] = {}
        for _ in range(count):
            entry, at = _entry(data, at)
            if entry.name in found:
                raise WeightsError(f"two entries of the zip file are named {entry.name[:80]!r}")
            found[entry.name] = entry
    except (struct.error, IndexError, UnicodeDecodeError):
        raise WeightsError("the zip file is damaged or cut off: its directory cannot be read",
                           fix="download or save it again") from None
    return found


def unpacked(data: Mapped, entry: Entry, limit: int) -> bytes:
    """A copy of the bytes of an entry of at most `limit` bytes, stored or deflated, its checksum verified."""
    if entry.size > limit:
        raise WeightsError(f"{entry.name} is {entry.size} bytes unpacked; expected at most {limit}")
    raw = data[entry.at:entry.at + entry.packed]
    if entry.method == DEFLATED:
        machine = zlib.decompressobj(-15)
        try:
            raw = machine.decompress(raw, limit + 1)
        except zlib.error as error:
            raise WeightsError(f"{entry.name} is damaged: {error}") from None
    if len(raw) != entry.size or zlib.crc32(raw) != entry.crc:
        raise WeightsError(f"{entry.name} is damaged: its size or checksum is not what the zip file says",
                           fix="download or save it again")
    return raw


def _end(data: Mapped) -> tuple[int, int]:
    """(number of entries, place of the directory)."""
    at = data.rfind(b"PK\5\6", max(0, len(data) - 65557))
    if at < 0:
        raise WeightsError("the zip file is cut off: its directory, which stands at the end, is missing",
                           fix="download it again")
    count, _, place, comment = struct.unpack("<HIIH", data[at + 10:at + 22])
    if at + 22 + comment > len(data):
        raise WeightsError("the zip file is cut off: its last bytes are missing", fix="download it again")
    if place == WIDE or count == 0xFFFF:
        signature, _, wide, _ = struct.unpack("<4sIQI", data[at - 20:at])
        kind, count, place = struct.unpack("<4s28xQ8xQ", data[wide:wide + 56])
        if signature != b"PK\6\7" or kind != b"PK\6\6":
            raise WeightsError("the zip file is damaged: its directory has no place")
    return count, place


def _entry(data: Mapped, at: int) -> tuple[Entry, int]:
    """The entry of the directory at `at`, and where the next one is."""
    (kind, flags, method, crc, packed, size, names, extras, comments, local) = struct.unpack(
        "<4s4xHH4xIIIHHH8xI", data[at:at + 46])
    if kind != b"PK\1\2":
        raise WeightsError("the zip file is damaged: an entry of its directory is missing")
    name = data[at + 46:at + 46 + names].decode("utf-8")
    size, packed, local = _wide(data[at + 46 + names:at + 46 + names + extras], size, packed, local)
    _check_name(name)
    if method not in (STORED, DEFLATED) or flags & 1:
        raise WeightsError(f"{name} in the zip file is packed or encrypted in a way that checkpoints are not")
    kind, n, m = struct.unpack("<4s22xHH", data[local:local + 30])
    begin = local + 30 + n + m
    if kind != b"PK\3\4" or begin + packed > len(data) or (method == STORED and size != packed):
        raise WeightsError(f"{name} in the zip file reaches beyond the file or has two sizes",
                           fix="download or save it again")
    return Entry(name, begin, packed, size, method, crc), at + 46 + names + extras + comments


def _wide(extra: bytes, *values: int) -> list[int]:
    """Replace values that do not fit into 32 bits by those of the zip64 field, in the order size, packed, place."""
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == 1:
            wide = iter(struct.unpack(f"<{length // 8}Q", extra[4:4 + length // 8 * 8]))
            return [next(wide, value) if value == WIDE else value for value in values]
        extra = extra[4 + length:]
    return list(values)


def _check_name(name: str) -> None:
    """Nothing is extracted, so a wicked name does no harm; but no framework writes one."""
    if not name or name.startswith(("/", "\\")) or "\0" in name or ":" in name[:3] \
            or ".." in name.replace("\\", "/").split("/"):
        raise WeightsError(f"the zip file has an entry named {name[:80]!r}, which leads out of it: not a checkpoint")
